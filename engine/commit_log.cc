#include "engine/commit_log.h"

#include <algorithm>
#include <array>

namespace ringtail::engine {
namespace {

void AppendLength(std::string& out, char type, size_t length) {
  out += type;
  out += std::to_string(length);
  out += "\r\n";
}

}  // namespace

// The engine knows no protocol library; the log's format is the few bytes below (RESP arrays of bulks).
void CommitLog::Write(std::span<const std::string_view> command) {
  AppendLength(pending_, '*', command.size());
  for (const std::string_view arg : command) {
    AppendLength(pending_, '$', arg.size());
    pending_ += arg;
    pending_ += "\r\n";
  }
}

void CommitLog::Select(int db) {
  if (selected_db_ == db) return;
  selected_db_ = db;
  const std::string number = std::to_string(db);
  Write(std::array<std::string_view, 2>{"SELECT", number});
}

void CommitLog::Deliver() {
  const uint64_t start = offset_.load(std::memory_order_relaxed);
  for (LogReader* reader : readers_) reader->OnAppend(start, pending_);
  offset_.store(start + pending_.size(), std::memory_order_release);
  pending_.clear();
}

void CommitLog::Append(int db, std::span<const std::string_view> command) {
  std::lock_guard<std::mutex> lock(mutex_);
  Select(db);
  Write(command);
  Deliver();
}

void CommitLog::AppendTransaction(std::span<const LoggedCommand> commands) {
  if (commands.empty()) return;
  std::lock_guard<std::mutex> lock(mutex_);
  Select(commands.front().db);
  if (commands.size() > 1) Write(std::array<std::string_view, 1>{"MULTI"});
  for (const LoggedCommand& command : commands) {
    Select(command.db);
    const std::vector<std::string_view> views(command.args.begin(), command.args.end());
    Write(views);
  }
  if (commands.size() > 1) Write(std::array<std::string_view, 1>{"EXEC"});
  Deliver();
}

void CommitLog::AddReader(LogReader* reader) {
  std::lock_guard<std::mutex> lock(mutex_);
  readers_.push_back(reader);
  selected_db_ = -1;
  has_readers_.store(true, std::memory_order_relaxed);
}

void CommitLog::RemoveReader(LogReader* reader) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::erase(readers_, reader);
  has_readers_.store(!readers_.empty(), std::memory_order_relaxed);
}

}  // namespace ringtail::engine
