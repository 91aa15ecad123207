// All commands of this server, found by name.
//
//   const CommandTable& table = CommandTable::Standard();
//   const CommandTable::Entry* entry = table.Find("get");
//   if (entry != nullptr) entry->spec->handler(context, args);
//
// Thread rule: immutable after construction; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/command.h"

namespace ringtail::commands {

/// ASCII case-insensitive equality; command words, options.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
/// The text with its ASCII letters in lower case.
std::string LowerCase(std::string_view text);

/// No spaces, line breaks or other bytes that CLIENT LIST could not show: names of clients and libraries.
bool IsPrintable(std::string_view text);

class CommandTable {
 public:
  /// A command or subcommand with what was derived from its row.
  struct Entry {
    const CommandSpec* spec = nullptr;
    const Entry* container = nullptr;     ///< of a subcommand
    uint16_t index = 0;                   ///< dense; for arrays of statistics
    uint16_t subcommand_first = 0;        ///< index of the first subcommand
    uint16_t subcommand_count = 0;
    bool has_keys = false;
    /// "get", "client|list": as INFO commandstats and COMMAND name it.
    std::string full_name;
    uint32_t categories = 0;              ///< those of the row and those its flags imply
    /// One key at a fixed index and nothing else (the common case): that index, else 0.
    uint16_t single_key = 0;
  };

  /// The commands of the families listed in registry.cc.
  static const CommandTable& Standard();
  explicit CommandTable(std::span<const std::span<const CommandSpec>> families);
  CommandTable(const CommandTable&) = delete;
  CommandTable& operator=(const CommandTable&) = delete;

  /// The command of that name in any case (not a subcommand), or null. A few nanoseconds.
  const Entry* Find(std::string_view name) const;
  /// A container's subcommand, or null.
  const Entry* FindSubcommand(const Entry& container, std::string_view name) const;
  /// "client|list" or "get"; or null.
  const Entry* FindFullName(std::string_view full_name) const;
  /// The top-level commands, in the order of the families.
  std::span<const Entry* const> commands() const { return commands_; }
  std::span<const Entry> subcommands(const Entry& container) const {
    return {entries_.data() + container.subcommand_first, container.subcommand_count};
  }
  /// Every entry by index, subcommands included.
  std::span<const Entry> entries() const { return entries_; }

 private:
  struct Cell {
    uint64_t head = 0;
    uint64_t tail = 0;
    const Entry* entry = nullptr;
  };
  void Add(const CommandSpec& spec, const Entry* container);
  void Fill();

  std::vector<Entry> entries_;
  std::vector<const Entry*> commands_;
  std::vector<Cell> cells_;
  uint64_t mask_ = 0;
  uint64_t multiplier_ = 0;
};

}  // namespace ringtail::commands
