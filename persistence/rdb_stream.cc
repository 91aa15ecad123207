#include "persistence/rdb_stream.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "persistence/compact_readers.h"

namespace ringtail::persistence {

using storage::PackedElement;
using storage::Stream;
using storage::StreamConsumer;
using storage::StreamGroup;
using storage::StreamId;

namespace {

constexpr int64_t kDeletedFlag = 1;
constexpr int64_t kSameNamesFlag = 2;
/// A listpack of ours is closed at whichever comes first, as Redis does by default.
constexpr size_t kListpackBytesMax = 4096;
constexpr int64_t kListpackEntriesMax = 100;

StreamId IdOfTwoLengths(RdbReader& reader) {
  const uint64_t ms = reader.Length();
  return {ms, reader.Length()};
}

StreamId IdOf16Bytes(std::string_view bytes) {
  CompactInput input(bytes);
  const uint64_t ms = input.Big(8);
  return {ms, input.Big(8)};
}

// ---- Reading entries

// The entries of one listpack.
class ListpackEntries {
 public:
  ListpackEntries(StreamId first_id, std::string_view bytes)
      : first_id_(first_id), elements_(bytes) {}

  /// Adds the live ones to a stream.
  bool AppendTo(Stream& stream) {
    const int64_t live_count = Number();
    const int64_t deleted_count = Number();
    const int64_t name_count = Number();
    for (int64_t i = 0; i < name_count && is_ok_; ++i) names_.push_back(Element());
    if (Number() != 0 || names_.empty() || live_count < 0 || deleted_count < 0) return false;
    while (is_ok_) {
      const auto flags = elements_.Next();
      if (!flags) break;
      if (!flags->is_int() || !ReadEntry(flags->number(), stream)) return false;
    }
    return is_ok_ && elements_.ok() && live_count == live_count_ && deleted_count == deleted_count_;
  }

 private:
  PackedElement Element() {
    const auto element = elements_.Next();
    if (!element) is_ok_ = false;
    return element.value_or(PackedElement(int64_t{0}));
  }
  int64_t Number() {
    const PackedElement element = Element();
    if (!element.is_int()) is_ok_ = false;
    return element.is_int() ? element.number() : -1;
  }

  bool ReadEntry(int64_t flags, Stream& stream) {
    if ((flags & ~(kDeletedFlag | kSameNamesFlag)) != 0) return false;
    const uint64_t ms = first_id_.ms + static_cast<uint64_t>(Number());
    const uint64_t seq = first_id_.seq + static_cast<uint64_t>(Number());
    const bool has_same_names = (flags & kSameNamesFlag) != 0;
    pairs_.clear();
    if (has_same_names) {
      for (const PackedElement& name : names_) AddPair(name);
    } else {
      const int64_t pair_count = Number();
      if (pair_count <= 0) return false;
      for (int64_t i = 0; i < pair_count && is_ok_; ++i) AddPair(Element());
    }
    // What one has to step back by to reach the flags; 3 numbers, the values, and the names and
    // their count if it has own.
    const auto pair_count = static_cast<int64_t>(pairs_.size() / 2);
    const int64_t element_count = has_same_names ? pair_count + 3 : 2 * pair_count + 4;
    if (Number() != element_count || !is_ok_) return false;
    if ((flags & kDeletedFlag) != 0) {
      ++deleted_count_;
      return true;
    }
    ++live_count_;
    return Append({ms, seq}, has_same_names, stream);
  }

  void AddPair(const PackedElement& name) {
    pairs_.push_back(name);
    pairs_.push_back(Element());
  }

  // The blocks are those of the listpacks, so names that entries share take memory once here, too.
  bool Append(StreamId id, bool has_same_names, Stream& stream) {
    if (id <= stream.last_id()) return false;
    digits_.resize(pairs_.size());
    texts_.clear();
    size_t text_bytes = 0;
    for (size_t i = 0; i < pairs_.size(); ++i) {
      texts_.push_back(pairs_[i].Bytes(digits_[i].text));
      text_bytes += texts_.back().size();
    }
    if (text_bytes > Stream::kEntryBytesMax) return false;
    const bool begins_block = !has_block_ || (has_same_names && !has_block_of_names_);
    has_block_ = true;
    if (begins_block) has_block_of_names_ = has_same_names;
    stream.Append(id, texts_,
                  {.block_bytes_max = 0, .block_entries_max = begins_block ? int64_t{1} : 0});
    return true;
  }

  struct Digits {
    char text[20];
  };

