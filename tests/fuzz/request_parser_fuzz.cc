// Any bytes, cut at any places, are the same requests and the same error, and take memory in
// proportion to what was received and to nothing that was announced. The first bytes of the input
// choose the cuts.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "proto/request_parser.h"
#include "proto/request_writer.h"

namespace {

using namespace ringtail::proto;
using Request = std::vector<std::string>;

struct Meaning {
  std::vector<Request> requests;
  std::string error;
  size_t left_bytes = 0;

  bool operator==(const Meaning&) const = default;
};

void Require(bool holds, const char* claim) {
  if (holds) return;
  std::fprintf(stderr, "not true: %s\n", claim);
  std::abort();
}

// Reads `bytes` in pieces of random sizes.
Meaning Read(std::string_view bytes, const ParserLimits& limits, uint64_t seed) {
  ringtail::Random random(seed);
  Meaning meaning;
  RequestParser parser;
  ArgVector args;
  std::string buffer;
  while (!bytes.empty() && meaning.error.empty()) {
    const size_t piece_bytes = 1 + random.Below(seed % 2 == 0 ? bytes.size() : 8);
    const size_t taken_bytes = piece_bytes < bytes.size() ? piece_bytes : bytes.size();
    // A copy of the exact size lets AddressSanitizer see a read past the end.
    std::string moved;
    moved.reserve(buffer.size() + taken_bytes);
    moved.append(buffer).append(bytes.substr(0, taken_bytes));
    buffer.swap(moved);
    bytes.remove_prefix(taken_bytes);
    std::string_view rest = buffer;
    for (;;) {
      const uint32_t first = args.count();
      const ParseStep step = parser.Next(rest, limits, args);
      rest.remove_prefix(step.consumed);
      if (step.outcome != ParseOutcome::kRequest) {
        Require(args.count() == first, "only a whole request leaves arguments");
        meaning.error = step.error;
        Require(meaning.error.empty() == (step.outcome == ParseOutcome::kNeedMore), "error text");
        break;
      }
      Require(step.consumed > 0 && args.count() > first, "a request has bytes and arguments");
      Request& request = meaning.requests.emplace_back();
      for (const std::string_view arg : args.Range(first)) request.emplace_back(arg);
    }
    // An inline line of at most 64 KiB may hold an argument in every second byte.
    Require(args.reserved_bytes() <= 10 * buffer.size() + 64 * 1024, "memory follows the bytes");
    args.Clear();
    buffer = std::string(rest);
  }
  meaning.left_bytes = meaning.error.empty() ? buffer.size() : 0;
  return meaning;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  ParserLimits limits;
  limits.is_authenticated = (data[0] & 1) == 0;
  // Small limits now and then, so that short inputs reach the long ones' branches.
  if ((data[0] & 2) != 0) limits.inline_bytes_max = 16;
  if ((data[0] & 4) != 0) limits.bulk_bytes_max = 100;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 3, size - 3);
  const Meaning meaning = Read(bytes, limits, uint64_t{data[1]} * 2);
  Require(meaning == Read(bytes, limits, uint64_t{data[2]} * 2 + 1), "splits do not matter");

  // What was read, written again, reads the same.
  std::string written;
  for (const Request& request : meaning.requests) {
    AppendRequest(written, std::vector<std::string_view>(request.begin(), request.end()));
  }
  const Meaning again = Read(written, {}, data[1]);
  Require(again.requests == meaning.requests && again.error.empty() && again.left_bytes == 0,
          "requests survive writing");
  return 0;
}
