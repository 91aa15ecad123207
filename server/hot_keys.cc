#include "server/hot_keys.h"

#include <sys/resource.h>

#include <tuple>
#include <utility>

#include "server/server.h"

namespace ringtail::server {
namespace {

// Candidates kept for each key that is asked for.
constexpr int64_t kCandidatesOfKey = 16;
// A longer name would let the candidates hold more than a few hundred KiB.
constexpr size_t kNameBytesMax = 512;

std::pair<uint64_t, uint64_t> CpuMs() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<uint64_t>(time.tv_sec) * 1000 + static_cast<uint64_t>(time.tv_usec) / 1000;
  };
  return {ms(usage.ru_utime), ms(usage.ru_stime)};
}

}  // namespace

void GreatestAmounts::Add(std::string_view name, uint64_t amount) {
  std::string key(name.substr(0, kNameBytesMax));
  const auto known = by_name_.find(key);
  if (known != by_name_.end()) {
    auto node = by_amount_.extract(known->second);
    node.key() += amount;
    known->second = by_amount_.insert(std::move(node));
    return;
  }
  if (by_name_.size() == count_max_) {
    auto node = by_amount_.extract(by_amount_.begin());
    by_name_.erase(node.mapped());
    amount += node.key();
  }
  const auto at = by_amount_.emplace(amount, key);
  by_name_.emplace(std::move(key), at);
}

std::vector<std::pair<std::string, uint64_t>> GreatestAmounts::Greatest(size_t count) const {
  std::vector<std::pair<std::string, uint64_t>> greatest;
  for (auto at = by_amount_.rbegin(); at != by_amount_.rend() && greatest.size() < count; ++at) {
    greatest.emplace_back(at->second, at->first);
  }
  return greatest;
}

bool HotKeys::Start(const commands::HotKeyOptions& options) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (session_ && session_->report.is_active) return false;
  const auto candidates = static_cast<size_t>(options.key_count_max * kCandidatesOfKey);
  session_.emplace(Session{.report = {},
                           .started_ns = server_.clock().MonotonicNs(),
                           .by_time_ns = GreatestAmounts(candidates),
                           .by_bytes = GreatestAmounts(candidates)});
  commands::HotKeyReport& report = session_->report;
  report.options = options;
  report.is_active = true;
  report.started_ms = server_.clock().WallMs();
  std::tie(report.cpu_user_ms, report.cpu_system_ms) = CpuMs();  // until it ends, what was before
  server_.ObserveEveryCommand(true);
  return true;
}

// With the mutex held, on a session that is active.
void HotKeys::End() {
  Measure();
  session_->report.is_active = false;
  server_.ObserveEveryCommand(false);
}

void HotKeys::Measure() {
  commands::HotKeyReport& report = session_->report;
  report.duration_ms = (server_.clock().MonotonicNs() - session_->started_ns) / 1'000'000;
  const auto [user_ms, system_ms] = CpuMs();
  report.cpu_user_ms = user_ms - report.cpu_user_ms;
  report.cpu_system_ms = system_ms - report.cpu_system_ms;
}

bool HotKeys::Stop() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!session_ || !session_->report.is_active) return false;
  End();
  return true;
}

bool HotKeys::Reset() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (session_ && session_->report.is_active) return false;
  session_.reset();
  return true;
}

std::optional<commands::HotKeyReport> HotKeys::Report() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!session_) return std::nullopt;
  const commands::HotKeyReport before = session_->report;
  if (before.is_active) Measure();
  commands::HotKeyReport report = session_->report;
  session_->report = before;
  const auto count = static_cast<size_t>(report.options.key_count_max);
  report.all_commands_us = session_->all_commands_ns / 1000;
  report.by_time_us = session_->by_time_ns.Greatest(count);
  for (auto& [name, amount] : report.by_time_us) amount /= 1000;
  report.by_bytes = session_->by_bytes.Greatest(count);
  return report;
}

void HotKeys::Observe(const commands::CommandTable::Entry& command, commands::Args args,
                      uint64_t duration_ns, uint64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!session_ || !session_->report.is_active) return;
  session_->all_commands_ns += duration_ns;
  session_->report.all_commands_bytes += bytes;
  const commands::HotKeyOptions& options = session_->report.options;
  if (session_->seen_count++ % static_cast<uint64_t>(options.sample_ratio) != 0) return;
  if (!command.has_keys) return;
  commands::KeyPositions positions;
  commands::FindKeys(*command.spec, args, positions);
  for (const commands::KeyPosition& position : positions.view()) {
    const std::string_view name = args[position.arg_index];
    if (options.is_time_measured) session_->by_time_ns.Add(name, duration_ns);
    if (options.is_traffic_measured) session_->by_bytes.Add(name, bytes);
  }
}

void HotKeys::OnCron() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!session_ || !session_->report.is_active || session_->report.options.duration_s == 0) return;
  const int64_t elapsed_ns = server_.clock().MonotonicNs() - session_->started_ns;
  if (elapsed_ns >= session_->report.options.duration_s * 1'000'000'000) End();
}

}  // namespace ringtail::server
