#include "commands/acl_rules.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/sha256.h"
#include "base/split_words.h"
#include "commands/introspection.h"

namespace ringtail::commands {
namespace {

constexpr size_t kHashDigits = 64;

// Redis compares rules as texts that end at a zero byte.
bool Is(std::string_view rule, std::string_view word) {
  return EqualsIgnoreCase(rule.substr(0, rule.find('\0')), word);
}

bool IsPasswordHash(std::string_view text) {
  return text.size() == kHashDigits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Whether a version up to Redis 7.0 has the command.
bool IsOfRedis70(std::string_view since) {
  return since.starts_with("7.0.") || (!since.empty() && since[0] < '7' && since[1] == '.');
}

void SetBit(std::vector<uint64_t>& bits, size_t index) { bits[index / 64] |= uint64_t{1} << (index % 64); }

}  // namespace

std::string_view AclRuleErrorText(AclRuleError error) {
  switch (error) {
    case AclRuleError::kNone:
      return "";
    case AclRuleError::kUnknownName:
      return "Unknown command or category name in ACL";
    case AclRuleError::kSyntax:
      return "Syntax error";
    case AclRuleError::kKeyAfterAllKeys:
      return "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does "
             "not have any effect. Try 'resetkeys' to start with an empty list of patterns";
    case AclRuleError::kChannelAfterAllChannels:
      return "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and "
             "does not have any effect. Try 'resetchannels' to start with an empty list of "
             "channels";
    case AclRuleError::kNoSuchPassword:
      return "The password you are trying to remove from the user does not exist";
    case AclRuleError::kBadPasswordHash:
      return "The password hash must be exactly 64 characters and contain only lowercase "
             "hexadecimal characters";
    case AclRuleError::kFirstArgOfSubcommand:
      return "Allowing first-arg of a subcommand is not supported";
  }
  return "";
}

bool HasAclSpaces(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    return c == '\0' || std::isspace(static_cast<unsigned char>(c)) != 0;
  });
}

MergedRules MergeSelectors(std::span<const std::string_view> words) {
  MergedRules merged;
  size_t opened_index = 0;
  std::optional<std::string> selector;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const bool is_closing = word.ends_with(')');
    if (selector) {
      *selector += ' ';
      *selector += word.substr(0, word.find('\0'));
      if (!is_closing) continue;
      merged.rules.push_back(*std::exchange(selector, std::nullopt));
    } else if (word.starts_with('(') && !is_closing) {
      selector = word;
      opened_index = i;
    } else {
      merged.rules.emplace_back(word);
    }
  }
  if (selector) merged.unmatched_index = opened_index;
  return merged;
}

AclRules::AclRules(const CommandTable& table)
    : table_(table), word_count_((table.entries().size() + 63) / 64) {
  for (const NamedBit& named : CategoryNames()) {
    Category category;
    category.name = named.name.substr(1);
    category.bit = named.bit;
    category.members.resize(word_count_);
    category.described.resize(word_count_);
    category.touched.resize(word_count_);
    bool is_described = false;
    for (const CommandTable::Entry& entry : table.entries()) {
      if ((entry.categories & named.bit) == 0) continue;
      SetBit(category.members, entry.index);
      SetBit(category.touched, entry.index);
      for (const auto& subcommand : table.subcommands(entry)) {
        SetBit(category.touched, subcommand.index);
      }
      if (!IsOfRedis70(entry.spec->since)) continue;
      SetBit(category.described, entry.index);
      is_described = true;
    }
    if (!is_described) category.described = category.members;
    categories_.push_back(std::move(category));
  }
}

AclSelector AclRules::NewSelector(AclDefaults defaults) const {
  AclSelector selector;
  selector.commands.resize(word_count_);
  selector.is_all_channels = defaults.is_all_channels;
  return selector;
}

AclUser AclRules::NewUser(std::string_view name, AclDefaults defaults) const {
  AclUser user;
  user.name = name;
  user.selectors.push_back(NewSelector(defaults));
  return user;
}

AclUser AclRules::DefaultUser(AclDefaults defaults) const {
  AclUser user = NewUser("default", defaults);
  for (const char* rule : {"+@all", "~*", "&*", "on", "nopass"}) {
    (void)Apply(user, rule, defaults);  // none of these can be wrong
  }
  return user;
}

const AclRules::Category* AclRules::FindCategory(std::string_view name) const {
  const auto at = std::ranges::find_if(
      categories_, [&](const Category& category) { return EqualsIgnoreCase(category.name, name); });
  return at == categories_.end() ? nullptr : &*at;
}

// ---- Commands

