// The language in which users are declared: "on >secret ~cache:* +@read -@dangerous (+set ~tmp:*)".
//
//   AclRules rules(CommandTable::Standard());
//   AclUser user = rules.NewUser("bob", AclDefaults{});
//   const MergedRules words = MergeSelectors({"on", "(+get", "~a)"});
//   for (const std::string& word : words.rules) {
//     if (const AclRuleError error = rules.Apply(user, word, {}); error != AclRuleError::kNone) …
//   }
//
// What is accepted, what each word does and how a wrong one is called is Redis 7.0's, including that taking one
// of all commands away is remembered as such, and that a category's container brings all of its subcommands.
// Thread rule: immutable; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/acl_user.h"

namespace ringtail::commands {

/// What a rule can be wrong in.
enum class AclRuleError {
  kNone,
  kUnknownName,          ///< of a command or a category
  kSyntax,
  kKeyAfterAllKeys,
  kChannelAfterAllChannels,
  kNoSuchPassword,
  kBadPasswordHash,
  kFirstArgOfSubcommand,
};
/// The sentence that says so, in Redis's words.
std::string_view AclRuleErrorText(AclRuleError error);

/// What a new selector may do, by configuration.
struct AclDefaults {
  bool is_all_channels = false;  ///< acl-pubsub-default
};

/// Rules with those of one selector made one rule ("(+get", "~a)" is "(+get ~a)").
struct MergedRules {
  std::vector<std::string> rules;
  std::optional<size_t> unmatched_index;  ///< where a parenthesis opens that nothing closes
};
MergedRules MergeSelectors(std::span<const std::string_view> words);

/// Whether a text has a space of any kind or a zero byte in it: then it is no user's name.
bool HasAclSpaces(std::string_view text);

class AclRules {
 public:
  /// A category of commands.
  struct Category {
    std::string_view name;              ///< without the @
    uint32_t bit = 0;
    std::vector<uint64_t> members;      ///< commands that are in it
    std::vector<uint64_t> described;    ///< those of them by which Redis 7.0 would describe rules
    std::vector<uint64_t> touched;      ///< members, and all subcommands of members
  };

  /// `table` must outlive it.
  explicit AclRules(const CommandTable& table);

  /// A user that is off and may do nothing.
  AclUser NewUser(std::string_view name, AclDefaults defaults) const;
  /// The user "default" as long as nobody has said anything: on, without password, everything allowed.
  AclUser DefaultUser(AclDefaults defaults) const;

  /// Applies one rule. After an error the user is as it was before this rule, and nothing else of it is read.
  [[nodiscard]] AclRuleError Apply(AclUser& user, std::string_view rule,
                                   AclDefaults defaults) const;
  /// Applies all of them or says which is wrong.
  struct Failure {
    AclRuleError error = AclRuleError::kNone;
    size_t index = 0;
  };
  [[nodiscard]] Failure ApplyAll(AclUser& user, std::span<const std::string> rules,
                                 AclDefaults defaults) const;

  /// Lets every command of the category be allowed, or none.
  void SetCategory(AclSelector& selector, const Category& category, bool is_allowed) const;
  /// Sets a command with its subcommands.
  void SetCommand(AclSelector& selector, const CommandTable::Entry& command, bool is_allowed) const;
  /// All commands, and those to come; or none.
  void SetAll(AclSelector& selector, bool is_allowed) const;

  std::span<const Category> categories() const { return categories_; }
  const Category* FindCategory(std::string_view name) const;
  const CommandTable& table() const { return table_; }

 private:
  AclSelector NewSelector(AclDefaults defaults) const;
  AclRuleError ApplyToSelector(AclSelector& selector, std::string_view rule) const;
  AclRuleError AddKeys(AclSelector& selector, std::string_view rule) const;
  AclRuleError AddChannel(AclSelector& selector, std::string_view rule) const;
  AclRuleError AllowCommand(AclSelector& selector, std::string_view name) const;
  AclRuleError AddSelector(AclUser& user, std::string_view rule, AclDefaults defaults) const;
  void Reset(AclUser& user, AclDefaults defaults) const;

  const CommandTable& table_;
  const size_t word_count_;     // of a bitmap over the table
  std::vector<Category> categories_;
};

}  // namespace ringtail::commands
