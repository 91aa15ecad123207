// Sorted sets in RDB: every form that Redis 2.8 to 7.2 writes is read, members with doubles are
// written.
//
//   if (!ReadSortedSet(RdbType::kSortedSetListpack, reader, editor)) return Refuse();
//
// Thread rule: pure functions over what they are given.
#pragma once

#include "persistence/rdb_reader.h"
#include "persistence/rdb_writer.h"
#include "storage/zset_value.h"

namespace ringtail::persistence {

/// Puts what it reads into a sorted set without members. False if the input makes no sense, holds
/// a member twice or a score that is no number, or holds nothing; the sorted set is then of no
/// use.
bool ReadSortedSet(RdbType type, RdbReader& reader, storage::SortedSetEditor& sorted_set);

/// Writes type and value.
void WriteSortedSet(const storage::SortedSetView& sorted_set, RdbWriter& writer);

}  // namespace ringtail::persistence
