#include "commands/introspection.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace ringtail::commands {
namespace {

using proto::ReplyWriter;

// In the order in which Redis lists them. It shows neither Protected, MayReplicate nor
// TouchesArbitraryKeys.
constexpr NamedBit kFlagNames[] = {
    {kWrite, "write"},
    {kRead, "readonly"},
    {kDenyOom, "denyoom"},
    {kAdmin, "admin"},
    {kPubsub, "pubsub"},
    {kNoScript, "noscript"},
    {kBlocking, "blocking"},
    {kLoading, "loading"},
    {kStale, "stale"},
    {kSkipMonitor, "skip_monitor"},
    {kSkipSlowlog, "skip_slowlog"},
    {kAsking, "asking"},
    {kFast, "fast"},
    {kNoAuth, "no_auth"},
    {kNoMandatoryKeys, "no_mandatory_keys"},
    {kNoAsyncLoading, "no_async_loading"},
    {kNoMulti, "no_multi"},
    {kMovableKeys, "movablekeys"},
    {kAllowBusy, "allow_busy"},
};

constexpr NamedBit kCategoryNames[] = {
    {kCatKeyspace, "@keyspace"},
    {kCatRead, "@read"},
    {kCatWrite, "@write"},
    {kCatSet, "@set"},
    {kCatSortedSet, "@sortedset"},
    {kCatList, "@list"},
    {kCatHash, "@hash"},
    {kCatString, "@string"},
    {kCatBitmap, "@bitmap"},
    {kCatHyperLogLog, "@hyperloglog"},
    {kCatGeo, "@geo"},
    {kCatStream, "@stream"},
    {kCatPubsub, "@pubsub"},
    {kCatAdmin, "@admin"},
    {kCatFast, "@fast"},
    {kCatSlow, "@slow"},
    {kCatBlocking, "@blocking"},
    {kCatDangerous, "@dangerous"},
    {kCatConnection, "@connection"},
    {kCatTransaction, "@transaction"},
    {kCatScripting, "@scripting"},
    {kCatCache, "@cache"},
    {kCatTag, "@tag"},
};

constexpr NamedBit kKeyFlagNames[] = {
    {kKeyRo, "RO"},
    {kKeyRw, "RW"},
    {kKeyOw, "OW"},
    {kKeyRm, "RM"},
    {kKeyAccess, "access"},
    {kKeyUpdate, "update"},
    {kKeyInsert, "insert"},
    {kKeyDelete, "delete"},
    {kKeyNotKey, "not_key"},
    {kKeyIncomplete, "incomplete"},
    {kKeyVariableFlags, "variable_flags"},
};

void ReplyNames(ReplyWriter& reply, std::span<const NamedBit> names, uint32_t bits) {
  const auto count = std::count_if(names.begin(), names.end(),
                                   [bits](NamedBit named) { return (bits & named.bit) != 0; });
  reply.Set(static_cast<size_t>(count));
  for (const NamedBit named : names) {
    if ((bits & named.bit) != 0) reply.SimpleString(named.name);
  }
}

void ReplyText(ReplyWriter& reply, std::string_view name, std::string_view text) {
  reply.Bulk(name);
  reply.Bulk(text);
}

void ReplyNumber(ReplyWriter& reply, std::string_view name, int64_t number) {
  reply.Bulk(name);
  reply.Integer(number);
}

/// "type" and the opening of "spec", as both halves of a key spec have them.
void BeginHalf(ReplyWriter& reply, std::string_view name, std::string_view type,
               size_t field_count) {
  reply.Bulk(name);
  reply.Map(2);
  ReplyText(reply, "type", type);
  reply.Bulk("spec");
  reply.Map(field_count);
}

void ReplyBeginSearch(ReplyWriter& reply, const KeySpec& keys) {
  constexpr std::string_view kName = "begin_search";
  switch (keys.begin) {
    case KeySpec::Begin::kNone:
      return BeginHalf(reply, kName, "unknown", 0);
    case KeySpec::Begin::kIndex:
      BeginHalf(reply, kName, "index", 1);
      return ReplyNumber(reply, "index", keys.index);
    case KeySpec::Begin::kKeyword:
      BeginHalf(reply, kName, "keyword", 2);
      ReplyText(reply, "keyword", keys.keyword);
      return ReplyNumber(reply, "startfrom", keys.index);
  }
}

void ReplyFindKeys(ReplyWriter& reply, const KeySpec& keys) {
  constexpr std::string_view kName = "find_keys";
  if (keys.begin == KeySpec::Begin::kNone) return BeginHalf(reply, kName, "unknown", 0);
  if (keys.find == KeySpec::Find::kRange) {
    BeginHalf(reply, kName, "range", 3);
    ReplyNumber(reply, "lastkey", keys.last);
    ReplyNumber(reply, "keystep", keys.step);
    return ReplyNumber(reply, "limit", keys.limit);
  }
  BeginHalf(reply, kName, "keynum", 3);
  ReplyNumber(reply, "keynumidx", keys.count_index);
  ReplyNumber(reply, "firstkey", keys.first_key);
  ReplyNumber(reply, "keystep", keys.step);
}

void ReplyKeySpecs(ReplyWriter& reply, const CommandSpec& spec) {
  const auto specs = KeySpecsOf(spec);
  reply.Set(specs.size());
  for (const KeySpec& keys : specs) {
    reply.Map(keys.notes.empty() ? 3 : 4);
    if (!keys.notes.empty()) ReplyText(reply, "notes", keys.notes);
    reply.Bulk("flags");
    ReplyKeyFlags(reply, keys.flags);
    ReplyBeginSearch(reply, keys);
    ReplyFindKeys(reply, keys);
  }
}

}  // namespace

