// What one worker has found out of date and not yet sent to those who hold copies of it.
//
//   found.Add(reader, name);   found.AddFlush();   found.AddBroadcast(prefix, name, writer);
//   for (const Invalidations::Item& item : found.items()) Send(item.reader, found.NameOf(item));
//   found.ClearItems();
//
// Items are kept in the order in which they were found; the names lie one behind the other. What is
// broadcast is gathered for a whole turn, each prefix's keys once and in order. Thread rule:
// belongs to its worker.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tracked_key.h"

namespace ringtail::engine {

class Invalidations {
 public:
  /// Stands for all readers of all keys: a database was emptied.
  static constexpr TrackerId kEverybody = UINT32_MAX;

  struct Item {
    TrackerId reader;
    size_t name_offset;
    size_t name_bytes;
  };
  /// The keys of a prefix that changed, each with the client that changed it last (0: none did).
  using ChangedKeys = std::map<std::string, uint64_t, std::less<>>;

  void Add(TrackerId reader, std::string_view name) {
    // One name for all of its readers.
    if (items_.empty() || NameOf(items_.back()) != name) {
      name_offset_ = names_.size();
      names_ += name;
    }
    items_.push_back({reader, name_offset_, name.size()});
  }
  void AddFlush() { items_.push_back({kEverybody, names_.size(), 0}); }
  void AddBroadcast(const std::string& prefix, std::string_view name, uint64_t writer_id) {
    ChangedKeys& keys = broadcasts_[prefix];
    const auto at = keys.find(name);
    if (at != keys.end()) {
      at->second = writer_id;
    } else {
      keys.emplace(name, writer_id);
    }
  }

  std::span<const Item> items() const { return items_; }
  std::string_view NameOf(const Item& item) const {
    return std::string_view(names_).substr(item.name_offset, item.name_bytes);
  }
  void ClearItems() {
    constexpr size_t kKeptBytes = 64 * 1024;
    if (names_.capacity() > kKeptBytes) std::string().swap(names_);
    if (items_.capacity() > kKeptBytes / sizeof(Item)) std::vector<Item>().swap(items_);
    names_.clear();
    items_.clear();
  }
  std::map<std::string, ChangedKeys>& broadcasts() { return broadcasts_; }
  bool has_items() const { return !items_.empty(); }
  bool has_broadcasts() const { return !broadcasts_.empty(); }

 private:
  std::vector<Item> items_;
  std::string names_;
  size_t name_offset_ = 0;
  std::map<std::string, ChangedKeys> broadcasts_;
};

}  // namespace ringtail::engine
