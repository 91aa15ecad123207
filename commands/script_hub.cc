#include "commands/script_hub.h"

#include <algorithm>

#include "commands/registry.h"

namespace ringtail::commands {
namespace {

// How far a worker may lag behind before it forgets all it has compiled.
constexpr size_t kForgottenMax = 1024;

}  // namespace

ScriptHub::ScriptHub() : libraries_(std::make_shared<Libraries>()) {}

// ---- Scripts

void ScriptHub::Keep(std::string_view sha, std::string_view source, Origin origin) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = scripts_.find(sha);
  if (found != scripts_.end()) {
    Cached& cached = found->second;
    if (cached.origin == Origin::kEval && origin == Origin::kLoad) {
      evaled_.erase(cached.place);
      cached.origin = origin;
    }
    return;
  }
  Cached cached{
      .source = std::make_shared<const std::string>(source), .origin = origin, .place = {}};
  if (origin == Origin::kEval) cached.place = evaled_.insert(evaled_.end(), std::string(sha));
  script_bytes_.fetch_add(source.size() + sizeof(Cached) + sha.size());
  scripts_.emplace(sha, std::move(cached));
  ForgetExcess();
}

void ScriptHub::Touch(std::string_view sha) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = scripts_.find(sha);
  if (found == scripts_.end() || found->second.origin != Origin::kEval) return;
  evaled_.splice(evaled_.end(), evaled_, found->second.place);
}

void ScriptHub::SetEvaledMax(size_t count) {
  std::lock_guard<std::mutex> lock(mutex_);
  evaled_max_ = count;
  ForgetExcess();
}

void ScriptHub::ForgetExcess() {
  while (evaled_max_ != 0 && evaled_.size() > evaled_max_) Forget(std::string(evaled_.front()));
  is_crowded_.store(evaled_max_ != 0 && evaled_.size() > evaled_max_ / 2,
                    std::memory_order_relaxed);
}

void ScriptHub::Forget(std::string_view sha) {
  const auto found = scripts_.find(sha);
  script_bytes_.fetch_sub(found->second.source->size() + sizeof(Cached) + sha.size());
  evaled_.erase(found->second.place);
  scripts_.erase(found);
  forgotten_.emplace_back(sha);
  if (forgotten_.size() > kForgottenMax) forgotten_.pop_front();
  script_version_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const std::string> ScriptHub::FindSource(std::string_view sha) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = scripts_.find(sha);
  return found == scripts_.end() ? nullptr : found->second.source;
}

void ScriptHub::FlushScripts() {
  std::lock_guard<std::mutex> lock(mutex_);
  scripts_.clear();
  evaled_.clear();
  is_crowded_.store(false, std::memory_order_relaxed);
  forgotten_.clear();
  script_bytes_.store(0);
  // Further than anyone can be behind and find its changes listed.
  script_version_.fetch_add(kForgottenMax + 1, std::memory_order_release);
}

std::optional<std::vector<std::string>> ScriptHub::ForgottenSince(uint64_t& version) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t present = script_version_.load();
  const uint64_t behind = present - std::exchange(version, present);
  if (behind > forgotten_.size()) return std::nullopt;
  return std::vector<std::string>(forgotten_.end() - static_cast<ptrdiff_t>(behind),
                                  forgotten_.end());
}

size_t ScriptHub::script_count() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return scripts_.size();
}

// ---- Libraries

std::shared_ptr<const ScriptHub::Libraries> ScriptHub::libraries() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return libraries_;
}

void ScriptHub::SetLibraries(Libraries libraries) {
  auto shared = std::make_shared<const Libraries>(std::move(libraries));
  std::lock_guard<std::mutex> lock(mutex_);
  libraries_ = std::move(shared);
  library_version_.fetch_add(1, std::memory_order_release);
}

ScriptHub::FoundFunction ScriptHub::FindFunction(std::string_view name) const {
  const auto all = libraries();
  for (const auto& [library_name, library] : *all) {
    for (const scripting::RegisteredFunction& function : library->functions) {
      if (EqualsIgnoreCase(function.name, name)) return {library, &function};
    }
  }
  return {};
}

size_t ScriptHub::function_count() const {
  size_t count = 0;
  const auto all = libraries();
  for (const auto& [name, library] : *all) count += library->functions.size();
  return count;
}

// ---- The script that takes too long

void ScriptHub::Announce(ScriptNote& note) {
  std::lock_guard<std::mutex> lock(mutex_);
  notes_.push_back(&note);
  busy_.store(notes_.front()->is_function ? Busy::kFunction : Busy::kScript);
}

void ScriptHub::Withdraw(ScriptNote& note) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::erase(notes_, &note);
  if (notes_.empty()) {
    busy_.store(Busy::kNo);
  } else {
    busy_.store(notes_.front()->is_function ? Busy::kFunction : Busy::kScript);
  }
}

ScriptHub::KillOutcome ScriptHub::Kill(bool is_function) {
  std::lock_guard<std::mutex> lock(mutex_);
  KillOutcome outcome = KillOutcome::kNothingRuns;
  for (ScriptNote* note : notes_) {
    if (note->has_written.load()) {
      outcome = KillOutcome::kHasWritten;
    } else if (note->is_function != is_function) {
      outcome = note->is_function ? KillOutcome::kIsFunction : KillOutcome::kIsScript;
    } else {
      note->is_killed.store(true);
      return KillOutcome::kKilled;
    }
  }
  return outcome;
}

std::optional<ScriptHub::Running> ScriptHub::RunningFunction() const {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const ScriptNote* note : notes_) {
    if (note->is_function) return Running{note->name, note->command, note->start_ns};
  }
  return std::nullopt;
}

}  // namespace ringtail::commands
