// The numbers of the RDB format that readers and writers share.
//
// A length is 6 bits (00xxxxxx), 14 bits (01xxxxxx + 1 byte), 32 bits (0x80 + 4) or 64 bits (0x81
// + 8), the longer ones with the highest byte first; 11xxxxxx says that a string in another form
// follows. All else has its lowest byte first.
// A DUMP payload is type 1 | value | RDB version 2 | CRC-64 of all before 8.
// Thread rule: constants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringtail::persistence {

/// What kind of value follows, and in which form.
enum class RdbType : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kSortedSetText = 3,        ///< scores as text
  kHash = 4,
  kSortedSet = 5,            ///< scores as doubles
  kHashZipmap = 9,
  kListZiplist = 10,
  kSetIntset = 11,
  kSortedSetZiplist = 12,
  kHashZiplist = 13,
  kListQuicklist = 14,       ///< of ziplists
  kStream = 15,              ///< until Redis 6.2
  kHashListpack = 16,
  kSortedSetListpack = 17,
  kListQuicklist2 = 18,      ///< of listpacks and plain elements
  kStream2 = 19,             ///< Redis 7.0: what is known of the past
  kSetListpack = 20,
  kStream3 = 21,             ///< Redis 7.2: when consumers were active
};

/// What stands where the type of a value could: something that is no key, or is about the next one.
enum class RdbOpcode : uint8_t {
  kSlotInfo = 244,       ///< Valkey 8, Redis 7.4: slot, its keys, those of them that expire
  kLibrary = 245,        ///< source of functions
  kEarlyLibrary = 246,   ///< of 7.0's release candidates
  kModuleAux = 247,
  kIdle = 248,           ///< seconds since the next key was used
  kFrequency = 249,      ///< how often it is used, a byte on a logarithmic scale
  kAux = 250,            ///< name and value of whatever a writer has to say
  kResize = 251,         ///< keys of the database that follow, those of them that expire
  kExpireMs = 252,       ///< when the next key expires, Unix time in ms
  kExpireSeconds = 253,
  kDatabase = 254,       ///< the database of the keys that follow
  kEnd = 255,            ///< and the checksum, since version 5
};

/// How a string is written whose first byte begins with 11.
enum class RdbStringForm : uint8_t { kInt8 = 0, kInt16 = 1, kInt32 = 2, kLzf = 3 };

inline constexpr uint8_t kRdbLength32 = 0x80;
inline constexpr uint8_t kRdbLength64 = 0x81;
/// The version that is written: Redis 7.0 and everything after it load it.
inline constexpr uint16_t kRdbVersion = 10;
/// The latest version that is read: Redis 7.2, Valkey 7.2 and 8.
inline constexpr uint16_t kRdbVersionMax = 11;
inline constexpr size_t kPayloadFooterBytes = 2 + 8;
/// A file begins with these five bytes and four digits of its version.
inline constexpr std::string_view kRdbMagic = "REDIS";
inline constexpr size_t kRdbHeaderBytes = 9;
/// Files have had a checksum since this version.
inline constexpr uint16_t kRdbVersionOfChecksum = 5;
/// Container of a kListQuicklist2 node.
inline constexpr uint64_t kQuicklistPlain = 1;
inline constexpr uint64_t kQuicklistPacked = 2;

}  // namespace ringtail::persistence
