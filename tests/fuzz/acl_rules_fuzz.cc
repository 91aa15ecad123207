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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const AclRules rules(CommandTable::Standard());
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  AclUser user = rules.NewUser("bob", {});
  for (const std::string& rule : MergeSelectors(Split(bytes, '\n')).rules) {
    (void)rules.Apply(user, rule, {});
  }
  const std::string text = DescribeUser(rules, user);
  // In a selector the words of a pattern may hold quotes, which a description does not escape (nor does Redis's).
  if (text.find_first_of("\"'()") != text.npos) return 0;
  AclUser again = rules.NewUser("bob", {});
  const MergedRules merged = MergeSelectors(Split(text, ' '));
  if (rules.ApplyAll(again, merged.rules, {}).error != AclRuleError::kNone) std::abort();
  if (DescribeUser(rules, again) != text) std::abort();
  return 0;
}
