// The table `struct`: packs numbers and strings as C structs lay them out, with the formats and
// messages of Roberto Ierusalimschy's struct library.
//
//   ">" "<" big, little endian   "!n" align to n at most   " " nothing   "x" a zero byte
//   "b" "h" "l" "in" signed, "B" "H" "L" "In" "T" unsigned integers   "f" "d" floating point
//   "cn" n bytes   "c0" all (packing) or as many as the number before said   "s" up to a zero byte
#include <algorithm>
#include <bit>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "scripting/libraries.h"
#include "scripting/lua_buffer.h"
#include "scripting/run_state.h"

namespace ringtail::scripting {
namespace {

constexpr int kIntegerBytesMax = 32;
constexpr int kAlignmentDefault = 8;
constexpr size_t kFormatBytesMax = INT_MAX;

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }
bool IsIntegerOption(char option) {
  return option != '\0' && std::strchr("bBhHlLTiI", option) != nullptr;
}
bool IsLetterOrDigit(char byte) {
  return IsDigit(byte) || ((byte | 32) >= 'a' && (byte | 32) <= 'z');
}
bool IsSigned(char option) { return option >= 'a' && option <= 'z'; }

// Walks over a format. Lua's strings end with a zero byte, and so does a format.
class FormatReader {
 public:
  FormatReader(lua_State* lua, const char* format) : lua_(lua), place_(format) {}

  struct Item {
    char option;
    size_t size;
    size_t padding;  // zero bytes before it
  };

  bool is_at_end() const { return *place_ == '\0'; }

  // The next option, when `position` bytes have come before it. The option that changes byte order
  // or alignment has taken effect, has no size, and is_control is true.
  Item Next(size_t position) {
    RunState::Of(lua_).Work(lua_, 2);
    Item item{*place_++, 0, 0};
    item.size = SizeOf(item.option);
    item.padding = PaddingOf(item, position);
    return item;
  }

  // What is no item: changes the reader, or raises the error of an unknown option.
  void Control(char option) {
    switch (option) {
      case ' ':
        return;
      case '>':
        is_little_endian_ = false;
        return;
      case '<':
        is_little_endian_ = true;
        return;
      case '!': {
        const int alignment = TakeNumber(kAlignmentDefault);
        if (alignment <= 0 || !std::has_single_bit(static_cast<unsigned>(alignment))) {
          luaL_error(lua_, "alignment %d is not a power of 2", alignment);
        }
        alignment_ = static_cast<size_t>(alignment);
        return;
      }
      default:
        luaL_argerror(lua_, 1, lua_pushfstring(lua_, "invalid format option '%c'", option));
    }
  }

  bool is_little_endian() const { return is_little_endian_; }

 private:
  int TakeNumber(int otherwise) {
    if (!IsDigit(*place_)) return otherwise;
    int number = 0;
    for (; IsDigit(*place_); ++place_) {
      const int digit = *place_ - '0';
      if (number > (INT_MAX - digit) / 10) luaL_error(lua_, "integral size overflow");
      number = number * 10 + digit;
    }
    return number;
  }

  size_t SizeOf(char option) {
    switch (option) {
      case 'b':
      case 'B':
      case 'x':
        return 1;
      case 'h':
      case 'H':
        return sizeof(int16_t);
      case 'l':
      case 'L':
      case 'T':
      case 'd':
        return sizeof(int64_t);
      case 'f':
        return sizeof(float);
      case 'c':
        return static_cast<size_t>(TakeNumber(1));
      case 'i':
      case 'I': {
        const int size = TakeNumber(sizeof(int32_t));
        if (size > kIntegerBytesMax) {
          luaL_error(lua_, "integral size %d is larger than limit of %d", size, kIntegerBytesMax);
        }
        return static_cast<size_t>(size);
      }
      default:
        return 0;
    }
  }

  size_t PaddingOf(const Item& item, size_t position) const {
    if (item.size == 0 || item.option == 'c') return 0;
    const size_t alignment = std::min(item.size, alignment_);
    return (alignment - (position & (alignment - 1))) & (alignment - 1);
  }

