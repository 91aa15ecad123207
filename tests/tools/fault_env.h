// An Env in memory whose machine can stop: what was not synced is then lost, or half there.
//
//   FaultEnv env;
//   env.FailAfterBytes(1000);                 // "No space left on device" from then on
//   env.StopAfterSteps(17);                   // every call from the 17th on fails: the power is gone
//   …
//   env.PowerUp(random);                      // what a new process finds on the disk
//
// A file is on disk up to its last Sync, and a random part of what was appended since; its name is there
// once its folder was synced, before that perhaps. Thread rule: none of its own; one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/env.h"

namespace ringtail {

class FaultEnv final : public Env {
 public:
  /// The disk takes so many bytes more.
  void FailAfterBytes(uint64_t count) { room_bytes_ = count; }
  void StopAfterSteps(uint64_t count) { steps_left_ = count; }
  uint64_t step_count() const { return step_count_; }
  bool is_stopped() const { return is_stopped_; }
  void PowerUp(std::mt19937_64& random) {
    // Of the changes of names since the last sync of the folder, a first part is on disk.
    std::map<std::string, std::shared_ptr<Content>> names = synced_names_;
    const size_t kept = unsynced_.empty() ? 0 : random() % (unsynced_.size() + 1);
    for (size_t i = 0; i < kept; ++i) unsynced_[i].ApplyTo(names);
    for (auto& [name, content] : names) {
      const size_t since = content->bytes.size() - content->synced_bytes;
      content->bytes.resize(content->synced_bytes + (since == 0 ? 0 : random() % (since + 1)));
      // The last block may hold anything.
      const size_t torn = std::min<size_t>(content->bytes.size() - content->synced_bytes, 512);
      if (random() % 2 == 0) {
        for (size_t i = content->bytes.size() - torn; i < content->bytes.size(); ++i) {
          content->bytes[i] = static_cast<char>(random());
        }
      }
      content->synced_bytes = content->bytes.size();
    }
    names_ = names;
    synced_names_ = names;
    unsynced_.clear();
    is_stopped_ = false;
    steps_left_ = UINT64_MAX;
    room_bytes_ = UINT64_MAX;
  }
  /// The bytes of a file, for tests to look at and to damage.
  std::string& BytesOf(const std::string& path) { return names_.at(path)->bytes; }

  // Env.

  Result<std::unique_ptr<ReadableFile>> OpenFile(const std::string& path) override {
    TRY_VOID(Step(path));
    const auto at = names_.find(path);
    if (at == names_.end()) return Error{"cannot open " + path + ": No such file or directory"};
    return std::unique_ptr<ReadableFile>(std::make_unique<Reader>(at->second));
  }
  Result<std::unique_ptr<WritableFile>> CreateFile(const std::string& path) override {
    TRY_VOID(Step(path));
    auto content = std::make_shared<Content>();
    Change({.to = path, .content = content});
    return std::unique_ptr<WritableFile>(std::make_unique<Writer>(*this, path, content));
  }
  Result<std::unique_ptr<WritableFile>> AppendToFile(const std::string& path) override {
    const auto at = names_.find(path);
    if (at == names_.end()) return CreateFile(path);
    TRY_VOID(Step(path));
    return std::unique_ptr<WritableFile>(std::make_unique<Writer>(*this, path, at->second));
  }
  Result<void> RenameFile(const std::string& from, const std::string& to) override {
    TRY_VOID(Step(from));
    const auto at = names_.find(from);
    if (at == names_.end()) return Error{"cannot rename " + from + ": No such file or directory"};
    Change({.from = from, .to = to, .content = at->second});
    return {};
  }
  Result<void> RemoveFile(const std::string& path) override {
    TRY_VOID(Step(path));
    if (!HasFile(path)) return Error{"cannot remove " + path + ": No such file or directory"};
    Change({.from = path});
    return {};
  }
  Result<void> TruncateFile(const std::string& path, uint64_t size) override {
    TRY_VOID(Step(path));
    const auto at = names_.find(path);
    if (at == names_.end()) return Error{"cannot truncate " + path + ": No such file or directory"};
    at->second->bytes.resize(static_cast<size_t>(size));
    at->second->synced_bytes = std::min<size_t>(at->second->synced_bytes, size);
    return {};
  }
  bool HasFile(const std::string& path) override { return names_.contains(path); }
  Result<void> CreateFolder(const std::string& path) override { return Step(path); }
  Result<std::vector<std::string>> ListFolder(const std::string& path) override {
    TRY_VOID(Step(path));
    std::vector<std::string> names;
    for (const auto& [name, content] : names_) {
      if (FolderOf(name) == path) names.push_back(name.substr(name.rfind('/') + 1));
    }
    return names;
  }
  Result<void> SyncFolder(const std::string& path) override {
    TRY_VOID(Step(path));
    for (const NameChange& change : unsynced_) change.ApplyTo(synced_names_);
    unsynced_.clear();
    return {};
  }

