// Users as text: what ACL LIST, ACL GETUSER, ACL files and CONFIG REWRITE say of them.
//
//   DescribeUser(rules, user)      "on #9f86... ~cache:* resetchannels -@all +@read"
//
// The text, as rules, makes the same user again. A selector keeps bits, not the rules it came from; its commands are
// described as Redis 7.0 does it: from +@all or -@all, by the categories that fit best, then command by command.
// Thread rule: pure functions.
#pragma once

#include <string>

#include "commands/acl_rules.h"

namespace ringtail::commands {

/// The whole user without its name.
std::string DescribeUser(const AclRules& rules, const AclUser& user);
/// "~a* %R~b", "~*", or nothing.
std::string DescribeKeys(const AclSelector& selector);
/// "&a* &b", "&*", or nothing.
std::string DescribeChannels(const AclSelector& selector);
/// "-@all +@read -get +config|get".
std::string DescribeCommands(const AclRules& rules, const AclSelector& selector);

}  // namespace ringtail::commands
