#include "persistence/rdb_collections.h"

#include <algorithm>
#include <optional>

#include "persistence/compact_readers.h"

namespace ringtail::persistence {

using storage::ListEnd;
using storage::PackedElement;
using storage::SetNeedle;

namespace {

// Calls visit(element) for all elements of a compact collection that lies in the input as one
// string, until it returns false. False if it did, or if the input makes no sense.
template <typename CompactReader, typename Visit>
bool VisitCompact(RdbReader& reader, Visit&& visit) {
  RdbString room;
  CompactReader elements(reader.String(room));
  while (const auto element = elements.Next()) {
    if (!visit(*element)) return false;
  }
  return reader.ok() && elements.ok();
}

// Calls visit(bytes) for a count and as many strings.
template <typename Visit>
bool VisitStrings(RdbReader& reader, Visit&& visit) {
  RdbString room;
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) {
    const std::string_view bytes = reader.String(room);
    if (!reader.ok() || !visit(PackedElement(bytes))) return false;
  }
  return reader.ok();
}

// ---- Lists

bool ReadQuicklist(RdbType type, RdbReader& reader, storage::ListEditor& list) {
  const auto push = [&](const PackedElement& element) {
    list.Push(ListEnd::kTail, element);
    return true;
  };
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) {
    if (type == RdbType::kListQuicklist) {
      if (!VisitCompact<ZiplistReader>(reader, push)) return false;
      continue;
    }
    const uint64_t container = reader.Length();
    if (container == kQuicklistPacked) {
      if (!VisitCompact<ListpackReader>(reader, push)) return false;
    } else if (container == kQuicklistPlain) {
      RdbString room;
      const std::string_view bytes = reader.String(room);
      if (!reader.ok()) return false;
      push(PackedElement(bytes));
    } else {
      return false;
    }
  }
  return reader.ok();
}

// ---- Hashes

// Takes names and values in turn.
class HashFiller {
 public:
  explicit HashFiller(storage::HashEditor& hash) : hash_(hash) {}

  /// False if the field is there already.
  bool operator()(const PackedElement& element) {
    if (!name_) {
      name_ = element;
      return true;
    }
    char name_digits[20];
    char value_digits[20];
    const bool is_new = hash_.Set(name_->Bytes(name_digits), element.Bytes(value_digits));
    name_.reset();
    return is_new;
  }
  bool has_value_for_each() const { return !name_; }

 private:
  storage::HashEditor& hash_;
  std::optional<PackedElement> name_;
};

template <typename CompactReader>
bool ReadCompactHash(RdbReader& reader, storage::HashEditor& hash) {
  RdbString room;
  HashFiller fill(hash);
  CompactReader elements(reader.String(room));
  while (const auto element = elements.Next()) {
    if (!fill(*element)) return false;
  }
  return reader.ok() && elements.ok() && fill.has_value_for_each();
}

bool ReadPlainHash(RdbReader& reader, storage::HashEditor& hash) {
  RdbString name_room;
  RdbString value_room;
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) {
    const std::string_view name = reader.String(name_room);
    const std::string_view value = reader.String(value_room);
    if (!reader.ok() || !hash.Set(name, value)) return false;
  }
  return reader.ok();
}

bool ReadAnyHash(RdbType type, RdbReader& reader, storage::HashEditor& hash) {
  switch (type) {
    case RdbType::kHash: return ReadPlainHash(reader, hash);
    case RdbType::kHashZipmap: return ReadCompactHash<ZipmapReader>(reader, hash);
    case RdbType::kHashZiplist: return ReadCompactHash<ZiplistReader>(reader, hash);
    case RdbType::kHashListpack: return ReadCompactHash<ListpackReader>(reader, hash);
    default: return false;
  }
}

// ---- Sets

bool AddNew(storage::SetEditor& set, const PackedElement& member) {
  SetNeedle needle(member);
  return set.Add(needle);
}

// The shape is chosen by the announced count, but never for more members than there can be.
bool ReadPlainSet(RdbReader& reader, storage::SetEditor& set) {
  RdbString room;
  const uint64_t count = reader.Length();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::string_view bytes = reader.String(room);
    if (!reader.ok()) return false;
    SetNeedle needle(bytes);
    const uint64_t count_max = reader.left_bytes() + 1;
    if (i == 0) set.Begin(needle, static_cast<size_t>(std::min(count, count_max)));
    if (!set.Add(needle)) return false;
  }
  return reader.ok();
}

bool ReadIntset(RdbReader& reader, storage::SetEditor& set) {
  RdbString room;
  IntsetReader numbers(reader.String(room));
  for (bool is_first = true; const auto number = numbers.Next(); is_first = false) {
    SetNeedle needle(*number);
    if (is_first) set.Begin(needle, static_cast<size_t>(numbers.count()));
    if (!set.Add(needle)) return false;
  }
  return reader.ok() && numbers.ok();
}

bool ReadAnySet(RdbType type, RdbReader& reader, storage::SetEditor& set) {
  switch (type) {
    case RdbType::kSet: return ReadPlainSet(reader, set);
    case RdbType::kSetIntset: return ReadIntset(reader, set);
    case RdbType::kSetListpack:
      return VisitCompact<ListpackReader>(
          reader, [&](const PackedElement& member) { return AddNew(set, member); });
    default: return false;
  }
}

}  // namespace

bool ReadList(RdbType type, RdbReader& reader, storage::ListEditor& list) {
  const auto push = [&](const PackedElement& element) {
    list.Push(ListEnd::kTail, element);
    return true;
  };
  bool is_read = false;
  if (type == RdbType::kList) {
    is_read = VisitStrings(reader, push);
  } else if (type == RdbType::kListZiplist) {
    is_read = VisitCompact<ZiplistReader>(reader, push);
  } else {
    is_read = ReadQuicklist(type, reader, list);
  }
  return is_read && list.count() != 0;
}

bool ReadSet(RdbType type, RdbReader& reader, storage::SetEditor& set) {
  return ReadAnySet(type, reader, set) && set.count() != 0;
}

bool ReadHash(RdbType type, RdbReader& reader, storage::HashEditor& hash) {
  return ReadAnyHash(type, reader, hash) && hash.view().size() != 0;
}

// ---- Writing

void WriteList(const storage::ListView& list, RdbWriter& writer) {
  writer.Length(list.count());
  for (auto at = list.From(0, ListEnd::kTail); !at.is_done(); at.Next()) writer.String(at.Get());
}

void WriteSet(const storage::SetView& set, RdbWriter& writer) {
  writer.Length(set.count());
  set.ForEach([&](const PackedElement& member) { writer.String(member); });
}

void WriteHash(const storage::HashView& hash, RdbWriter& writer) {
  writer.Length(hash.size());
  hash.VisitAll([&](const PackedElement& name, const PackedElement& value) {
    writer.String(name);
    writer.String(value);
  });
}

}  // namespace ringtail::persistence
