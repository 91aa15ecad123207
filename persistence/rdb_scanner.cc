#include "persistence/rdb_scanner.h"

#include "persistence/crc64.h"

namespace ringtail::persistence {
namespace {

// What modules write beside keys is told apart by these, up to the end.
enum class ModulePart : uint64_t { kEnd = 0, kSigned, kUnsigned, kFloat, kDouble, kString };

constexpr uint64_t kStreamIdBytes = 16;
constexpr uint64_t kTimeBytes = 8;
constexpr std::string_view kEndByte = "\xff";

void SkipStrings(uint64_t count, RdbReader& reader) {
  for (; count > 0 && reader.ok(); --count) reader.SkipString();
}

void SkipLengths(uint64_t count, RdbReader& reader) {
  for (; count > 0 && reader.ok(); --count) reader.Length();
}

// Twice as many strings as the length says.
void SkipPairs(RdbReader& reader) {
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) SkipStrings(2, reader);
}

void SkipScores(RdbType type, RdbReader& reader) {
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) {
    reader.SkipString();
    if (type == RdbType::kSortedSetText) {
      reader.TextDouble();
    } else {
      reader.Double();
    }
  }
}

void SkipNodes(RdbReader& reader) {
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) {
    reader.Length();
    reader.SkipString();
  }
}

void SkipConsumer(RdbType type, RdbReader& reader) {
  reader.SkipString();
  reader.Bytes(type == RdbType::kStream3 ? 2 * kTimeBytes : kTimeBytes);
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) {
    reader.Bytes(kStreamIdBytes);
  }
}

void SkipGroup(RdbType type, RdbReader& reader) {
  reader.SkipString();
  SkipLengths(type == RdbType::kStream ? 2 : 3, reader);
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) {
    reader.Bytes(kStreamIdBytes + kTimeBytes);
    reader.Length();
  }
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) SkipConsumer(type, reader);
}

void SkipStream(RdbType type, RdbReader& reader) {
  SkipPairs(reader);
  SkipLengths(type == RdbType::kStream ? 3 : 8, reader);
  for (uint64_t left = reader.Length(); left > 0 && reader.ok(); --left) SkipGroup(type, reader);
}

}  // namespace

void SkipValue(RdbType type, RdbReader& reader) {
  switch (type) {
    case RdbType::kString:
    case RdbType::kHashZipmap:
    case RdbType::kListZiplist:
    case RdbType::kSetIntset:
    case RdbType::kSortedSetZiplist:
    case RdbType::kHashZiplist:
    case RdbType::kHashListpack:
    case RdbType::kSortedSetListpack:
    case RdbType::kSetListpack: return reader.SkipString();
    case RdbType::kList:
    case RdbType::kSet:
    case RdbType::kListQuicklist: return SkipStrings(reader.Length(), reader);
    case RdbType::kHash: return SkipPairs(reader);
    case RdbType::kSortedSetText:
    case RdbType::kSortedSet: return SkipScores(type, reader);
    case RdbType::kListQuicklist2: return SkipNodes(reader);
    case RdbType::kStream:
    case RdbType::kStream2:
    case RdbType::kStream3: return SkipStream(type, reader);
  }
  reader.Fail();
}

RdbScanner::Step RdbScanner::Next(std::string_view bytes, RdbRecord& record) {
  record.expire_ms.reset();
  record.idle_s.reset();
  record.frequency.reset();
  consumed_bytes_ = 0;
  RdbReader reader(bytes, string_bytes_max_);
  const Step step = version_ == 0 ? ReadHeader(reader, record) : ReadRecord(reader, record);
  if (reader.has_run_out()) return Step::kMore;
  if (step == Step::kError) return step;
  if (!reader.ok()) return Refuse("a length, a count or a number that cannot be");
  consumed_bytes_ = bytes.size() - reader.left_bytes();
  checksum_ = Crc64(checksum_, bytes.substr(0, consumed_bytes_));
  offset_ += consumed_bytes_;
  return step;
}

RdbScanner::Step RdbScanner::ReadHeader(RdbReader& reader, RdbRecord& record) {
  const std::string_view header = reader.Bytes(kRdbHeaderBytes);
  if (!reader.ok()) return Step::kMore;
  if (!header.starts_with(kRdbMagic)) return Refuse("this is no RDB file: it does not begin with REDIS");
  const std::string digits(header.substr(kRdbMagic.size()));
  if (digits.find_first_not_of("0123456789") != std::string::npos) {
    return Refuse("the version is not a number");
  }
  const int number = std::stoi(digits);
  if (number < 1 || number > kRdbVersionMax) {
    return Refuse("version " + std::to_string(number) + " of the format; versions 1 to " +
                  std::to_string(kRdbVersionMax) + " can be read");
  }
  version_ = static_cast<uint16_t>(number);
  record.kind = RdbRecord::Kind::kHeader;
  record.number = version_;
  return Step::kRecord;
}

