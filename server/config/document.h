// docs/configuration.md, made from the directive table so that it cannot be out of date.
//
//   std::fputs(ConfigurationDocument().c_str(), stdout);
//
// Thread rule: a pure function.
#pragma once

#include <string>

namespace ringtail::server {

/// The whole document as Markdown.
std::string ConfigurationDocument();

}  // namespace ringtail::server