void AclRules::SetAll(AclSelector& selector, bool is_allowed) const {
  std::ranges::fill(selector.commands, is_allowed ? ~uint64_t{0} : 0);
  selector.is_all_commands = is_allowed;
  selector.has_future_commands = is_allowed;
  selector.first_args.clear();
}

void AclRules::SetCategory(AclSelector& selector, const Category& category,
                           bool is_allowed) const {
  for (size_t i = 0; i < word_count_; ++i) {
    if (is_allowed) {
      selector.commands[i] |= category.touched[i];
    } else {
      selector.commands[i] &= ~category.touched[i];
      if (category.touched[i] != 0) selector.is_all_commands = false;
    }
  }
  std::erase_if(selector.first_args, [&](const auto& item) {
    return (category.touched[item.first / 64] >> (item.first % 64) & 1) != 0;
  });
}

void AclRules::SetCommand(AclSelector& selector, const CommandTable::Entry& command,
                          bool is_allowed) const {
  const auto set = [&](uint16_t index) {
    uint64_t& word = selector.commands[index / 64];
    const uint64_t bit = uint64_t{1} << (index % 64);
    word = is_allowed ? word | bit : word & ~bit;
    selector.first_args.erase(index);
  };
  set(command.index);
  for (const auto& subcommand : table_.subcommands(command)) set(subcommand.index);
  if (!is_allowed) selector.is_all_commands = false;
}

// "+command", "+container|subcommand", or "+command|first-argument" of a command without subcommands.
AclRuleError AclRules::AllowCommand(AclSelector& selector, std::string_view name) const {
  name = name.substr(0, name.find('\0'));
  const size_t bar = name.rfind('|');
  if (bar == std::string_view::npos) {
    const auto* command = table_.Find(name);
    if (command == nullptr) return AclRuleError::kUnknownName;
    SetCommand(selector, *command, true);
    return AclRuleError::kNone;
  }
  const auto* command = table_.FindFullName(name.substr(0, bar));
  if (command == nullptr) return AclRuleError::kUnknownName;
  if (command->container != nullptr) return AclRuleError::kFirstArgOfSubcommand;
  const std::string_view argument = name.substr(bar + 1);
  if (argument.empty()) return AclRuleError::kSyntax;
  if (command->subcommand_count != 0) {
    const auto* subcommand = table_.FindSubcommand(*command, argument);
    if (subcommand == nullptr) return AclRuleError::kUnknownName;
    SetCommand(selector, *subcommand, true);
    return AclRuleError::kNone;
  }
  std::vector<std::string>& known = selector.first_args[command->index];
  const bool is_known = std::ranges::any_of(
      known, [&](std::string_view other) { return EqualsIgnoreCase(other, argument); });
  if (!is_known) known.emplace_back(argument);
  return AclRuleError::kNone;
}

// ---- Keys and channels

// "~pattern", "%R~pattern", "%W~pattern", "%RW~pattern".
AclRuleError AclRules::AddKeys(AclSelector& selector, std::string_view rule) const {
  if (selector.is_all_keys) return AclRuleError::kKeyAfterAllKeys;
  uint8_t access = 0;
  size_t at = 1;
  if (rule[0] == '~') {
    access = kAclReadsAndWrites;
  } else {
    for (; at < rule.size() && rule[at] != '~'; ++at) {
      const int letter = std::toupper(static_cast<unsigned char>(rule[at]));
      const uint8_t granted = letter == 'R' ? kAclReads : letter == 'W' ? kAclWrites : 0;
      if (granted == 0 || (access & granted) != 0) return AclRuleError::kSyntax;
      access |= granted;
    }
    at = std::min(at + 1, rule.size());
    if (access == 0) return AclRuleError::kSyntax;
  }
  const std::string_view pattern = rule.substr(at);
  if (HasAclSpaces(pattern)) return AclRuleError::kSyntax;
  const auto known = std::ranges::find_if(selector.keys, [&](const AclKeyPattern& other) {
    return other.pattern.text() == pattern;
  });
  if (known != selector.keys.end()) {
    known->access |= access;
  } else {
    selector.keys.push_back({AclPattern(pattern), access});
  }
  return AclRuleError::kNone;
}

AclRuleError AclRules::AddChannel(AclSelector& selector, std::string_view rule) const {
  if (selector.is_all_channels) return AclRuleError::kChannelAfterAllChannels;
  const std::string_view pattern = rule.substr(1);
  if (HasAclSpaces(pattern)) return AclRuleError::kSyntax;
  const bool is_known = std::ranges::any_of(
      selector.channels, [&](const AclPattern& other) { return other.text() == pattern; });
  if (!is_known) selector.channels.emplace_back(pattern);
  return AclRuleError::kNone;
}

