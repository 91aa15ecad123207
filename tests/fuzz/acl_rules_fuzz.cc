// Any bytes as ACL rules, a line each: errors, or a user whose description makes the same user again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "commands/acl_description.h"

using ringtail::commands::AclRuleError;
using ringtail::commands::AclRules;
using ringtail::commands::AclUser;
using ringtail::commands::CommandTable;
using ringtail::commands::DescribeUser;
using ringtail::commands::HasAclSpaces;
using ringtail::commands::MergedRules;
using ringtail::commands::MergeSelectors;

namespace {

std::vector<std::string_view> Split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

// A description escapes nothing, as Redis's does not: quotes, parentheses and blanks within words are lost on it, and so
// is that a pattern of a star alone was not meant as "allkeys".
bool IsPlain(const AclUser& user, std::string_view text) {
  if (text.find_first_of("\"'()\\") != text.npos) return false;
  const auto& root = user.selectors.front();
  for (const auto& granted : root.keys) {
    if (granted.pattern.text() == "*") return false;
  }
  for (const auto& [command, first_args] : root.first_args) {
    for (const std::string& first : first_args) {
      if (HasAclSpaces(first)) return false;
    }
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const AclRules rules(CommandTable::Standard());
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  AclUser user = rules.NewUser("bob", {});
  for (const std::string& rule : MergeSelectors(Split(bytes, '\n')).rules) {
    (void)rules.Apply(user, rule, {});
  }
  const std::string text = DescribeUser(rules, user);
  if (!IsPlain(user, text)) return 0;
  AclUser again = rules.NewUser("bob", {});
  const MergedRules merged = MergeSelectors(Split(text, ' '));
  if (rules.ApplyAll(again, merged.rules, {}).error != AclRuleError::kNone) std::abort();
  if (DescribeUser(rules, again) != text) std::abort();
  return 0;
}
