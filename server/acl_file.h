// The text of ACL files and of `user` lines: lines as users, users as lines.
//
//   const Result<AclUsers> users = ReadAclText(rules, defaults, text, "/etc/users.acl");
//   const std::string text = AclText(rules, users);
//
// A line is "user <name> <rule> ...", words divided by single blanks, without quotes or comments, as in Redis 7.0.
// Thread rule: pure functions.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "commands/acl_rules.h"

namespace ringtail::server {

/// Users by name. There is always one called "default".
using AclUsers = std::map<std::string, std::shared_ptr<const commands::AclUser>, std::less<>>;

/// The users that a file's text declares; the error tells of every line that is wrong, in Redis's words, with `path` and
/// line numbers.
Result<AclUsers> ReadAclText(const commands::AclRules& rules, commands::AclDefaults defaults,
                             std::string_view text, const std::string& path);

/// Adds the user of one line of the configuration file, given without the word "user", or changes "default" to it.
Result<void> AddConfiguredUser(const commands::AclRules& rules, commands::AclDefaults defaults,
                               std::string_view line, AclUsers& users);

/// "user bob on ..." for each, by name.
std::vector<std::string> AclLines(const commands::AclRules& rules, const AclUsers& users);

}  // namespace ringtail::server