  const StreamId first_id_;
  ListpackReader elements_;
  bool is_ok_ = true;
  std::vector<PackedElement> names_;
  int64_t live_count_ = 0;
  int64_t deleted_count_ = 0;
  bool has_block_ = false;           // of the stream, for entries of this listpack
  bool has_block_of_names_ = false;  // one that keeps `names_`
  // Of the entry being read.
  std::vector<PackedElement> pairs_;
  std::vector<Digits> digits_;
  std::vector<std::string_view> texts_;
};

bool ReadEntries(RdbReader& reader, Stream& stream) {
  RdbString id_room;
  RdbString room;
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) {
    const std::string_view first_id = reader.String(id_room);
    const std::string_view bytes = reader.String(room);
    if (first_id.size() != 16) return false;
    if (!ListpackEntries(IdOf16Bytes(first_id), bytes).AppendTo(stream)) return false;
  }
  return reader.ok();
}

bool ReadPast(RdbType type, RdbReader& reader, Stream& stream) {
  const uint64_t length = reader.Length();
  const StreamId last_id = IdOfTwoLengths(reader);
  if (length != stream.length() || last_id < stream.last_id()) return false;
  stream.SetLastId(last_id);
  if (type == RdbType::kStream) return reader.ok();
  IdOfTwoLengths(reader);  // The first entry's, which the entries tell themselves.
  const StreamId max_deleted_id = IdOfTwoLengths(reader);
  const uint64_t entries_added = reader.Length();
  if (!reader.ok() || max_deleted_id > last_id || entries_added < length) return false;
  stream.SetMaxDeletedId(max_deleted_id);
  stream.SetEntriesAdded(static_cast<int64_t>(entries_added));
  return true;
}

// ---- Reading groups

struct PendingItem {
  StreamId id;
  int64_t delivered_ms;
  uint64_t delivery_count;
  StreamConsumer* consumer;
};

std::optional<std::vector<PendingItem>> ReadPending(RdbReader& reader) {
  std::vector<PendingItem> items;
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) {
    const StreamId id = IdOf16Bytes(reader.Bytes(16));
    const auto delivered_ms = static_cast<int64_t>(reader.Fixed64());
    const uint64_t delivery_count = reader.Length();
    if (!reader.ok() || (!items.empty() && id <= items.back().id)) return std::nullopt;
    items.push_back({id, delivered_ms, delivery_count, nullptr});
  }
  if (!reader.ok()) return std::nullopt;
  return items;
}

bool ReadConsumer(RdbType type, RdbReader& reader, StreamGroup& group,
                  std::vector<PendingItem>& items) {
  RdbString room;
  const std::string_view name = reader.String(room);
  const auto seen_ms = static_cast<int64_t>(reader.Fixed64());
  if (!reader.ok() || group.FindConsumer(name) != nullptr) return false;
  StreamConsumer& consumer = group.AddConsumer(name, seen_ms);
  // Before Redis 7.2 that was all that was known.
  consumer.active_ms =
      type == RdbType::kStream3 ? static_cast<int64_t>(reader.Fixed64()) : seen_ms;
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) {
    const StreamId id = IdOf16Bytes(reader.Bytes(16));
    const auto item = std::ranges::lower_bound(items, id, {}, &PendingItem::id);
    if (item == items.end() || item->id != id || item->consumer != nullptr) return false;
    item->consumer = &consumer;
  }
  return reader.ok();
}

bool ReadGroup(RdbType type, RdbReader& reader, Stream& stream) {
  RdbString room;
  const std::string name(reader.String(room));
  const StreamId last_id = IdOfTwoLengths(reader);
  int64_t entries_read = StreamGroup::kUnknown;
  if (type == RdbType::kStream) {
    entries_read = stream.EntriesUpTo(last_id).value_or(StreamGroup::kUnknown);
  } else {
    entries_read = static_cast<int64_t>(reader.Length());
  }
  if (!reader.ok()) return false;
  StreamGroup* group = stream.AddGroup(name, last_id, entries_read);
  if (group == nullptr) return false;
  auto items = ReadPending(reader);
  if (!items) return false;
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) {
    if (!ReadConsumer(type, reader, *group, *items)) return false;
  }
  for (const PendingItem& item : *items) {
    if (item.consumer == nullptr) return false;
    group->Deliver(item.id, *item.consumer, item.delivered_ms).delivery_count =
        item.delivery_count;
  }
  return reader.ok();
}

// ---- Writing

void WriteTwoLengths(StreamId id, RdbWriter& writer) {
  writer.Length(id.ms);
  writer.Length(id.seq);
}

void Write16Bytes(StreamId id, RdbWriter& writer) {
  writer.Big64(id.ms);
  writer.Big64(id.seq);
}

