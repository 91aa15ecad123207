#include "server/acl_file.h"

#include <algorithm>
#include <vector>

#include "base/split_words.h"
#include "commands/acl_description.h"
#include "server/config/config_words.h"

namespace ringtail::server {
namespace {

using commands::AclDefaults;
using commands::AclRuleError;
using commands::AclRules;
using commands::AclUser;

constexpr std::string_view kNothingChanged =
    "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";

// Words of a file's line; its zero bytes end names and rules, as they end texts in Redis.
std::vector<std::string> WordsOf(std::string_view line) {
  std::vector<std::string> words = SplitAtSpaces(line);
  for (std::string& word : words) word = word.substr(0, word.find('\0'));
  return words;
}

// Reads the lines of one file, gathering what is wrong.
class Reader {
 public:
  Reader(const AclRules& rules, AclDefaults defaults, const std::string& path)
      : rules_(rules), defaults_(defaults), path_(path) {}

  void ReadLine(std::string_view line, int line_number) {
    const std::vector<std::string> words = WordsOf(line);
    const std::string place = path_ + ":" + std::to_string(line_number);
    if (words.size() < 2 || words[0] != "user") {
      errors_ += place + " should start with user keyword followed by the username. ";
      return;
    }
    const std::string& name = words[1];
    if (commands::HasAclSpaces(name)) {
      errors_ += "'" + place + "': username '" + name + "' contains invalid characters. ";
      return;
    }
    if (users_.contains(name)) {
      errors_ += "WARNING: Duplicate user '" + name + "' found on line " +
                 std::to_string(line_number) + ". ";
      return;
    }
    const std::vector<std::string_view> views(words.begin() + 2, words.end());
    const auto merged = commands::MergeSelectors(views);
    if (merged.unmatched_index) {
      errors_ += place + ": Unmatched parenthesis in selector definition.";
    }
    AclUser user = rules_.NewUser(name, defaults_);
    Apply(user, merged.rules, place);
    users_.emplace(name, std::make_shared<const AclUser>(std::move(user)));
  }

  Result<AclUsers> Finish() && {
    if (!errors_.empty()) return Error{errors_ + std::string(kNothingChanged)};
    if (!users_.contains("default")) {
      users_.emplace("default", std::make_shared<const AclUser>(rules_.DefaultUser(defaults_)));
    }
    return std::move(users_);
  }

 private:
  // Of each line all unknown names are told, but of other mistakes only the first.
  void Apply(AclUser& user, std::span<const std::string> rules, const std::string& place) {
    bool has_other_error = false;
    for (const std::string& rule : rules) {
      const AclRuleError error = rules_.Apply(user, rule, defaults_);
      if (error == AclRuleError::kNone) continue;
      const std::string text(commands::AclRuleErrorText(error));
      if (error == AclRuleError::kUnknownName) {
        errors_ += place + ": Error in applying operation '" + rule + "': " + text + ". ";
      } else if (!has_other_error) {
        errors_ += place + ": " + text + ". ";
        has_other_error = true;
      }
    }
  }

  const AclRules& rules_;
  const AclDefaults defaults_;
  const std::string& path_;
  AclUsers users_;
  std::string errors_;
};

}  // namespace

Result<AclUsers> ReadAclText(const AclRules& rules, AclDefaults defaults, std::string_view text,
                             const std::string& path) {
  Reader reader(rules, defaults, path);
  int line_number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = TrimBlanks(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++line_number;
    if (!line.empty()) reader.ReadLine(line, line_number);
  }
  return std::move(reader).Finish();
}

Result<void> AddConfiguredUser(const AclRules& rules, AclDefaults defaults, std::string_view line,
                               AclUsers& users) {
  const auto words = SplitWords(line);
  if (!words || words->empty()) return Error{"Error loading ACL user: unbalanced quotes"};
  const std::string& name = words->front();
  if (commands::HasAclSpaces(name)) return Error{"Spaces not allowed in ACL usernames"};
  const std::vector<std::string_view> views(words->begin() + 1, words->end());
  const auto merged = commands::MergeSelectors(views);
  if (merged.unmatched_index) {
    return Error{"Error loading ACL rule for the user named '" + name +
                 "': Unmatched parenthesis in acl selector starting at '" +
                 std::string(views[*merged.unmatched_index]) + "'."};
  }
  AclUser user = rules.NewUser(name, defaults);
  const auto failure = rules.ApplyAll(user, merged.rules, defaults);
  if (failure.error != AclRuleError::kNone) {
    return Error{"Error loading ACL rule '" + merged.rules[failure.index] +
                 "' for the user named '" + name +
                 "': " + std::string(commands::AclRuleErrorText(failure.error))};
  }
  users.insert_or_assign(name, std::make_shared<const AclUser>(std::move(user)));
  return {};
}

std::vector<std::string> AclLines(const AclRules& rules, const AclUsers& users) {
  std::vector<std::string> lines;
  for (const auto& [name, user] : users) {
    lines.push_back("user " + name + " " + commands::DescribeUser(rules, *user));
  }
  return lines;
}

}  // namespace ringtail::server
