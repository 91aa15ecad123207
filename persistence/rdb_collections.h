// Lists, sets and hashes in RDB: every form that Redis 2.8 to 7.2 writes is read, the plain one of
// each is written.
//
//   if (!ReadHash(RdbType::kHashListpack, reader, editor)) return Refuse();
//
// Readers put what they read into a collection without elements. They answer false if the input
// makes no sense, holds an element twice that there can be once, or holds none; the collection is
// then of no use. Thread rule: pure functions over what they are given.
#pragma once

#include "persistence/rdb_reader.h"
#include "persistence/rdb_writer.h"
#include "storage/hash_value.h"
#include "storage/list_value.h"
#include "storage/set_value.h"

namespace ringtail::persistence {

bool ReadList(RdbType type, RdbReader& reader, storage::ListEditor& list);
bool ReadSet(RdbType type, RdbReader& reader, storage::SetEditor& set);
bool ReadHash(RdbType type, RdbReader& reader, storage::HashEditor& hash);

/// Write type and value.
void WriteList(const storage::ListView& list, RdbWriter& writer);
void WriteSet(const storage::SetView& set, RdbWriter& writer);
/// When fields expire is not written: Redis until 7.2 has no word for it.
void WriteHash(const storage::HashView& hash, RdbWriter& writer);

}  // namespace ringtail::persistence
