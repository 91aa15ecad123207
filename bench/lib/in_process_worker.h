// A worker without its sockets: requests as bytes in, parsed, prefetched and executed as
// SessionWorker does it, their replies thrown away. And the bytes of requests whose keys can be
// replaced.
//
//   Engine engine({.worker_count = 1, .clock = &clock, .seed = 7});
//   InProcessWorker worker(engine, 0);
//   RequestBytes bytes;
//   bytes.Append("GET", 1, "");
//   bytes.ReplaceKeys(random, key_count);
//   worker.RunBatch(bytes.view(), 16);
//
// Thread rule: a worker belongs to one thread; several of one engine run side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "commands/executor.h"
#include "proto/request_parser.h"
#include "proto/request_writer.h"

namespace ringtail::bench {

class InProcessWorker {
 public:
  InProcessWorker(engine::Engine& engine, uint32_t index)
      : engine_(engine),
        worker_(engine.worker(index)),
        stats_(commands::CommandTable::Standard().entries().size()),
        executor_({.engine = engine_,
                   .worker = worker_,
                   .table = commands::CommandTable::Standard(),
                   .services = services_,
                   .settings = settings_,
                   .observer = observer_,
                   .stats = stats_,
                   .cycles = cycles_,
                   .args = args_}),
        output_(pool_) {}

  /// Executes up to `batch` requests from the front of `bytes` and returns how many bytes they
  /// were.
  size_t RunBatch(std::string_view bytes, size_t batch) {
    engine_.BeginBatch(worker_);
    executor_.BeginBatch();
    requests_.clear();
    size_t consumed = 0;
    while (requests_.size() < batch && consumed < bytes.size()) {
      const uint32_t first = args_.count();
      const proto::ParseStep step = parser_.Next(bytes.substr(consumed), limits_, args_);
      consumed += step.consumed;
      requests_.push_back({.first_arg = first, .arg_count = args_.count() - first});
      executor_.Prepare(requests_.back(), client_.db);
    }
    for (const commands::Request& request : requests_) {
      executor_.PrefetchEntries(request, client_.db);
    }
    for (size_t i = 0; i < requests_.size(); ++i) {
      if (i + kLockPrefetchDistance < requests_.size()) {
        executor_.PrefetchLocks(requests_[i + kLockPrefetchDistance]);
      }
      executor_.Execute(requests_[i], client_, output_);
    }
    args_.Clear();
    engine_.EndBatch(worker_);
    output_.Consume(output_.size_bytes());
    return consumed;
  }

 private:
  static constexpr size_t kLockPrefetchDistance = 4;  // SessionWorker's

  class NullObserver final : public commands::ExecutionObserver {
   public:
    void OnMonitored(const commands::ClientState&, const commands::CommandTable::Entry&,
                     commands::Args, int64_t) override {}
    void OnExceeded(const commands::ClientState&, const commands::CommandTable::Entry&,
                    commands::Args, uint64_t, uint64_t, uint64_t) override {}
  };

  engine::Engine& engine_;
  engine::WorkerState& worker_;
  CycleClock cycles_;
  commands::ExecutionSettings settings_;
  NullObserver observer_;
  commands::Services services_;
  commands::CommandStats stats_;
  proto::ChunkPool pool_;
  proto::ArgVector args_;
  proto::RequestParser parser_;
  proto::ParserLimits limits_;
  commands::Executor executor_;
  proto::OutputBuffer output_;
  commands::ClientState client_;
  std::vector<commands::Request> requests_;
};

inline constexpr size_t kKeyDigits = 12;

/// Writes the number over twelve bytes, in hexadecimal digits.
inline void WriteKeyDigits(char* digits, uint64_t number) {
  for (size_t i = kKeyDigits; i-- > 0; number >>= 4) digits[i] = "0123456789abcdef"[number & 0xf];
}

/// "key:" and the number's digits: 16 bytes.
inline std::string KeyName(uint64_t number) {
  std::string name = "key:" + std::string(kKeyDigits, '0');
  WriteKeyDigits(name.data() + 4, number);
  return name;
}

/// The requests of one batch.
class RequestBytes {
 public:
  /// Adds a request of `key_count` keys, each followed by the value if it is not empty.
  void Append(std::string_view command, size_t key_count, std::string_view value) {
    const std::string key = KeyName(0);
    std::vector<std::string_view> words = {command};
    for (size_t k = 0; k < key_count; ++k) {
      words.push_back(key);
      if (!value.empty()) words.push_back(value);
    }
    const size_t start = bytes_.size();
    proto::AppendRequest(bytes_, words);
    for (size_t at = bytes_.find(key, start); at != std::string::npos;
         at = bytes_.find(key, at + key.size())) {
      digit_offsets_.push_back(at + 4);
    }
  }

  /// Writes a random one of `key_count` names (a power of two) over every key.
  void ReplaceKeys(Random& random, uint64_t key_count) {
    for (const size_t offset : digit_offsets_) {
      WriteKeyDigits(bytes_.data() + offset, random.Next() & (key_count - 1));
    }
  }

  std::string_view view() const { return bytes_; }

 private:
  std::string bytes_;
  std::vector<size_t> digit_offsets_;
};

}  // namespace ringtail::bench