AclRuleError AclRules::ApplyToSelector(AclSelector& selector, std::string_view rule) const {
  if (Is(rule, "allkeys") || Is(rule, "~*") || Is(rule, "resetkeys")) {
    selector.is_all_keys = !Is(rule, "resetkeys");
    selector.keys.clear();
  } else if (Is(rule, "allchannels") || Is(rule, "&*") || Is(rule, "resetchannels")) {
    selector.is_all_channels = !Is(rule, "resetchannels");
    selector.channels.clear();
  } else if (Is(rule, "allcommands") || Is(rule, "+@all")) {
    SetAll(selector, true);
  } else if (Is(rule, "nocommands") || Is(rule, "-@all")) {
    SetAll(selector, false);
  } else if (rule.starts_with('~') || rule.starts_with('%')) {
    return AddKeys(selector, rule);
  } else if (rule.starts_with('&')) {
    return AddChannel(selector, rule);
  } else if (rule.starts_with("+@") || rule.starts_with("-@")) {
    const Category* category = FindCategory(rule.substr(2));
    if (category == nullptr) return AclRuleError::kUnknownName;
    SetCategory(selector, *category, rule[0] == '+');
  } else if (rule.starts_with('+')) {
    return AllowCommand(selector, rule.substr(1));
  } else if (rule.starts_with('-')) {
    const std::string_view name = rule.substr(1);
    const auto* command = table_.FindFullName(name.substr(0, name.find('\0')));
    if (command == nullptr) return AclRuleError::kUnknownName;
    SetCommand(selector, *command, false);
  } else {
    return AclRuleError::kSyntax;
  }
  return AclRuleError::kNone;
}

// ---- The user

// "(+get ~a)". Words that quotes leave open make a selector that allows nothing.
AclRuleError AclRules::AddSelector(AclUser& user, std::string_view rule,
                                   AclDefaults defaults) const {
  AclSelector selector = NewSelector(defaults);
  const auto words = SplitWords(rule.size() < 2 ? "" : rule.substr(1, rule.size() - 2));
  if (words) {
    for (const std::string& word : *words) {
      const AclRuleError error = ApplyToSelector(selector, word);
      if (error != AclRuleError::kNone) return error;
    }
  }
  user.selectors.push_back(std::move(selector));
  return AclRuleError::kNone;
}

void AclRules::Reset(AclUser& user, AclDefaults defaults) const {
  user.is_on = false;
  user.needs_no_password = false;
  user.password_hashes.clear();
  user.payload_check = AclUser::PayloadCheck::kSanitized;
  user.selectors.assign(1, NewSelector(defaults));
}

AclRuleError AclRules::Apply(AclUser& user, std::string_view rule, AclDefaults defaults) const {
  if (rule.empty()) return AclRuleError::kNone;
  const char sign = rule[0];
  if (Is(rule, "on") || Is(rule, "off")) {
    user.is_on = Is(rule, "on");
  } else if (Is(rule, "nopass") || Is(rule, "resetpass")) {
    user.needs_no_password = Is(rule, "nopass");
    user.password_hashes.clear();
  } else if (Is(rule, "skip-sanitize-payload")) {
    user.payload_check = AclUser::PayloadCheck::kSkipped;
  } else if (Is(rule, "sanitize-payload")) {
    user.payload_check = AclUser::PayloadCheck::kSanitized;
  } else if (sign == '>' || sign == '<' || sign == '#' || sign == '!') {
    const bool is_plain = sign == '>' || sign == '<';
    if (!is_plain && !IsPasswordHash(rule.substr(1))) return AclRuleError::kBadPasswordHash;
    const std::string hash = is_plain ? Sha256Hex(rule.substr(1)) : std::string(rule.substr(1));
    const auto known = std::ranges::find(user.password_hashes, hash);
    if (sign == '>' || sign == '#') {
      if (known == user.password_hashes.end()) user.password_hashes.push_back(hash);
      user.needs_no_password = false;
    } else {
      if (known == user.password_hashes.end()) return AclRuleError::kNoSuchPassword;
      user.password_hashes.erase(known);
    }
  } else if (sign == '(' && rule.back() == ')') {
    return AddSelector(user, rule, defaults);
  } else if (Is(rule, "clearselectors")) {
    user.selectors.resize(1);
  } else if (Is(rule, "reset")) {
    Reset(user, defaults);
  } else {
    return ApplyToSelector(user.selectors.front(), rule);
  }
  return AclRuleError::kNone;
}

AclRules::Failure AclRules::ApplyAll(AclUser& user, std::span<const std::string> rules,
                                     AclDefaults defaults) const {
  for (size_t i = 0; i < rules.size(); ++i) {
    const AclRuleError error = Apply(user, rules[i], defaults);
    if (error != AclRuleError::kNone) return {error, i};
  }
  return {};
}

}  // namespace ringtail::commands