 private:
  struct Content {
    std::string bytes;
    size_t synced_bytes = 0;
  };
  /// A name that came, went or moved; empty: none.
  struct NameChange {
    std::string from = {};
    std::string to = {};
    std::shared_ptr<Content> content = nullptr;

    void ApplyTo(std::map<std::string, std::shared_ptr<Content>>& names) const {
      if (!from.empty()) names.erase(from);
      if (!to.empty()) names[to] = content;
    }
  };
  class Reader final : public ReadableFile {
   public:
    explicit Reader(std::shared_ptr<Content> content) : content_(std::move(content)) {}
    Result<size_t> Read(std::span<char> room) override {
      const size_t count = std::min(room.size(), content_->bytes.size() - at_);
      std::copy_n(content_->bytes.data() + at_, count, room.data());
      at_ += count;
      return count;
    }
    Result<uint64_t> Size() override { return uint64_t{content_->bytes.size()}; }

   private:
    const std::shared_ptr<Content> content_;
    size_t at_ = 0;
  };
  class Writer final : public WritableFile {
   public:
    Writer(FaultEnv& env, std::string path, std::shared_ptr<Content> content)
        : env_(env), path_(std::move(path)), content_(std::move(content)) {}
    Result<void> Append(std::string_view bytes) override {
      TRY_VOID(env_.Step(path_));
      const size_t count = static_cast<size_t>(std::min<uint64_t>(bytes.size(), env_.room_bytes_));
      content_->bytes += bytes.substr(0, count);
      env_.room_bytes_ -= env_.room_bytes_ == UINT64_MAX ? 0 : count;
      if (count < bytes.size()) return Error{"cannot write to " + path_ + ": No space left on device"};
      return {};
    }
    Result<void> Sync() override {
      TRY_VOID(env_.Step(path_));
      content_->synced_bytes = content_->bytes.size();
      return {};
    }

   private:
    FaultEnv& env_;
    const std::string path_;
    const std::shared_ptr<Content> content_;
  };

  Result<void> Step(const std::string& path) {
    ++step_count_;
    if (is_stopped_ || steps_left_ == 0) {
      is_stopped_ = true;
      return Error{"cannot reach " + path + ": the machine has stopped"};
    }
    if (steps_left_ != UINT64_MAX) --steps_left_;
    return {};
  }
  void Change(const NameChange& change) {
    change.ApplyTo(names_);
    unsynced_.push_back(change);
  }

  std::map<std::string, std::shared_ptr<Content>> names_;
  std::map<std::string, std::shared_ptr<Content>> synced_names_;
  std::vector<NameChange> unsynced_;
  uint64_t room_bytes_ = UINT64_MAX;
  uint64_t steps_left_ = UINT64_MAX;
  uint64_t step_count_ = 0;
  bool is_stopped_ = false;
};

}  // namespace ringtail
