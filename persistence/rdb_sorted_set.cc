#include "persistence/rdb_sorted_set.h"

#include <cmath>
#include <optional>

#include "base/parse_number.h"
#include "persistence/compact_readers.h"

namespace ringtail::persistence {

using storage::PackedElement;
using storage::SortedSetEditor;

namespace {

bool AddNew(SortedSetEditor& sorted_set, std::string_view member, double score) {
  if (std::isnan(score) || sorted_set.Find(member)) return false;
  sorted_set.Add(score);
  return true;
}

bool ReadPlain(RdbType type, RdbReader& reader, SortedSetEditor& sorted_set) {
  RdbString room;
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) {
    const std::string_view member = reader.String(room);
    const double score = type == RdbType::kSortedSet ? reader.Double() : reader.TextDouble();
    if (!reader.ok() || !AddNew(sorted_set, member, score)) return false;
  }
  return reader.ok();
}

std::optional<double> ScoreOf(const PackedElement& element) {
  if (element.is_int()) return static_cast<double>(element.number());
  return ParseDouble(element.text());
}

// Members and scores in turn; a score is an integer or text.
template <typename CompactReader>
bool ReadCompact(RdbReader& reader, SortedSetEditor& sorted_set) {
  RdbString room;
  CompactReader elements(reader.String(room));
  while (const auto member = elements.Next()) {
    const auto score_element = elements.Next();
    if (!score_element) return false;
    const auto score = ScoreOf(*score_element);
    char digits[20];
    if (!score || !AddNew(sorted_set, member->Bytes(digits), *score)) return false;
  }
  return reader.ok() && elements.ok();
}

bool ReadAny(RdbType type, RdbReader& reader, SortedSetEditor& sorted_set) {
  switch (type) {
    case RdbType::kSortedSet:
    case RdbType::kSortedSetText: return ReadPlain(type, reader, sorted_set);
    case RdbType::kSortedSetZiplist: return ReadCompact<ZiplistReader>(reader, sorted_set);
    case RdbType::kSortedSetListpack: return ReadCompact<ListpackReader>(reader, sorted_set);
    default: return false;
  }
}

}  // namespace

bool ReadSortedSet(RdbType type, RdbReader& reader, SortedSetEditor& sorted_set) {
  return ReadAny(type, reader, sorted_set) && sorted_set.size() != 0;
}

// From the greatest down: whoever reads them inserts each at the front, which is quickest for
// Redis.
void WriteSortedSet(const storage::SortedSetView& sorted_set, RdbWriter& writer) {
  const size_t count = sorted_set.size();
  writer.Length(count);
  if (count == 0) return;
  sorted_set.Visit(count - 1, count, storage::Direction::kBackward,
                   [&](std::string_view member, double score) {
                     writer.String(member);
                     writer.Double(score);
                   });
}

}  // namespace ringtail::persistence