std::span<const KeySpec> KeySpecsOf(const CommandSpec& spec) {
  const auto end = std::find_if(spec.keys.begin(), spec.keys.end(), [](const KeySpec& keys) {
    return keys.begin == KeySpec::Begin::kNone && keys.flags == 0;
  });
  return {spec.keys.begin(), end};
}

bool CanHaveKeys(const CommandSpec& spec) {
  if (spec.key_finder != nullptr) return true;
  const auto specs = KeySpecsOf(spec);
  return std::any_of(specs.begin(), specs.end(),
                     [](const KeySpec& keys) { return (keys.flags & kKeyNotKey) == 0; });
}

// The specs that are plain ranges of neighbouring arguments make up the range; whatever does not
// fit is what clients have to ask the server about. A lone range may have any step.
LegacyRange LegacyRangeOf(const CommandSpec& spec) {
  const auto specs = KeySpecsOf(spec);
  LegacyRange range;
  // A last argument counted from the end lies behind every one counted from the beginning.
  const auto reach = [](int last) {
    return last < 0 ? std::numeric_limits<int>::max() + last + 1 : last;
  };
  for (const KeySpec& keys : specs) {
    const bool is_range =
        keys.begin == KeySpec::Begin::kIndex && keys.find == KeySpec::Find::kRange;
    const bool is_neighbour = range.last == 0 || range.last == keys.index - 1;
    if (!is_range || (specs.size() > 1 && (keys.step != 1 || !is_neighbour))) {
      range.has_more = true;
      continue;
    }
    if ((keys.flags & kKeyIncomplete) != 0) range.has_more = true;
    const int last = keys.last >= 0 ? keys.index + keys.last : keys.last;
    range.first = range.first == 0 ? keys.index : std::min<int>(range.first, keys.index);
    range.last = reach(last) > reach(range.last) ? last : range.last;
    range.step = keys.step;
  }
  return range;
}

std::string_view GroupOf(const CommandTable::Entry& entry) {
  if (!entry.spec->group.empty() || entry.container == nullptr) return entry.spec->group;
  return GroupOf(*entry.container);
}

std::span<const NamedBit> CategoryNames() { return kCategoryNames; }

std::optional<uint32_t> CategoryOf(std::string_view name) {
  for (const NamedBit category : kCategoryNames) {
    if (EqualsIgnoreCase(category.name.substr(1), name)) return category.bit;
  }
  return std::nullopt;
}

void ReplyKeyFlags(ReplyWriter& reply, unsigned flags) { ReplyNames(reply, kKeyFlagNames, flags); }

void ReplyCommandInfo(ReplyWriter& reply, const CommandTable& table,
                      const CommandTable::Entry& entry) {
  const CommandSpec& spec = *entry.spec;
  const LegacyRange range = LegacyRangeOf(spec);
  reply.Array(10);
  reply.Bulk(entry.full_name);
  reply.Integer(spec.arity);
  ReplyNames(reply, kFlagNames, spec.flags | (range.has_more ? kMovableKeys : 0U));
  reply.Integer(range.first);
  reply.Integer(range.last);
  reply.Integer(range.step);
  ReplyNames(reply, kCategoryNames, entry.categories);
  reply.Set(spec.tips.size());
  for (const std::string_view tip : spec.tips) reply.Bulk(tip);
  ReplyKeySpecs(reply, spec);
  const auto subcommands = table.subcommands(entry);
  if (subcommands.empty()) return reply.Set(0);
  reply.Array(subcommands.size());
  for (const auto& subcommand : subcommands) ReplyCommandInfo(reply, table, subcommand);
}

void ReplyCommandDocs(ReplyWriter& reply, const CommandTable& table,
                      const CommandTable::Entry& entry) {
  const CommandSpec& spec = *entry.spec;
  const auto subcommands = table.subcommands(entry);
  const bool is_deprecated = !spec.deprecated_since.empty();
  reply.Bulk(entry.full_name);
  reply.Map(3U + !spec.complexity.empty() + (is_deprecated ? 2U : 0U) +
            !spec.replaced_by.empty() + !subcommands.empty());
  ReplyText(reply, "summary", spec.summary);
  ReplyText(reply, "since", spec.since);
  ReplyText(reply, "group", GroupOf(entry));
  if (!spec.complexity.empty()) ReplyText(reply, "complexity", spec.complexity);
  if (is_deprecated) {
    reply.Bulk("doc_flags");
    reply.Set(1);
    reply.SimpleString("deprecated");
    ReplyText(reply, "deprecated_since", spec.deprecated_since);
  }
  if (!spec.replaced_by.empty()) ReplyText(reply, "replaced_by", spec.replaced_by);
  if (subcommands.empty()) return;
  reply.Bulk("subcommands");
  reply.Map(subcommands.size());
  for (const auto& subcommand : subcommands) ReplyCommandDocs(reply, table, subcommand);
}

}  // namespace ringtail::commands
