// What the server tells about its own commands, in Redis 7's shapes: COMMAND INFO, COMMAND DOCS.
//
//   ReplyCommandInfo(ctx.reply(), ctx.table(), *ctx.table().Find("get"));
//
// Nothing here is written down a second time: all of it follows from the command's row.
// Thread rule: pure functions of the table; the writer belongs to the caller.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "commands/registry.h"
#include "proto/reply_writer.h"

namespace ringtail::commands {

/// The oldest way to say where keys are: one range. Zeros if no key is at a fixed place.
struct LegacyRange {
  int first = 0;
  int last = 0;  ///< Negative: counted from the end.
  int step = 0;
  bool has_more = false;  ///< There may be keys outside the range ("movablekeys").
};
LegacyRange LegacyRangeOf(const CommandSpec& spec);

/// The row's key specs up to the last one that says anything. One with flags but no beginning says
/// that there may be keys whose place cannot be told.
std::span<const KeySpec> KeySpecsOf(const CommandSpec& spec);

/// Whether any argument of the command can be a key (channels are not).
bool CanHaveKeys(const CommandSpec& spec);

/// A subcommand's group is its container's.
std::string_view GroupOf(const CommandTable::Entry& entry);

/// The ACL categories with their names ("@hash"), in the order in which Redis lists them.
struct NamedBit {
  uint32_t bit;
  std::string_view name;
};
std::span<const NamedBit> CategoryNames();
/// The bit of an ACL category's name ("hash"), in any case.
std::optional<uint32_t> CategoryOf(std::string_view name);

/// One element of COMMAND's reply, subcommands included.
void ReplyCommandInfo(proto::ReplyWriter& reply, const CommandTable& table,
                      const CommandTable::Entry& entry);
/// One pair of COMMAND DOCS' map, subcommands included.
void ReplyCommandDocs(proto::ReplyWriter& reply, const CommandTable& table,
                      const CommandTable::Entry& entry);
/// The flags of a key spec by name.
void ReplyKeyFlags(proto::ReplyWriter& reply, unsigned flags);

}  // namespace ringtail::commands
