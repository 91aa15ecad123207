// One key with its value, in one allocation.
//
//   Entry* entry = Entry::Create({.key = "user:1", .type = ValueType::kString,
//                                 .encoding = Encoding::kBlob, .payload_bytes = 5});
//   std::memcpy(entry->blob().data(), "hello", 5);
//   Entry::Destroy(entry);
//
// Layout, with no padding (a 16-byte key and a 64-byte value take 94 bytes, so the allocator's 96):
//
//   kind 1 | flags 1 | stamp 6 | access 4 | [expiry 8, index handle 4] | [annex 8]
//        | key length 1-5 | key | payload
//   payload: kInt: 8 bytes | kBlob: length 1-5, bytes | kShared, kObject: an 8-byte pointer
//
// `stamp` is the commit sequence of the last whole-value write, `access` belongs to the eviction policy,
// the index handle to the expiry index. The annex is a pointer to what few entries have (tags, a stale window).
// Lengths take 1 byte below 128, 2 below 16384, else 5.
//
// Thread rule: an entry belongs to its partition; only the holder of the partition's lock touches it.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/memory.h"
#include "base/shared_bytes.h"

namespace ringtail::storage {

/// Redis's types, in the order of its type names.
enum class ValueType : uint8_t { kString, kList, kSet, kSortedSet, kHash, kStream };

/// How the payload holds the value.
enum class Encoding : uint8_t {
  kInt,     ///< a string that is a 64-bit integer
  kBlob,    ///< bytes inside the entry: a string, or a packed collection
  kShared,  ///< a string in a SharedBytes block of its own
  kObject,  ///< a structure of its own behind a pointer
};

/// Redis's limit on strings embedded with their object; decides only what OBJECT ENCODING answers.
inline constexpr size_t kEmbstrBytesMax = 44;
/// Strings from here on live in a SharedBytes block, so replies send them without a copy.
inline constexpr size_t kSharedStringBytesMin = 16 * 1024;
/// Expiry of an entry that has none.
inline constexpr int64_t kNoExpiry = -1;
/// Handle of an entry that is not in an expiry index.
inline constexpr uint32_t kNoHandle = 0xffffffff;

class Entry {
 public:
  struct Spec {
    std::string_view key;
    ValueType type = ValueType::kString;
    Encoding encoding = Encoding::kBlob;
    size_t payload_bytes = 0;  ///< of the blob; ignored for the other encodings
    bool is_volatile = false;  ///< has room for an expiry
    bool has_annex = false;
  };

  /// An entry with the spec's shape and an uninitialised payload; expiry unset, stamp and access 0.
  static Entry* Create(const Spec& spec);
  /// A copy of `from`'s header and key in another shape; the payload is not copied. `from` lives on.
  static Entry* CreateLike(const Entry& from, Encoding encoding, size_t payload_bytes,
                           bool is_volatile);
  /// An entry with `from`'s value, stamp, access and expiry under another key; consumes `from`.
  static Entry* Rekey(Entry* from, std::string_view key);
  /// The same as a copy: `from` lives on. A kShared block is shared, not copied; an object is cloned.
  static Entry* Copy(const Entry& from, std::string_view key);
  /// Frees the entry and what its payload points to.
  static void Destroy(Entry* entry);
  /// Frees only the entry's own bytes, after its payload has moved to another entry.
  static void DestroyShell(Entry* entry) { memory::Free(entry, entry->allocated_bytes()); }

  ValueType type() const { return static_cast<ValueType>(kind_ & 0xf); }
  Encoding encoding() const { return static_cast<Encoding>(kind_ >> 4); }
  void SetKind(ValueType type, Encoding encoding) {
    kind_ = static_cast<uint8_t>(static_cast<unsigned>(type) |
                                 (static_cast<unsigned>(encoding) << 4));
  }

  std::string_view key() const {
    const char* at = tail() + options_bytes();
    const size_t size = ReadLength(at);
    return {at, size};
  }

  bool is_volatile() const { return (flags_ & kVolatileFlag) != 0; }
  bool has_annex() const { return (flags_ & kAnnexFlag) != 0; }
  /// Milliseconds since the epoch, or kNoExpiry.
  int64_t expiry_ms() const { return is_volatile() ? Load<int64_t>(tail()) : kNoExpiry; }
  /// A string that was put together in place, which Redis leaves unencoded: OBJECT ENCODING says "raw"
  /// however short it is. Writing the value as a whole ends that.
  bool is_raw() const { return has_variant(); }
  void SetRaw(bool is_raw) { SetVariant(is_raw); }
  /// Which of two forms a blob of this type has: of a string see is_raw, of a set whether it is sorted integers.
  bool has_variant() const { return (flags_ & kVariantFlag) != 0; }
  void SetVariant(bool is_set) {
    flags_ = static_cast<uint8_t>(is_set ? flags_ | kVariantFlag : flags_ & ~kVariantFlag);
  }
  /// Only for entries made volatile.
  void SetExpiryMs(int64_t expiry_ms) { Store(tail(), expiry_ms); }
  uint32_t expiry_handle() const { return is_volatile() ? Load<uint32_t>(tail() + 8) : kNoHandle; }
  void SetExpiryHandle(uint32_t handle) { Store(tail() + 8, handle); }
  bool IsExpired(int64_t now_ms) const {
    return is_volatile() && Load<int64_t>(tail()) <= now_ms;
  }

