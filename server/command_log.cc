#include "server/command_log.h"

#include <algorithm>

namespace ringtail::server {
namespace {

constexpr size_t kArgsMax = 32;
constexpr size_t kArgBytesMax = 128;

std::string Cut(std::string_view arg) {
  if (arg.size() <= kArgBytesMax) return std::string(arg);
  return std::string(arg.substr(0, kArgBytesMax)) + "... (" +
         std::to_string(arg.size() - kArgBytesMax) + " more bytes)";
}

}  // namespace

void CommandLog::SetLengthMax(Kind kind, size_t length_max) {
  std::lock_guard<std::mutex> lock(mutex_);
  Log& log = Of(kind);
  log.length_max = length_max;
  if (log.entries.size() > length_max) log.entries.resize(length_max);
}

void CommandLog::Record(Kind kind, int64_t measure, commands::Args args,
                        std::string_view client_address, std::string_view client_name,
                        int64_t now_s) {
  commands::CommandLogEntry entry;
  entry.time_s = now_s;
  entry.measure = measure;
  entry.client_address = client_address;
  entry.client_name = client_name;
  const bool is_cut = args.size() > kArgsMax;
  for (const std::string_view arg : args.first(is_cut ? kArgsMax - 1 : args.size())) {
    entry.args.push_back(Cut(arg));
  }
  if (is_cut) {
    entry.args.push_back("... (" + std::to_string(args.size() - kArgsMax + 1) + " more arguments)");
  }
  std::lock_guard<std::mutex> lock(mutex_);
  Log& log = Of(kind);
  entry.id = log.next_id++;
  log.entries.push_front(std::move(entry));
  if (log.entries.size() > log.length_max) log.entries.resize(log.length_max);
}

std::vector<commands::CommandLogEntry> CommandLog::Get(Kind kind, int64_t count) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto& entries = Of(kind).entries;
  const size_t taken =
      count < 0 ? entries.size() : std::min(entries.size(), static_cast<size_t>(count));
  return {entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(taken)};
}

size_t CommandLog::Length(Kind kind) {
  std::lock_guard<std::mutex> lock(mutex_);
  return Of(kind).entries.size();
}

void CommandLog::Reset(Kind kind) {
  std::lock_guard<std::mutex> lock(mutex_);
  Of(kind).entries.clear();
}

}  // namespace ringtail::server
