// How entries of streams are answered: [id, [name, value, …]].
//
//   streams::ReplyRange(ctx.reply(), StreamRange(stream, first, last), count);
//
// Thread rule: as the writer's.
#pragma once

#include <cstdint>

#include "proto/decimal.h"
#include "proto/reply_writer.h"
#include "storage/stream.h"

namespace ringtail::commands::streams {

/// An id as a bulk.
inline void ReplyId(proto::ReplyWriter& reply, storage::StreamId id) {
  const size_t size = proto::DecimalWidth(id.ms) + 1 + proto::DecimalWidth(id.seq);
  char* at = proto::WriteDecimal(reply.BulkPlace(size), id.ms);
  *at = '-';
  proto::WriteDecimal(at + 1, id.seq);
}

/// An entry as an array of its id and its pairs.
void ReplyEntry(proto::ReplyWriter& reply, const storage::StreamEntry& entry);
/// The next `count_max` entries (0: all of them) as an array; how many these were.
size_t ReplyRange(proto::ReplyWriter& reply, storage::StreamRange range, uint64_t count_max);

}  // namespace ringtail::commands::streams