  /// The commit sequence of the last whole-value write (48 bits: nine years at a million writes a second).
  uint64_t stamp() const { return (uint64_t{stamp_high_} << 32) | stamp_low_; }
  void SetStamp(uint64_t stamp) {
    stamp_high_ = static_cast<uint16_t>(stamp >> 32);
    stamp_low_ = static_cast<uint32_t>(stamp);
  }
  uint32_t access() const { return access_; }
  void SetAccess(uint32_t access) { access_ = access; }

  /// kBlob: the bytes; they may be changed in place.
  std::span<char> blob() {
    const char* at = payload();
    const size_t size = ReadLength(at);
    return {const_cast<char*>(at), size};
  }
  std::string_view blob_view() const {
    const char* at = payload();
    const size_t size = ReadLength(at);
    return {at, size};
  }
  int64_t int_value() const { return Load<int64_t>(payload()); }
  void SetIntValue(int64_t value) { Store(payload(), value); }
  /// kShared and kObject: the raw pointer.
  void* pointer() const { return Load<void*>(payload()); }
  void SetPointer(void* pointer) { Store(payload(), pointer); }

  /// The size asked of the allocator.
  size_t allocated_bytes() const;
  /// Changes the blob's length without moving; only when FitsInPlace said yes. Its bytes are then undefined.
  void SetBlobBytes(size_t size);
  /// The same to a greater length, keeping the bytes; the new ones are undefined.
  void GrowBlob(size_t size);
  /// Whether a payload of this shape fits the block that the entry already has.
  bool FitsInPlace(Encoding encoding, size_t payload_bytes) const {
    return memory::ReservedBytes(ShapeBytes(encoding, payload_bytes)) ==
           memory::ReservedBytes(allocated_bytes());
  }
  /// Bytes this entry takes from the allocator, what its payload points to included.
  size_t footprint_bytes() const;

 private:
  static constexpr uint8_t kVolatileFlag = 1;
  static constexpr uint8_t kAnnexFlag = 2;
  static constexpr uint8_t kVariantFlag = 4;
  static constexpr size_t kHeaderBytes = 12;

  char* tail() { return reinterpret_cast<char*>(this) + kHeaderBytes; }
  const char* tail() const { return reinterpret_cast<const char*>(this) + kHeaderBytes; }

  template <typename T>
  static T Load(const void* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
  }
  template <typename T>
  static void Store(void* to, T value) {
    std::memcpy(to, &value, sizeof(T));
  }
  static size_t LengthBytes(size_t length) { return length < 128 ? 1 : length < 16384 ? 2 : 5; }
  /// Reads a length and moves `at` behind it.
  static size_t ReadLength(const char*& at) {
    const auto first = static_cast<unsigned char>(*at);
    if (first < 0x80) [[likely]] {
      ++at;
      return first;
    }
    if (first < 0xc0) {
      const auto second = static_cast<unsigned char>(at[1]);
      at += 2;
      return (size_t{first & 0x3fU} << 8) | second;
    }
    const auto length = Load<uint32_t>(at + 1);
    at += 5;
    return length;
  }
  static char* WriteLength(char* at, size_t length);
  static Entry* CreateWithKey(const Entry& from, std::string_view key);

  size_t options_bytes() const {
    return (is_volatile() ? 12U : 0U) + (has_annex() ? 8U : 0U);
  }
  char* payload() { return const_cast<char*>(std::as_const(*this).payload()); }
  const char* payload() const {
    const char* at = tail() + options_bytes();
    const size_t size = ReadLength(at);
    return at + size;
  }
  static size_t PayloadBytes(Encoding encoding, size_t payload_bytes) {
    return encoding == Encoding::kBlob ? LengthBytes(payload_bytes) + payload_bytes : 8;
  }
  /// The allocation of an entry like this one with another payload.
  size_t ShapeBytes(Encoding encoding, size_t payload_bytes) const {
    return static_cast<size_t>(payload() - reinterpret_cast<const char*>(this)) +
           PayloadBytes(encoding, payload_bytes);
  }

  uint8_t kind_;
  uint8_t flags_;
  uint16_t stamp_high_;
  uint32_t stamp_low_;
  uint32_t access_;
};
static_assert(sizeof(Entry) == 12, "a byte more costs the common entry a size class");

/// "string", "list", … as TYPE answers.
std::string_view TypeName(ValueType type);

}  // namespace ringtail::storage
