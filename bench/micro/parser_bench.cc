// Nanoseconds per request parsed and per reply written: the part of every command that is not its
// work.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>
#include <vector>

#include "proto/output_buffer.h"
#include "proto/reply_writer.h"
#include "proto/request_parser.h"
#include "proto/request_writer.h"

namespace {

using namespace ringtail::proto;

std::string Repeat(const std::vector<std::string>& args, int count) {
  const std::vector<std::string_view> views(args.begin(), args.end());
  std::string bytes;
  for (int i = 0; i < count; ++i) AppendRequest(bytes, views);
  return bytes;
}

// One batch of pipelined requests, as a worker parses it.
void ParseBatch(benchmark::State& state, const std::vector<std::string>& request) {
  constexpr int kBatch = 100;
  const std::string bytes = Repeat(request, kBatch);
  RequestParser parser;
  ArgVector args;
  ParserLimits limits;
  for (auto _ : state) {
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const ParseStep step = parser.Next(rest, limits, args);
      rest.remove_prefix(step.consumed);
    }
    benchmark::DoNotOptimize(args.end_place());
    args.Clear();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

const std::string kKey = "key:000000012345";
const std::string kValue(64, 'v');

void ParsePing(benchmark::State& state) { ParseBatch(state, {"PING"}); }
void ParseGet(benchmark::State& state) { ParseBatch(state, {"GET", kKey}); }
void ParseSet(benchmark::State& state) { ParseBatch(state, {"SET", kKey, kValue}); }
void ParseSet1KiB(benchmark::State& state) {
  ParseBatch(state, {"SET", kKey, std::string(1024, 'v')});
}
void ParseMset10(benchmark::State& state) {
  std::vector<std::string> request = {"MSET"};
  for (int i = 0; i < 10; ++i) {
    request.push_back(kKey);
    request.push_back(kValue);
  }
  ParseBatch(state, request);
}
BENCHMARK(ParsePing);
BENCHMARK(ParseGet);
BENCHMARK(ParseSet);
BENCHMARK(ParseSet1KiB);
BENCHMARK(ParseMset10);

void ParseInlinePing(benchmark::State& state) {
  RequestParser parser;
  ArgVector args;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.Next("PING\r\n", {}, args));
    args.Clear();
  }
}
BENCHMARK(ParseInlinePing);

// A request cut in the middle of its value, as at the end of a read.
void ParseSetInTwoPieces(benchmark::State& state) {
  const std::string bytes = Repeat({"SET", kKey, kValue}, 1);
  RequestParser parser;
  ArgVector args;
  ParserLimits limits;
  for (auto _ : state) {
    parser.Next(std::string_view(bytes).substr(0, bytes.size() - 20), limits, args);
    benchmark::DoNotOptimize(parser.Next(bytes, limits, args));
    args.Clear();
  }
}
BENCHMARK(ParseSetInTwoPieces);

// A batch of replies and the "write" that empties the buffer.
template <typename Write>
void WriteBatch(benchmark::State& state, int batch, Write&& write) {
  ChunkPool pool;
  OutputBuffer output(pool);
  ReplyWriter reply(output, RespVersion::kResp2);
  for (auto _ : state) {
    for (int i = 0; i < batch; ++i) write(reply);
    iovec iovecs[8];
    benchmark::DoNotOptimize(output.FillIovecs(iovecs, 8));
    output.Consume(output.size_bytes());
  }
  state.SetItemsProcessed(state.iterations() * batch);
}

void ReplyOk(benchmark::State& state) {
  WriteBatch(state, 100, [](ReplyWriter& reply) { reply.Ok(); });
}
void ReplyNull(benchmark::State& state) {
  WriteBatch(state, 100, [](ReplyWriter& reply) { reply.Null(); });
}
void ReplyInteger(benchmark::State& state) {
  int64_t value = 0;
  WriteBatch(state, 100, [&](ReplyWriter& reply) { reply.Integer(value = (value + 7) % 100'000); });
}
void ReplyBulk64(benchmark::State& state) {
  WriteBatch(state, 100, [](ReplyWriter& reply) { reply.Bulk(kValue); });
}
void ReplyBulk64Single(benchmark::State& state) {
  WriteBatch(state, 1, [](ReplyWriter& reply) { reply.Bulk(kValue); });
}
void ReplyBulk1KiB(benchmark::State& state) {
  const std::string value(1024, 'v');
  WriteBatch(state, 100, [&](ReplyWriter& reply) { reply.Bulk(value); });
}
void ReplyError(benchmark::State& state) {
  WriteBatch(state, 100, [](ReplyWriter& reply) {
    reply.Error("WRONGTYPE Operation against a key holding the wrong kind of value");
  });
}
void ReplyDoubleFraction(benchmark::State& state) {
  WriteBatch(state, 100, [](ReplyWriter& reply) { reply.Double(3.14); });
}
void ReplyDeferredArrayOf10(benchmark::State& state) {
  WriteBatch(state, 10, [](ReplyWriter& reply) {
    const auto array = reply.BeginArray();
    for (int i = 0; i < 10; ++i) reply.Bulk(kKey);
    reply.EndArray(array, 10);
  });
}
BENCHMARK(ReplyOk);
BENCHMARK(ReplyNull);
BENCHMARK(ReplyInteger);
BENCHMARK(ReplyBulk64);
BENCHMARK(ReplyBulk64Single);
BENCHMARK(ReplyBulk1KiB);
BENCHMARK(ReplyError);
BENCHMARK(ReplyDoubleFraction);
BENCHMARK(ReplyDeferredArrayOf10);

void EncodeSet(benchmark::State& state) {
  const std::vector<std::string_view> args = {"SET", kKey, kValue};
  std::string log;
  for (auto _ : state) {
    log.clear();
    AppendRequest(log, args);
    benchmark::DoNotOptimize(log.data());
  }
}
BENCHMARK(EncodeSet);

}  // namespace
