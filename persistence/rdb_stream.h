// Streams in RDB: the three forms of Redis 5 to 7.2 are read, that of Redis 7.0 is written.
//
//   Stream stream;
//   if (!ReadStream(RdbType::kStream2, reader, stream)) return Refuse();
//
// value:    count of listpacks | (first id 16 | listpack) … | length | last id
//           | [7.0: first id | greatest deleted id | entries ever added] | count of groups | groups
// group:    name | last id | [7.0: entries read]
//           | count of pending entries | (id 16 | delivered ms 8 | deliveries) …
//           | count of consumers | consumers
// consumer: name | seen ms 8 | [7.2: active ms 8] | count of its pending entries | (id 16) …
// listpack: live count | deleted count | name count | names | 0 | entries
// entry:    flags | ms - first ms | seq - first seq | [pair count]
//           | values, or names and values | elements of this entry
//
// Ids are two lengths each but where 16 bytes are named: then two numbers with the highest byte
// first. Thread rule: pure functions over what they are given.
#pragma once

#include <cstdint>

#include "persistence/rdb_reader.h"
#include "persistence/rdb_writer.h"
#include "storage/stream.h"

namespace ringtail::persistence {

/// Puts what it reads into an empty stream. False if the input makes no sense, entries are out of
/// order or counts are wrong; the stream is then of no use.
bool ReadStream(RdbType type, RdbReader& reader, storage::Stream& stream);

/// Writes type and value, as Redis 7.0 reads it: when consumers were active is left out.
void WriteStream(const storage::Stream& stream, RdbWriter& writer);

}  // namespace ringtail::persistence