  lua_State* lua_;
  const char* place_;
  bool is_little_endian_ = std::endian::native == std::endian::little;
  size_t alignment_ = 1;
};

// The number modulo 2^64; what has no place there (infinity, NaN) is the least integer's bits.
uint64_t ToBits(lua_Number number) {
  constexpr double kEnd = 9223372036854775808.0;
  if (number >= -kEnd && number < kEnd) return static_cast<uint64_t>(static_cast<int64_t>(number));
  if (number >= kEnd && number < 2 * kEnd) return static_cast<uint64_t>(number);
  return number >= 2 * kEnd ? 0 : uint64_t{1} << 63;
}

void AppendInteger(LuaBuffer& bytes, uint64_t value, size_t size, bool is_little_endian) {
  char* const place = bytes.Reserve(size);
  for (size_t i = 0; i < size; ++i) {
    place[is_little_endian ? i : size - 1 - i] =
        i < sizeof(value) ? static_cast<char>(value >> (8 * i)) : '\0';
  }
  bytes.Commit(size);
}

// Of integers longer than eight bytes the least significant ones count.
uint64_t ReadInteger(const char* place, size_t size, bool is_little_endian) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) {
    const char byte = place[is_little_endian ? size - 1 - i : i];
    value = value << 8 | static_cast<unsigned char>(byte);
  }
  return value;
}

lua_Number ToNumber(uint64_t bits, size_t size, bool is_signed) {
  if (!is_signed) return static_cast<lua_Number>(bits);
  if (size == 0) return 0;
  const int unused = static_cast<int>(64 - 8 * std::min<size_t>(size, 8));
  return static_cast<lua_Number>(static_cast<int64_t>(bits << unused) >> unused);
}

class Packer {
 public:
  Packer(lua_State* lua, const char* format, LuaBuffer& bytes)
      : lua_(lua), format_(lua, format), bytes_(bytes) {}

  void Pack() {
    size_t position = 0;
    while (!format_.is_at_end()) {
      const FormatReader::Item item = format_.Next(position);
      for (size_t i = 0; i < item.padding; ++i) bytes_.Append('\0');
      position += item.padding + Append(item);
    }
  }

 private:
  // Answers the bytes that the item has taken.
  size_t Append(const FormatReader::Item& item) {
    const bool is_little_endian = format_.is_little_endian();
    if (IsIntegerOption(item.option)) {
      const uint64_t value = ToBits(luaL_checknumber(lua_, argument_++));
      // A negative number's bits go on above the eighth byte as zeros, as in the original.
      AppendInteger(bytes_, value, item.size, is_little_endian);
      return item.size;
    }
    switch (item.option) {
      case 'x':
        bytes_.Append('\0');
        return 1;
      case 'f': {
        const auto number = static_cast<float>(luaL_checknumber(lua_, argument_++));
        AppendInteger(bytes_, std::bit_cast<uint32_t>(number), item.size, is_little_endian);
        return item.size;
      }
      case 'd': {
        const double number = luaL_checknumber(lua_, argument_++);
        AppendInteger(bytes_, std::bit_cast<uint64_t>(number), item.size, is_little_endian);
        return item.size;
      }
      case 'c':
      case 's':
        return AppendString(item);
      default:
        format_.Control(item.option);
        return 0;
    }
  }

  size_t AppendString(const FormatReader::Item& item) {
    size_t length = 0;
    const char* const string = luaL_checklstring(lua_, argument_++, &length);
    const size_t size = item.size == 0 ? length : item.size;
    luaL_argcheck(lua_, length >= size, argument_, "string too short");
    bytes_.Append({string, size});
    if (item.option != 's') return size;
    bytes_.Append('\0');
    return size + 1;
  }

  lua_State* lua_;
  FormatReader format_;
  LuaBuffer& bytes_;
  int argument_ = 2;
};

class Unpacker {
 public:
  Unpacker(lua_State* lua, const char* format, std::string_view data, size_t position)
      : lua_(lua), format_(lua, format), data_(data), position_(position) {}

  int Unpack() {
    while (!format_.is_at_end()) {
      FormatReader::Item item = format_.Next(position_);
      position_ += item.padding;
      CheckRoom(item.size);
      luaL_checkstack(lua_, 2, "too many results");
      position_ += Push(item);
    }
    lua_pushinteger(lua_, static_cast<lua_Integer>(position_ + 1));
    return result_count_ + 1;
  }

 private:
  void CheckRoom(size_t size) {
    luaL_argcheck(lua_, position_ <= data_.size() && size <= data_.size() - position_, 2,
                  "data string too short");
  }

