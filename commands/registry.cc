#include "commands/registry.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ringtail::commands {
namespace {

constexpr uint64_t kLowerCaseBits = 0x2020202020202020;

// The first and last eight bytes of a word with letters in upper case. Names longer than sixteen bytes keep only
// their ends, names shorter than eight are padded with zeros; with the length both are compared in two words.
struct Word {
  uint64_t head;
  uint64_t tail;
};

Word MakeWord(std::string_view name) {
  uint64_t head = 0;
  uint64_t tail = 0;
  const size_t size = name.size();
  if (size >= 8) {
    std::memcpy(&head, name.data(), 8);
    std::memcpy(&tail, name.data() + size - 8, 8);
  } else if (size >= 4) {
    uint32_t low = 0;
    uint32_t high = 0;
    std::memcpy(&low, name.data(), 4);
    std::memcpy(&high, name.data() + size - 4, 4);
    head = low;
    tail = high;
  } else {
    // First, middle and last are all there is of up to three.
    const auto byte = [&](size_t i) { return uint64_t{static_cast<unsigned char>(name[i])}; };
    if (size != 0) head = byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16;
  }
  return {head & ~kLowerCaseBits, (tail & ~kLowerCaseBits) ^ (uint64_t{size} << 59)};
}

uint64_t Mix(Word word, uint64_t multiplier) {
  return ((word.head ^ (word.tail * 0x9e3779b97f4a7c15ULL)) * multiplier) >> 40;
}

char UpperCase(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

uint32_t ImpliedCategories(const CommandSpec& spec) {
  uint32_t categories = spec.categories;
  if ((spec.flags & kWrite) != 0) categories |= kCatWrite;
  // As in Redis: a read-only command that has nothing to do with scripts reads the keyspace.
  if ((spec.flags & kRead) != 0 && (spec.categories & kCatScripting) == 0) categories |= kCatRead;
  if ((spec.flags & kAdmin) != 0) categories |= kCatAdmin | kCatDangerous;
  if ((spec.flags & kPubsub) != 0) categories |= kCatPubsub;
  categories |= (spec.flags & kFast) != 0 ? kCatFast : kCatSlow;
  if ((spec.flags & kBlocking) != 0) categories |= kCatBlocking;
  return categories;
}

uint16_t SingleKey(const CommandSpec& spec) {
  const KeySpec& keys = spec.keys[0];
  // A finder beside variable flags only decides the flags, never the place.
  const bool is_placed = spec.key_finder == nullptr || (keys.flags & kKeyVariableFlags) != 0;
  const bool is_single = is_placed && keys.begin == KeySpec::Begin::kIndex &&
                         keys.find == KeySpec::Find::kRange && keys.last == 0 &&
                         spec.keys[1].begin == KeySpec::Begin::kNone;
  return is_single ? static_cast<uint16_t>(keys.index) : 0;
}

}  // namespace

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return UpperCase(x) == UpperCase(y);
         });
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

const CommandTable& CommandTable::Standard() {
  static const std::array kFamilies = {
      StringCommands(),       BitmapCommands(),           HyperLogLogCommands(),
      ReplicaWaitCommands(), ListCommands(),         BlockingListCommands(),     SetCommands(),
      HashCommands(),         HashExpiryCommands(),       SortedSetCommands(),
      SortedSetRangeCommands(), SortedSetCombineCommands(), BlockingSortedSetCommands(),
      GeoCommands(),          StreamCommands(),           StreamGroupCommands(),
      StreamReadCommands(),   GenericCommands(),          ExpireCommands(),
      ScanCommands(),         SortCommands(),             SerializationCommands(),
      ObjectCommands(),       TransactionCommands(),      ConnectionCommands(),
      ClientCommands(),       ConfigCommands(),           InfoCommands(),
      CommandLogCommands(),   LatencyCommands(),          ServerCommands(),
      IntrospectionCommands(), DebugCommands(),            PubsubCommands(),
      AclCommands(),          ModuleCommands(),           HotKeyCommands(),
      ScriptCommands(),       FunctionCommands(),
  };
  static const CommandTable kTable(kFamilies);
  return kTable;
}

CommandTable::CommandTable(std::span<const std::span<const CommandSpec>> families) {
  size_t count = 0;
  for (const auto family : families) {
    for (const CommandSpec& spec : family) count += 1 + spec.subcommands.size();
  }
  entries_.reserve(count);  // entries are pointed at
  for (const auto family : families) {
    for (const CommandSpec& spec : family) {
      Add(spec, nullptr);
      Entry& container = entries_.back();
      commands_.push_back(&container);
      container.subcommand_first = static_cast<uint16_t>(entries_.size());
      container.subcommand_count = static_cast<uint16_t>(spec.subcommands.size());
      for (const CommandSpec& subcommand : spec.subcommands) Add(subcommand, &container);
    }
  }
  Fill();
}

void CommandTable::Add(const CommandSpec& spec, const Entry* container) {
  Entry entry;
  entry.spec = &spec;
  entry.container = container;
  entry.index = static_cast<uint16_t>(entries_.size());
  entry.has_keys = spec.key_finder != nullptr || spec.keys[0].begin != KeySpec::Begin::kNone;
  entry.full_name = container == nullptr ? LowerCase(spec.name)
                                         : container->full_name + "|" + LowerCase(spec.name);
  entry.categories = ImpliedCategories(spec);
  entry.single_key = SingleKey(spec);
  entries_.push_back(std::move(entry));
}

// Looks for a multiplier under which no two names share a cell: a perfect hash, so Find never probes.
void CommandTable::Fill() {
  for (size_t size = 1024;; size *= 2) {
    mask_ = size - 1;
    for (multiplier_ = 0x9e3779b97f4a7c15ULL; multiplier_ != 0x9e3779b97f4a7c15ULL + 4000;
         multiplier_ += 2) {
      cells_.assign(size, Cell{});
      const bool is_perfect =
          std::all_of(commands_.begin(), commands_.end(), [this](const Entry* entry) {
            const Word word = MakeWord(entry->spec->name);
            Cell& cell = cells_[Mix(word, multiplier_) & mask_];
            if (cell.entry != nullptr) return false;
            cell = {word.head, word.tail, entry};
            return true;
          });
      if (is_perfect) return;
    }
  }
}

const CommandTable::Entry* CommandTable::Find(std::string_view name) const {
  const Word word = MakeWord(name);
  const Cell& cell = cells_[Mix(word, multiplier_) & mask_];
  if (cell.head != word.head || cell.tail != word.tail || cell.entry == nullptr) return nullptr;
  // Two words decide for names of at most sixteen letters; the rest is compared in full.
  const bool is_decided = name.size() <= 16 && cell.entry->spec->name.size() == name.size();
  if (!is_decided && !EqualsIgnoreCase(cell.entry->spec->name, name)) return nullptr;
  return cell.entry;
}

const CommandTable::Entry* CommandTable::FindSubcommand(const Entry& container,
                                                        std::string_view name) const {
  for (const Entry& entry : subcommands(container)) {
    if (EqualsIgnoreCase(entry.spec->name, name)) return &entry;
  }
  return nullptr;
}

const CommandTable::Entry* CommandTable::FindFullName(std::string_view full_name) const {
  const size_t bar = full_name.find('|');
  const Entry* entry = Find(full_name.substr(0, bar));
  if (entry == nullptr || bar == std::string_view::npos) return entry;
  return FindSubcommand(*entry, full_name.substr(bar + 1));
}

}  // namespace ringtail::commands
