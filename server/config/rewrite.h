// CONFIG REWRITE: a configuration file brought up to date with what the server runs with.
//
//   std::string text = RewriteConfigText(old_text, config);
//   Result<void> written = ReplaceFile(path, text);
//
// Comments, blank lines, the order of lines, and every line that is no directive with a value
// (include, rename-command) stay. A directive that the file names is changed in its place,
// under its present name; one that it does not name is added at the end unless it has its default.
//
// Thread rule: no state; two threads must not replace the same file at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/config/config.h"

namespace ringtail::server {

/// The text of a file that was `old_text` and shall now say `config`.
std::string RewriteConfigText(std::string_view old_text, const Config& config);

/// The same text with `lines` as all of its `user` lines: each in the place of an old one, the others at the end.
std::string RewriteUserLines(std::string_view old_text, const std::vector<std::string>& lines);

/// Puts `text` in place of the file: written beside it, synced, then renamed over it, so that a
/// crash at any point leaves one of the two whole. Follows links and keeps the permissions of an
/// existing file.
Result<void> ReplaceFile(const std::string& path, std::string_view text);

}  // namespace ringtail::server