// Opcodes about the next key are part of its record.
RdbScanner::Step RdbScanner::ReadRecord(RdbReader& reader, RdbRecord& record) {
  using Kind = RdbRecord::Kind;
  for (;;) {
    const uint8_t type = reader.Byte();
    if (!reader.ok()) return Step::kMore;
    switch (static_cast<RdbOpcode>(type)) {
      case RdbOpcode::kExpireMs:
        record.expire_ms = static_cast<int64_t>(reader.Fixed64());
        continue;
      case RdbOpcode::kExpireSeconds:
        record.expire_ms = static_cast<int64_t>(static_cast<int32_t>(reader.Fixed32())) * 1000;
        continue;
      case RdbOpcode::kIdle: record.idle_s = reader.Length(); continue;
      case RdbOpcode::kFrequency: record.frequency = reader.Byte(); continue;
      case RdbOpcode::kAux:
        record.kind = Kind::kAux;
        record.name = reader.String(record.name_room_);
        record.value = reader.String(record.value_room_);
        return Step::kRecord;
      case RdbOpcode::kDatabase:
        record.kind = Kind::kDatabase;
        record.number = reader.Length();
        return Step::kRecord;
      case RdbOpcode::kResize:
        record.kind = Kind::kSize;
        record.number = reader.Length();
        reader.Length();
        return Step::kRecord;
      case RdbOpcode::kLibrary:
        record.kind = Kind::kLibrary;
        record.value = reader.String(record.value_room_);
        return Step::kRecord;
      case RdbOpcode::kEarlyLibrary:
        return Refuse("functions in the form of Redis 7.0's release candidates");
      case RdbOpcode::kSlotInfo:
        record.kind = Kind::kOther;
        SkipLengths(3, reader);
        return Step::kRecord;
      case RdbOpcode::kModuleAux:
        record.kind = Kind::kOther;
        SkipModuleAux(reader);
        return Step::kRecord;
      case RdbOpcode::kEnd: return ReadEnd(reader);
      default: return ReadKey(type, reader, record);
    }
  }
}

RdbScanner::Step RdbScanner::ReadKey(uint8_t type, RdbReader& reader, RdbRecord& record) {
  record.kind = RdbRecord::Kind::kKey;
  record.type = static_cast<RdbType>(type);
  record.name = reader.String(record.name_room_);
  const std::string_view rest = reader.rest();
  SkipValue(record.type, reader);
  if (!reader.ok() && !reader.has_run_out()) {
    return Refuse("the value of a key of type " + std::to_string(type) +
                  ", which is unknown or a module's, or a length in it that cannot be");
  }
  record.value = rest.substr(0, rest.size() - reader.left_bytes());
  return Step::kRecord;
}

RdbScanner::Step RdbScanner::ReadEnd(RdbReader& reader) {
  if (version_ < kRdbVersionOfChecksum) return Step::kEnd;
  const uint64_t written = reader.Fixed64();
  if (!reader.ok()) return Step::kMore;
  // Zero: written without one (rdbchecksum no).
  const uint64_t expected = Crc64(checksum_, kEndByte);
  if (checks_checksum_ && written != 0 && written != expected) {
    return Refuse("the checksum is not that of the bytes before it: the file is damaged");
  }
  return Step::kEnd;
}

void RdbScanner::SkipModuleAux(RdbReader& reader) {
  SkipLengths(3, reader);  // the module's id, and when: an opcode and a number
  for (;;) {
    const auto part = static_cast<ModulePart>(reader.Length());
    if (!reader.ok()) return;
    switch (part) {
      case ModulePart::kEnd: return;
      case ModulePart::kSigned:
      case ModulePart::kUnsigned: reader.Length(); break;
      case ModulePart::kFloat: reader.Fixed32(); break;
      case ModulePart::kDouble: reader.Fixed64(); break;
      case ModulePart::kString: reader.SkipString(); break;
      default: return reader.Fail();
    }
  }
}

RdbScanner::Step RdbScanner::Refuse(std::string_view why) {
  error_ = "offset " + std::to_string(offset_) + ": " + std::string(why);
  return Step::kError;
}

}  // namespace ringtail::persistence
