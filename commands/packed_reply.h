// Answers elements of packed collections.
//
//   ReplyElement(ctx.reply(), view.Get(at));
//   ReplyRun(ctx.reply(), at, view.end(), count);
//
// Thread rule: as for ReplyWriter.
#pragma once

#include <cstddef>

#include "proto/reply_writer.h"
#include "storage/packed.h"

namespace ringtail::commands {

/// The element as a bulk.
inline void ReplyElement(proto::ReplyWriter& reply, const storage::PackedElement& element) {
  element.is_int() ? reply.BulkInt(element.number()) : reply.Bulk(element.text());
}

/// `count` elements from the one at `at` on, each as a bulk. `end` is where their memory ends.
void ReplyRun(proto::ReplyWriter& reply, const char* at, const char* end, size_t count);

}  // namespace ringtail::commands
