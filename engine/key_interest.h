// Who wants to know of a key: clients that watch it (WATCH) and clients that wait for it (BLPOP and its kin).
//
//   interests.AddWaiter(db, key, waiter);
//   if (interests.NoteChange(db, key)) …              // watchers are told; somebody waits
//   for (auto waiter = interests.NextWaiter(db, key, 0, false); waiter; …)   // in the order they came
//
// One partition has one of these, made when it is first needed. Thread rule: under the partition's lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/key_hash.h"

namespace ringtail::engine {

/// Set when a key that it watches is changed, by whoever changes it.
struct Watcher {
  std::atomic<bool> is_dirty{false};
};

/// Somebody who sleeps until a key changes; commands/ says who.
struct Waiter {
  virtual ~Waiter() = default;
  /// Its place among all waiters (Engine::NextTicket), before it is added anywhere.
  uint64_t ticket = 0;
  /// Wants to be woken also when a key is deleted or becomes of another type.
  bool is_woken_by_removal = false;
};

/// A key that was changed and that somebody waits for.
struct ReadyKey {
  int db = 0;
  std::string name;
  storage::KeyHash hash;
};

class KeyInterests {
 public:
  /// The watcher has to be taken out before it is destroyed. Adding it twice is as once.
  void AddWatcher(int db, const storage::Key& key, Watcher& watcher);
  void RemoveWatcher(int db, const storage::Key& key, const Watcher& watcher);
  void AddWaiter(int db, const storage::Key& key, std::shared_ptr<Waiter> waiter);
  void RemoveWaiter(int db, const storage::Key& key, const Waiter& waiter);

  /// Tells the watchers of a key that it changed. Returns whether somebody waits for it.
  bool NoteChange(int db, const storage::Key& key);
  /// The first who waits for a key with a ticket above `after`; with `only_removal`, of those whom a removal
  /// wakes. Null if there is none. O(log n), with `only_removal` O(n) if there are such.
  std::shared_ptr<Waiter> NextWaiter(int db, const storage::Key& key, uint64_t after,
                                     bool only_removal) const;
  /// Calls visit(db, key's name, Watchers&, whether somebody waits) for every key of interest.
  template <typename Visit>
  void ForEach(Visit&& visit) {
    for (auto& [place, interest] : interests_) {
      visit(place.db, std::string_view(place.name), interest.watchers, !interest.waiters.empty());
    }
  }
  size_t size() const { return interests_.size(); }

 private:
  struct PlaceView {
    int db;
    std::string_view name;
    uint64_t hash;
  };
  struct Place {
    int db;
    std::string name;
    uint64_t hash;
    operator PlaceView() const { return {db, name, hash}; }
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(const PlaceView& place) const {
      return static_cast<size_t>(place.hash ^ static_cast<uint64_t>(place.db));
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const PlaceView& a, const PlaceView& b) const {
      return a.db == b.db && a.name == b.name;
    }
  };
  struct Interest {
    std::map<uint64_t, std::shared_ptr<Waiter>> waiters;  // by ticket
    size_t removal_waiter_count = 0;
    std::vector<Watcher*> watchers;
  };
  using Interests = std::unordered_map<Place, Interest, Hash, Equal>;

  static PlaceView ViewOf(int db, const storage::Key& key) {
    return {db, key.bytes, key.hash.bits()};
  }
  Interest& Get(int db, const storage::Key& key);
  void DropIfEmpty(Interests::iterator at);

  Interests interests_;
};

}  // namespace ringtail::engine