// Collects entries into listpacks and writes each when it is full.
class EntryWriter {
 public:
  explicit EntryWriter(RdbWriter& writer) : writer_(writer) {}

  void Add(const storage::StreamEntry& entry) {
    if (count_ == 0) Begin(entry);
    const bool has_same_names = HasSameNames(entry);
    entries_.Add(has_same_names ? kSameNamesFlag : int64_t{0});
    entries_.Add(static_cast<int64_t>(entry.id.ms - first_id_.ms));
    entries_.Add(static_cast<int64_t>(entry.id.seq - first_id_.seq));
    if (!has_same_names) entries_.Add(int64_t{entry.pair_count});
    entry.ForEach([&](const PackedElement& name, const PackedElement& value) {
      if (!has_same_names) entries_.Add(name);
      entries_.Add(value);
    });
    const int64_t pair_count = entry.pair_count;
    entries_.Add(has_same_names ? pair_count + 3 : 2 * pair_count + 4);
    ++count_;
    if (count_ == kListpackEntriesMax || entries_.element_bytes() >= kListpackBytesMax) Finish();
  }
  void Finish() {
    if (count_ == 0) return;
    writer_.Length(16);
    Write16Bytes(first_id_, writer_);
    // The counts come first, but are known only now.
    ListpackWriter whole;
    whole.Add(count_);
    whole.Add(int64_t{0});
    whole.Add(static_cast<int64_t>(names_.size()));
    for (const std::string& name : names_) whole.Add(name);
    whole.Add(int64_t{0});
    whole.Add(entries_);
    whole.Finish(writer_);
    entries_ = {};
    count_ = 0;
    ++listpack_count_;
  }
  uint64_t listpack_count() const { return listpack_count_; }

 private:
  void Begin(const storage::StreamEntry& entry) {
    first_id_ = entry.id;
    names_.clear();
    entry.ForEach([&](const PackedElement& name, const PackedElement&) {
      names_.push_back(name.String());
    });
  }
  bool HasSameNames(const storage::StreamEntry& entry) const {
    if (entry.pair_count != names_.size()) return false;
    bool is_same = true;
    size_t i = 0;
    char digits[20];
    entry.ForEach([&](const PackedElement& name, const PackedElement&) {
      is_same = is_same && name.Bytes(digits) == names_[i++];
    });
    return is_same;
  }

  RdbWriter& writer_;
  StreamId first_id_;
  std::vector<std::string> names_;
  ListpackWriter entries_;
  int64_t count_ = 0;
  uint64_t listpack_count_ = 0;
};

void WriteGroup(const std::string& name, const StreamGroup& group, RdbWriter& writer) {
  writer.String(name);
  WriteTwoLengths(group.last_id(), writer);
  writer.Length(static_cast<uint64_t>(group.entries_read()));
  writer.Length(group.pending().size());
  for (const storage::StreamPending& pending : group.pending()) {
    Write16Bytes(pending.id, writer);
    writer.Fixed64(static_cast<uint64_t>(pending.delivered_ms));
    writer.Length(pending.delivery_count);
  }
  writer.Length(group.consumers().size());
  for (const auto& [consumer_name, consumer] : group.consumers()) {
    writer.String(consumer_name);
    writer.Fixed64(static_cast<uint64_t>(consumer.seen_ms));
    writer.Length(consumer.pending.size());
    for (const StreamId id : consumer.pending) Write16Bytes(id, writer);
  }
}

}  // namespace

bool ReadStream(RdbType type, RdbReader& reader, Stream& stream) {
  if (!ReadEntries(reader, stream) || !ReadPast(type, reader, stream)) return false;
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) {
    if (!ReadGroup(type, reader, stream)) return false;
  }
  return reader.ok();
}

void WriteStream(const Stream& stream, RdbWriter& writer) {
  std::string listpacks;
  RdbWriter listpack_writer(listpacks);
  EntryWriter entries(listpack_writer);
  storage::StreamRange range(stream, {}, StreamId::Max());
  for (storage::StreamEntry entry; range.Next(entry);) entries.Add(entry);
  entries.Finish();
  writer.Length(entries.listpack_count());
  writer.Bytes(listpacks);
  writer.Length(stream.length());
  WriteTwoLengths(stream.last_id(), writer);
  WriteTwoLengths(stream.first_id(), writer);
  WriteTwoLengths(stream.max_deleted_id(), writer);
  writer.Length(static_cast<uint64_t>(stream.entries_added()));
  writer.Length(stream.groups().size());
  for (const auto& [name, group] : stream.groups()) WriteGroup(name, group, writer);
}

}  // namespace ringtail::persistence
