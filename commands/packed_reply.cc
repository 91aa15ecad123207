#include "commands/packed_reply.h"

#include <algorithm>

namespace ringtail::commands {

using storage::PackedElement;
using storage::PackedView;

void ReplyRun(proto::ReplyWriter& reply, const char* at, const char* end, size_t count) {
  using BulkRun = proto::ReplyWriter::BulkRun;
  // An element takes about as much as here and a few bytes more.
  const auto memory_bytes = static_cast<size_t>(end - at);
  BulkRun run(reply, std::min(memory_bytes, count * 64) + std::min(memory_bytes, count) * 6 + 64);
  const PackedView view({at, 0});  // decodes elements wherever they are
  for (; count > 0; --count) {
    const auto head = static_cast<unsigned char>(*at);
    if (head >= 0x80 && head < 0xc0) [[likely]] {
      const size_t size = head & 0x3f;
      if (size <= BulkRun::kPaddedBytes &&
          static_cast<size_t>(end - at) > BulkRun::kPaddedBytes) {
        run.AddPadded(at + 1, size);
      } else {
        run.Add({at + 1, size});
      }
      at += size + 2;
      continue;
    }
    const PackedElement element = view.Get(at);
    element.is_int() ? run.AddInt(element.number()) : run.Add(element.text());
    at += PackedView::ElementBytes(at);
  }
}

}  // namespace ringtail::commands
