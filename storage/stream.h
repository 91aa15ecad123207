// A stream: entries in the order of their ids, added at the end, and the groups that read it.
//
//   Stream& stream = ObjectOf<Stream>(entry);
//   stream.Append(id, names_and_values, limits);
//   StreamRange range(stream, first, last, StreamRange::Direction::kForward);
//   for (StreamEntry entry; range.Next(entry);) entry.ForEach(…);
//
// Entries lie in blocks of about a hundred. Deleted ones are marked; a block goes when its last
// live entry does. What the stream tells of its past (the last id, the greatest deleted one, how
// many were ever added) is what Redis keeps, and so is what is inferred from it: see EntriesUpTo.
// Thread rule: as for Object.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/object.h"
#include "storage/sorted_runs.h"
#include "storage/stream_block.h"
#include "storage/stream_group.h"

namespace ringtail::storage {

/// How large blocks become; 0: no limit.
struct StreamLimits {
  int64_t block_bytes_max = 4096;
  int64_t block_entries_max = 100;
};

/// What is to be trimmed from a stream's front.
struct StreamTrim {
  enum class Kind : uint8_t { kNone, kLength, kBelowId };

  Kind kind = Kind::kNone;
  int64_t length_max = 0;       ///< kLength: entries that stay
  StreamId id_min = {};         ///< kBelowId: the smallest id that stays
  bool is_approximate = false;  ///< only whole blocks
  int64_t deletions_max = 0;    ///< whole blocks that would lead beyond this stay; 0: no limit
};

class Stream final : public Object {
 public:
  using Groups = std::map<std::string, StreamGroup, std::less<>>;

  /// Bytes of names and values that an entry may have.
  static constexpr size_t kEntryBytesMax = size_t{1} << 30;

  Stream() = default;
  ~Stream() override;

  // Entries.

  /// Adds an entry, whose id must be greater than last_id and whose bytes at most kEntryBytesMax.
  void Append(StreamId id, StreamPairs pairs, const StreamLimits& limits);
  /// Deletes an entry and remembers that its id is gone; false if there is none.
  bool Delete(StreamId id);
  /// Deletes entries from the front; how many. O(blocks), but for one that goes in part.
  int64_t Trim(const StreamTrim& trim) { return Trim(trim, nullptr); }
  /// The same, asking of each entry whether it may go and telling of each that goes: `may_go(id)`.
  /// O(entries).
  int64_t Trim(const StreamTrim& trim, const std::function<bool(StreamId)>& may_go);
  /// The live entry with this id.
  bool Contains(StreamId id) const;

  // What is known of the past.

  /// The last id that was ever given out; the next must be greater.
  StreamId last_id() const { return last_id_; }
  /// Must not be smaller than last_live_id. May be smaller than ids of deleted entries, which can be
  /// given out again then.
  void SetLastId(StreamId id);
  /// The id of the first live entry, 0-0 if there is none.
  StreamId first_id() const { return first_id_; }
  /// The id of the last live entry, 0-0 if there is none.
  StreamId last_live_id() const;
  /// The greatest id that was deleted one by one.
  StreamId max_deleted_id() const { return max_deleted_id_; }
  void SetMaxDeletedId(StreamId id) { max_deleted_id_ = id; }
  /// How many entries were ever added.
  int64_t entries_added() const { return entries_added_; }
  void SetEntriesAdded(int64_t count) { entries_added_ = count; }
  size_t length() const { return length_; }

  // Groups, in the order of their names.

  StreamGroup* FindGroup(std::string_view name);
  /// Null if there is one of this name.
  StreamGroup* AddGroup(std::string_view name, StreamId last_id, int64_t entries_read);
  bool RemoveGroup(std::string_view name);
  const Groups& groups() const { return groups_; }
  Groups& groups() { return groups_; }
  /// How many entries were ever added up to `id`, where that can be inferred; else nothing.
  std::optional<int64_t> EntriesUpTo(StreamId id) const;
  /// How many entries a group has not read yet, where that can be inferred; else nothing.
  std::optional<int64_t> LagOf(const StreamGroup& group) const;
  /// Moves a group on to an entry that it has just read.
  void Advance(StreamGroup& group, StreamId id) const;

  size_t block_count() const { return blocks_.size(); }

  // As Object wants it.

  std::unique_ptr<Object> Clone() const override;
  size_t footprint_bytes() const override;
  size_t element_count() const override { return length_; }
  std::string_view encoding_name() const override { return "stream"; }
  const char* Verify() const override;

 private:
  friend class StreamRange;
  using Blocks = SortedRuns<StreamBlock>;
  struct Place {
    Blocks::const_iterator block;
    uint32_t offset;
  };

  Stream(const Stream& other);
  std::optional<Place> Find(StreamId id) const;
  bool HasDeletedFrom(StreamId id) const;
  Blocks::iterator DropBlock(Blocks::iterator at);
  /// Marks entries of a block until the trim's aim is reached or the block ends.
  int64_t TrimWithin(StreamBlock& block, const StreamTrim& trim,
                     const std::function<bool(StreamId)>& may_go);
  void NoteFirst();

  Blocks blocks_;
  size_t length_ = 0;
  size_t block_bytes_ = 0;      // taken by the blocks' contents
  StreamId last_id_;
  StreamId first_id_;
  StreamId max_deleted_id_;
  int64_t entries_added_ = 0;
  Groups groups_;
};

/// The live entries of a stream between two ids, both included, in either direction.
class StreamRange {
 public:
  enum class Direction : uint8_t { kForward, kBackward };

  StreamRange(const Stream& stream, StreamId first, StreamId last,
              Direction direction = Direction::kForward);
  /// The next entry; false if there is none. It is good until the stream is changed.
  bool Next(StreamEntry& entry) {
    return direction_ == Direction::kForward ? NextForward(entry) : NextBackward(entry);
  }

 private:
  bool NextForward(StreamEntry& entry);
  bool NextBackward(StreamEntry& entry);
  void CollectOffsets();

  const Stream& stream_;
  const StreamId first_;
  const StreamId last_;
  const Direction direction_;
  Stream::Blocks::const_iterator block_;      // the one being read; backward, at first: its next
  std::optional<StreamBlockReader> reader_;
  bool is_last_taken_ = false;                // backward: of the block only its last entry was read
  std::vector<uint32_t> offsets_;             // backward: entries of the block still to come
};

}  // namespace ringtail::storage
