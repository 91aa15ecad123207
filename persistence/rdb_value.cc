#include "persistence/rdb_value.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "persistence/crc64.h"
#include "persistence/detached_value.h"
#include "persistence/rdb_collections.h"
#include "persistence/rdb_sorted_set.h"
#include "persistence/rdb_stream.h"
#include "storage/object.h"
#include "storage/string_value.h"

namespace ringtail::persistence {

using storage::Encoding;
using storage::Entry;
using storage::ValueType;

namespace {

/// Our lengths of strings within collections take 32 bits.
constexpr size_t kStringBytesMax = std::numeric_limits<uint32_t>::max();

void WriteString(const Entry& entry, RdbWriter& writer) {
  if (entry.encoding() == Encoding::kInt) return writer.Integer(entry.int_value());
  writer.String(storage::StringView(entry).bytes());
}

Error NoValue() { return Error{"The value is not one of RDB's, or is damaged."}; }

Result<Entry*> ReadString(RdbReader& reader, std::string_view name) {
  RdbString room;
  const std::string_view bytes = reader.String(room);
  if (!reader.ok()) return NoValue();
  return storage::MakeString(name, bytes, /*is_volatile=*/false);
}

// Builds a collection by read(place).
template <typename Read>
Result<Entry*> ReadCollection(std::string_view name, ValueType type, Read&& read) {
  DetachedValue value(name, type);
  if (!read(value.place())) return NoValue();
  return value.Take();
}

Result<Entry*> ReadStreamEntry(RdbType type, RdbReader& reader, std::string_view name) {
  auto stream = std::make_unique<storage::Stream>();
  if (!ReadStream(type, reader, *stream)) return NoValue();
  Entry* entry =
      Entry::Create({.key = name, .type = ValueType::kStream, .encoding = Encoding::kObject});
  entry->SetPointer(static_cast<storage::Object*>(stream.release()));
  return entry;
}

std::string_view WithoutFooter(std::string_view payload) {
  return payload.substr(0, payload.size() - kPayloadFooterBytes);
}

}  // namespace

RdbType WrittenType(const Entry& entry) {
  switch (entry.type()) {
    case ValueType::kString: return RdbType::kString;
    case ValueType::kList: return RdbType::kList;
    case ValueType::kSet: return RdbType::kSet;
    case ValueType::kHash: return RdbType::kHash;
    case ValueType::kSortedSet: return RdbType::kSortedSet;
    case ValueType::kStream: return RdbType::kStream2;
  }
  return RdbType::kString;
}

void WriteValue(const Entry& entry, RdbWriter& writer) {
  switch (entry.type()) {
    case ValueType::kString: return WriteString(entry, writer);
    case ValueType::kList: return WriteList(storage::ListView(entry), writer);
    case ValueType::kSet: return WriteSet(storage::SetView(entry), writer);
    case ValueType::kHash: return WriteHash(storage::HashView(entry), writer);
    case ValueType::kSortedSet:
      return WriteSortedSet(storage::SortedSetView(entry), writer);
    case ValueType::kStream:
      return WriteStream(storage::ObjectOf<storage::Stream>(entry), writer);
  }
}

Result<Entry*> ReadValue(RdbType type, RdbReader& reader, std::string_view name,
                         const ValueLimits& limits) {
  switch (type) {
    case RdbType::kString:
      return ReadString(reader, name);
    case RdbType::kList:
    case RdbType::kListZiplist:
    case RdbType::kListQuicklist:
    case RdbType::kListQuicklist2:
      return ReadCollection(name, ValueType::kList, [&](storage::ValuePlace& place) {
        storage::ListEditor list(place, limits.list);
        return ReadList(type, reader, list);
      });
    case RdbType::kSet:
    case RdbType::kSetIntset:
    case RdbType::kSetListpack:
      return ReadCollection(name, ValueType::kSet, [&](storage::ValuePlace& place) {
        storage::SetEditor set(place, limits.set);
        return ReadSet(type, reader, set);
      });
    case RdbType::kHash:
    case RdbType::kHashZipmap:
    case RdbType::kHashZiplist:
    case RdbType::kHashListpack:
      return ReadCollection(name, ValueType::kHash, [&](storage::ValuePlace& place) {
        storage::HashEditor hash(place, limits.hash);
        return ReadHash(type, reader, hash);
      });
    case RdbType::kSortedSetText:
    case RdbType::kSortedSet:
    case RdbType::kSortedSetZiplist:
    case RdbType::kSortedSetListpack:
      return ReadCollection(name, ValueType::kSortedSet, [&](storage::ValuePlace& place) {
        storage::SortedSetEditor sorted_set(place, limits.sorted_set);
        return ReadSortedSet(type, reader, sorted_set);
      });
    case RdbType::kStream:
    case RdbType::kStream2:
    case RdbType::kStream3:
      return ReadStreamEntry(type, reader, name);
    default:
      return NoValue();
  }
}

// ---- Payloads

std::string DumpPayload(const Entry& entry) {
  std::string payload;
  RdbWriter writer(payload);
  writer.Type(WrittenType(entry));
  WriteValue(entry, writer);
  writer.Little(kRdbVersion, 2);
  writer.Fixed64(Crc64(0, payload));
  return payload;
}

bool IsIntactPayload(std::string_view payload) {
  if (payload.size() < kPayloadFooterBytes) return false;
  const std::string_view checked = payload.substr(0, payload.size() - 8);
  RdbReader footer(payload.substr(payload.size() - kPayloadFooterBytes), 0);
  const unsigned version = footer.Byte() | static_cast<unsigned>(footer.Byte()) << 8;
  return version <= kRdbVersionMax && footer.Fixed64() == Crc64(0, checked);
}

Result<Entry*> RestorePayload(std::string_view payload, std::string_view name,
                              const ValueLimits& limits) {
  const size_t string_bytes_max = std::min(limits.string_bytes_max, kStringBytesMax);
  RdbReader reader(WithoutFooter(payload), string_bytes_max);
  const auto type = static_cast<RdbType>(reader.Byte());
  if (!reader.ok()) return NoValue();
  auto entry = ReadValue(type, reader, name, limits);
  if (entry.ok() && !reader.is_end()) {
    Entry::Destroy(entry.value());
    return NoValue();
  }
  return entry;
}

}  // namespace ringtail::persistence