  // Answers the bytes that the item takes.
  size_t Push(const FormatReader::Item& item) {
    const char* const place = data_.data() + position_;
    const bool is_little_endian = format_.is_little_endian();
    if (IsIntegerOption(item.option)) {
      return PushNumber(ToNumber(ReadInteger(place, item.size, is_little_endian), item.size,
                                 IsSigned(item.option)),
                        item.size);
    }
    switch (item.option) {
      case 'x':
        return 1;
      case 'f': {
        const auto bits = static_cast<uint32_t>(ReadInteger(place, item.size, is_little_endian));
        return PushNumber(std::bit_cast<float>(bits), item.size);
      }
      case 'd':
        return PushNumber(std::bit_cast<double>(ReadInteger(place, item.size, is_little_endian)),
                          item.size);
      case 'c':
        return PushString(item.size == 0 ? TakeSize() : item.size, 0);
      case 's': {
        const size_t end = data_.find('\0', position_);
        if (end == std::string_view::npos) luaL_error(lua_, "unfinished string in data");
        return PushString(end - position_, 1);
      }
      default:
        format_.Control(item.option);
        return 0;
    }
  }

  size_t PushNumber(lua_Number number, size_t size) {
    lua_pushnumber(lua_, number);
    ++result_count_;
    return size;
  }

  size_t PushString(size_t size, size_t terminator_size) {
    lua_pushlstring(lua_, data_.data() + position_, size);
    ++result_count_;
    return size + terminator_size;
  }

  // Of "c0": the last result is the string's length.
  size_t TakeSize() {
    if (result_count_ == 0 || lua_isnumber(lua_, -1) == 0) {
      luaL_error(lua_, "format 'c0' needs a previous size");
    }
    const lua_Number size = lua_tonumber(lua_, -1);
    lua_pop(lua_, 1);
    --result_count_;
    luaL_argcheck(lua_, size >= 0 && size <= static_cast<lua_Number>(data_.size()), 2,
                  "data string too short");
    CheckRoom(static_cast<size_t>(size));
    return static_cast<size_t>(size);
  }

  lua_State* lua_;
  FormatReader format_;
  std::string_view data_;
  size_t position_;
  int result_count_ = 0;
};

int Pack(lua_State* lua) {
  const char* const format = luaL_checkstring(lua, 1);
  LuaBuffer bytes(lua);
  // The buffer's slot must not pass for an argument: it is nil or a userdata, which no option
  // takes.
  Packer(lua, format, bytes).Pack();
  bytes.PushString();
  return 1;
}

int Unpack(lua_State* lua) {
  const char* const format = luaL_checkstring(lua, 1);
  size_t size = 0;
  const char* const data = luaL_checklstring(lua, 2, &size);
  const lua_Integer offset = luaL_optinteger(lua, 3, 1);
  luaL_argcheck(lua, offset != 0, 3, "offset must be 1 or greater");
  luaL_argcheck(lua, offset > 0, 2, "data string too short");
  return Unpacker(lua, format, {data, size}, static_cast<size_t>(offset) - 1).Unpack();
}

int Size(lua_State* lua) {
  FormatReader format(lua, luaL_checkstring(lua, 1));
  size_t position = 0;
  while (!format.is_at_end()) {
    const FormatReader::Item item = format.Next(position);
    if (item.option == 's') luaL_argerror(lua, 1, "option 's' has no fixed size");
    if (item.option == 'c' && item.size == 0) {
      luaL_argerror(lua, 1, "option 'c0' has no fixed size");
    }
    // Unknown letters pass, as in the original.
    if (!IsLetterOrDigit(item.option)) format.Control(item.option);
    position += item.padding + item.size;
    if (position > kFormatBytesMax) return luaL_argerror(lua, 1, "too large");
  }
  lua_pushinteger(lua, static_cast<lua_Integer>(position));
  return 1;
}

}  // namespace

void OpenStruct(lua_State* lua) {
  static const luaL_Reg kFunctions[] = {
      {"pack", Pack}, {"unpack", Unpack}, {"size", Size}, {nullptr, nullptr}};
  lua_createtable(lua, 0, 4);
  luaL_register(lua, nullptr, kFunctions);
}

}  // namespace ringtail::scripting
