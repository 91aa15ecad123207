#include "commands/acl_description.h"

#include <algorithm>
#include <bit>
#include <climits>

namespace ringtail::commands {
namespace {

std::string DescribePattern(const AclKeyPattern& granted) {
  const char* prefix = granted.access == kAclReads    ? "%R~"
                       : granted.access == kAclWrites ? "%W~"
                                                      : "~";
  return prefix + granted.pattern.text();
}

// How many of the category's commands the selector has, and how many it has not.
struct Fit {
  int on = 0;
  int off = 0;
};
Fit FitOf(const AclSelector& selector, const AclRules::Category& category) {
  Fit fit;
  for (size_t i = 0; i < category.described.size(); ++i) {
    fit.on += std::popcount(category.described[i] & selector.commands[i]);
    fit.off += std::popcount(category.described[i] & ~selector.commands[i]);
  }
  return fit;
}

// The category, of those not taken yet, that says most of what is left with the least that must be taken back.
const AclRules::Category* BestCategory(const AclRules& rules, const AclSelector& left,
                                       bool is_adding,
                                       std::span<const AclRules::Category* const> taken) {
  const AclRules::Category* best = nullptr;
  int least_wrong = INT_MAX;
  int most_right = 0;
  for (const auto& category : rules.categories()) {
    if (std::ranges::find(taken, &category) != taken.end()) continue;
    const Fit fit = FitOf(left, category);
    const int wrong = is_adding ? fit.off : fit.on;
    const int right = is_adding ? fit.on : fit.off;
    if (right <= wrong) continue;
    if (wrong > least_wrong || (wrong == least_wrong && right <= most_right)) continue;
    best = &category;
    least_wrong = wrong;
    most_right = right;
  }
  return best;
}

std::string DescribeSelector(const AclRules& rules, const AclSelector& selector) {
  const std::string keys = DescribeKeys(selector);
  const std::string channels = DescribeChannels(selector);
  std::string text = keys.empty() ? "" : keys + " ";
  if (!selector.is_all_channels) text += "resetchannels ";
  if (!channels.empty()) text += channels + " ";
  return text + DescribeCommands(rules, selector);
}

}  // namespace

std::string DescribeKeys(const AclSelector& selector) {
  if (selector.is_all_keys) return "~*";
  std::string text;
  for (const AclKeyPattern& granted : selector.keys) {
    text += (text.empty() ? "" : " ") + DescribePattern(granted);
  }
  return text;
}

std::string DescribeChannels(const AclSelector& selector) {
  if (selector.is_all_channels) return "&*";
  std::string text;
  for (const AclPattern& granted : selector.channels) {
    text += (text.empty() ? "&" : " &") + granted.text();
  }
  return text;
}

// `said` is what the text so far means; `left` the selector without what the categories said.
std::string DescribeCommands(const AclRules& rules, const AclSelector& selector) {
  const bool is_adding = !selector.has_future_commands;
  std::string text = is_adding ? "-@all" : "+@all";
  AclSelector said;
  said.commands.resize(selector.commands.size());
  rules.SetAll(said, !is_adding);
  AclSelector left;
  left.commands = selector.commands;
  std::vector<const AclRules::Category*> taken;
  while (const auto* best = BestCategory(rules, left, is_adding, taken)) {
    text += (is_adding ? " +@" : " -@") + std::string(best->name);
    rules.SetCategory(said, *best, is_adding);
    rules.SetCategory(left, *best, !is_adding);
    taken.push_back(best);
  }
  for (const CommandTable::Entry& entry : rules.table().entries()) {
    const bool is_allowed = selector.Has(entry.index);
    if (is_allowed != said.Has(entry.index)) {
      text += (is_allowed ? " +" : " -") + entry.full_name;
      rules.SetCommand(said, entry, is_allowed);
    }
    if (is_allowed) continue;
    const auto first_args = selector.first_args.find(entry.index);
    if (first_args == selector.first_args.end()) continue;
    for (const std::string& first : first_args->second) {
      text += " +" + entry.full_name + "|" + first;
    }
  }
  return text;
}

std::string DescribeUser(const AclRules& rules, const AclUser& user) {
  std::string text = user.is_on ? "on " : "off ";
  if (user.needs_no_password) text += "nopass ";
  if (user.payload_check == AclUser::PayloadCheck::kSkipped) text += "skip-sanitize-payload ";
  if (user.payload_check == AclUser::PayloadCheck::kSanitized) text += "sanitize-payload ";
  for (const std::string& hash : user.password_hashes) text += "#" + hash + " ";
  for (size_t i = 0; i < user.selectors.size(); ++i) {
    const std::string selector = DescribeSelector(rules, user.selectors[i]);
    text += i == 0 ? selector : " (" + selector + ")";
  }
  return text;
}

}  // namespace ringtail::commands
