// The node's one order of writes: a number for each, and its effects for whoever reads them.
//
//   const uint64_t stamp = log.Commit();                        // while the partition locks are held
//   if (log.has_readers()) log.Append(db, {"SET", key, value});
//
// Replicas, the append-only file, slot migrations and region links are readers. While there are none the order of
// two writes is nobody's business, and all writes between two invalidations share a number: an invalidation takes one
// of its own (Advance), and what has a smaller one is older. So a commit costs a load; a counter that all
// workers add to would cost each of them a cache miss (measured: docs/adr/0002-commit-numbers.md).
// Thread rule: Commit, Advance and Append from any worker that holds the locks of the partitions it
// changed; AddReader and RemoveReader only in exclusive mode.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringtail::engine {

/// Gets every effect, in order, as RESP. Called with the log's mutex held: be short.
struct LogReader {
  virtual ~LogReader() = default;
  virtual void OnAppend(uint64_t offset, std::string_view resp) = 0;
};

/// A command on a database, as it is logged.
struct LoggedCommand {
  int db = 0;
  std::vector<std::string> args;
};

class CommitLog {
 public:
  /// The commit sequence of a write; the first is 1.
  uint64_t Commit() { return has_readers() ? Advance() : sequence(); }
  /// A commit sequence that is larger than that of every write before.
  uint64_t Advance() { return sequence_.fetch_add(1, std::memory_order_relaxed) + 1; }
  uint64_t sequence() const { return sequence_.load(std::memory_order_relaxed); }

  bool has_readers() const { return has_readers_.load(std::memory_order_relaxed); }
  /// Appends one effect on database `db` (a SELECT goes before it when the database changes).
  void Append(int db, std::span<const std::string_view> command);
  /// Appends the effects of one transaction between MULTI and EXEC.
  void AppendTransaction(std::span<const LoggedCommand> commands);
  /// The bytes appended so far; the replication offset.
  uint64_t offset() const { return offset_.load(std::memory_order_acquire); }

  void AddReader(LogReader* reader);
  void RemoveReader(LogReader* reader);

 private:
  void Select(int db);
  void Write(std::span<const std::string_view> command);
  void Deliver();

  std::atomic<bool> has_readers_{false};
  std::atomic<uint64_t> sequence_{1};

  std::mutex mutex_;  // guards what follows
  std::vector<LogReader*> readers_;
  int selected_db_ = -1;
  std::string pending_;
  std::atomic<uint64_t> offset_{0};
};

}  // namespace ringtail::engine
