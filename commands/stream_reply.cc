#include "commands/stream_reply.h"

namespace ringtail::commands::streams {
namespace {

void ReplyText(proto::ReplyWriter& reply, const storage::PackedElement& text) {
  text.is_int() ? reply.BulkInt(text.number()) : reply.Bulk(text.text());
}

}  // namespace

void ReplyEntry(proto::ReplyWriter& reply, const storage::StreamEntry& entry) {
  reply.Array(2);
  ReplyId(reply, entry.id);
  reply.Array(size_t{entry.pair_count} * 2);
  entry.ForEach([&](const storage::PackedElement& name, const storage::PackedElement& value) {
    reply.Bulk(name.text());
    ReplyText(reply, value);
  });
}

size_t ReplyRange(proto::ReplyWriter& reply, storage::StreamRange range, uint64_t count_max) {
  const auto begin = reply.BeginArray();
  size_t count = 0;
  for (storage::StreamEntry entry; range.Next(entry);) {
    ReplyEntry(reply, entry);
    if (++count == count_max) break;
  }
  reply.EndArray(begin, count);
  return count;
}

}  // namespace ringtail::commands::streams
