// The table `cmsgpack`: MessagePack with the functions, limits and messages of lua-cmsgpack 0.4.
//
// Format: https://github.com/msgpack/msgpack/blob/master/spec.md, without bin and ext, which it
// does not know.
#include <bit>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "scripting/libraries.h"
#include "scripting/lua_buffer.h"
#include "scripting/run_state.h"
#include "scripting/script_error.h"

namespace ringtail::scripting {
namespace {

// Tables nested deeper are packed as nil, which also ends a table that contains itself.
constexpr int kNestingMax = 16;

bool IsInteger(lua_Number number) {
  return number >= -9223372036854775808.0 && number < 9223372036854775808.0 &&
         static_cast<lua_Number>(static_cast<int64_t>(number)) == number;
}

class Packer {
 public:
  Packer(lua_State* lua, LuaBuffer& bytes) : lua_(lua), bytes_(bytes), run_(RunState::Of(lua)) {}

  // Packs the value on top of the stack and pops it.
  void Pack(int level) {
    run_.Work(lua_, 3);
    switch (lua_type(lua_, -1)) {
      case LUA_TSTRING:
        PackString(ToView(lua_, -1));
        break;
      case LUA_TBOOLEAN:
        PutByte(lua_toboolean(lua_, -1) ? 0xc3 : 0xc2);
        break;
      case LUA_TNUMBER:
        PackNumber(lua_tonumber(lua_, -1));
        break;
      case LUA_TTABLE:
        if (level < kNestingMax) {
          PackTable(level);
          break;
        }
        [[fallthrough]];
      default:
        PutByte(0xc0);
    }
    lua_pop(lua_, 1);
  }

 private:
  void PutByte(unsigned byte) { bytes_.Append(static_cast<char>(byte)); }

  // A type byte and `size` bytes of a number, most significant first.
  void Put(unsigned type, uint64_t value, int size) {
    char* place = bytes_.Reserve(9);
    *place++ = static_cast<char>(type);
    for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) {
      *place++ = static_cast<char>(value >> shift);
    }
    bytes_.Commit(static_cast<size_t>(size) + 1);
  }

  void PackString(std::string_view string) {
    run_.Work(lua_, string.size() / 64);
    if (string.size() < 32) {
      PutByte(0xa0 | static_cast<unsigned>(string.size()));
    } else if (string.size() <= 0xff) {
      Put(0xd9, string.size(), 1);
    } else if (string.size() <= 0xffff) {
      Put(0xda, string.size(), 2);
    } else {
      Put(0xdb, string.size(), 4);
    }
    bytes_.Append(string);
  }

  void PackNumber(lua_Number number) {
    if (IsInteger(number)) return PackInteger(static_cast<int64_t>(number));
    const float narrow = static_cast<float>(number);
    if (static_cast<lua_Number>(narrow) == number) {
      Put(0xca, std::bit_cast<uint32_t>(narrow), 4);
    } else {
      Put(0xcb, std::bit_cast<uint64_t>(number), 8);
    }
  }

  void PackInteger(int64_t value) {
    const auto bits = static_cast<uint64_t>(value);
    if (value >= 0) {
      if (value <= 127) return PutByte(static_cast<unsigned>(value));
      if (value <= 0xff) return Put(0xcc, bits, 1);
      if (value <= 0xffff) return Put(0xcd, bits, 2);
      if (value <= 0xffffffff) return Put(0xce, bits, 4);
      return Put(0xcf, bits, 8);
    }
    if (value >= -32) return PutByte(static_cast<unsigned>(bits & 0xff));
    if (value >= INT8_MIN) return Put(0xd0, bits, 1);
    if (value >= INT16_MIN) return Put(0xd1, bits, 2);
    if (value >= INT32_MIN) return Put(0xd2, bits, 4);
    Put(0xd3, bits, 8);
  }

  void PutCount(unsigned small_type, unsigned type, uint64_t count) {
    if (count <= 15) return PutByte(small_type | static_cast<unsigned>(count));
    if (count <= 0xffff) return Put(type, count, 2);
    Put(type + 1, count, 4);
  }

  // Are the keys 1 to n? Answers the count of pairs too.
  bool IsArray(uint64_t& count) {
    lua_Number greatest = 0;
    bool is_array = true;
    count = 0;
    lua_pushnil(lua_);
    for (; lua_next(lua_, -2) != 0; ++count) {
      lua_pop(lua_, 1);
      const lua_Number key = lua_type(lua_, -1) == LUA_TNUMBER ? lua_tonumber(lua_, -1) : 0;
      if (key < 1 || key != std::floor(key)) is_array = false;
      greatest = std::fmax(greatest, key);
    }
    return is_array && greatest == static_cast<lua_Number>(count);
  }

  void PackTable(int level) {
    luaL_checkstack(lua_, 5, "in function mp_encode_lua_table");
    uint64_t count = 0;
    if (IsArray(count)) return PackArray(level, static_cast<int>(count));
    PutCount(0x80, 0xde, count);
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      lua_pushvalue(lua_, -2);
      Pack(level + 1);
      Pack(level + 1);
    }
  }

  void PackArray(int level, int count) {
    PutCount(0x90, 0xdc, static_cast<uint64_t>(count));
    for (int i = 1; i <= count; ++i) {
      lua_rawgeti(lua_, -1, i);
      Pack(level + 1);
    }
  }

  lua_State* lua_;
  LuaBuffer& bytes_;
  RunState& run_;
};

class Unpacker {
 public:
  Unpacker(lua_State* lua, std::string_view bytes)
      : lua_(lua), bytes_(bytes), run_(RunState::Of(lua)) {}

  // Pushes the next value.
  void Unpack() {
    run_.Work(lua_, 3);
    luaL_checkstack(lua_, 1,
                    "too many return values at once; use unpack_one or unpack_limit instead.");
    const auto type = static_cast<unsigned>(Take(1));
    if (type <= 0x7f) return lua_pushnumber(lua_, static_cast<lua_Number>(type));
    if (type <= 0x8f) return PushMap(type & 0xf);
    if (type <= 0x9f) return PushArray(type & 0xf);
    if (type <= 0xbf) return PushString(type & 0x1f);
    if (type >= 0xe0) return PushSigned(type, 1);
    UnpackLong(type);
  }

  bool is_at_end() const { return bytes_.empty(); }
  size_t left() const { return bytes_.size(); }

 private:
  // The next `size` (at most eight) bytes as a number, most significant first.
  uint64_t Take(size_t size) {
    if (bytes_.size() < size) luaL_error(lua_, "Missing bytes in input.");
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes_[i]);
    bytes_.remove_prefix(size);
    return value;
  }

  void UnpackLong(unsigned type) {
    switch (type) {
      case 0xc0:
        return lua_pushnil(lua_);
      case 0xc2:
      case 0xc3:
        return lua_pushboolean(lua_, type == 0xc3);
      case 0xca:
        return PushDouble(std::bit_cast<float>(static_cast<uint32_t>(Take(4))));
      case 0xcb:
        return PushDouble(std::bit_cast<double>(Take(8)));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return lua_pushnumber(lua_, static_cast<lua_Number>(Take(size_t{1} << (type - 0xcc))));
      case 0xcf:
        // Unsigned by the format; the original reads it as signed.
        return PushSigned(Take(8), 8);
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3: {
        const size_t size = size_t{1} << (type - 0xd0);
        return PushSigned(Take(size), size);
      }
      case 0xd9:
      case 0xda:
      case 0xdb:
        return PushString(Take(size_t{1} << (type - 0xd9)));
      case 0xdc:
      case 0xdd:
        return PushArray(Take(size_t{2} << (type - 0xdc)));
      case 0xde:
      case 0xdf:
        return PushMap(Take(size_t{2} << (type - 0xde)));
      default:
        luaL_error(lua_, "Bad data format in input.");
    }
  }

  void PushDouble(double number) { lua_pushnumber(lua_, number); }

  void PushSigned(uint64_t bits, size_t size) {
    const int unused = static_cast<int>(64 - size * 8);
    lua_pushnumber(lua_, static_cast<lua_Number>(static_cast<int64_t>(bits << unused) >> unused));
  }

  void PushString(uint64_t size) {
    if (size > bytes_.size()) luaL_error(lua_, "Missing bytes in input.");
    PushView(lua_, bytes_.substr(0, size));
    bytes_.remove_prefix(size);
  }

  // Nothing is allocated for a count that was only announced.
  void PushArray(uint64_t count) {
    luaL_checkstack(lua_, 3, "in function mp_decode_to_lua_array");
    lua_newtable(lua_);
    for (uint64_t i = 1; i <= count; ++i) {
      lua_pushnumber(lua_, static_cast<lua_Number>(i));
      Unpack();
      lua_rawset(lua_, -3);
    }
  }

  void PushMap(uint64_t count) {
    luaL_checkstack(lua_, 3, "in function mp_decode_to_lua_hash");
    lua_newtable(lua_);
    for (uint64_t i = 0; i < count; ++i) {
      Unpack();
      Unpack();
      if (lua_isnil(lua_, -2)) RaiseMessage(lua_, "table index is nil");
      lua_rawset(lua_, -3);
    }
  }

  lua_State* lua_;
  std::string_view bytes_;
  RunState& run_;
};

int Pack(lua_State* lua) {
  const int count = lua_gettop(lua);
  if (count == 0) return luaL_argerror(lua, 0, "MessagePack pack needs input.");
  LuaBuffer bytes(lua);
  Packer packer(lua, bytes);
  for (int i = 1; i <= count; ++i) {
    lua_pushvalue(lua, i);
    packer.Pack(0);
  }
  bytes.PushString();
  return 1;
}

// Unpacks up to `limit` values of the string at index 1, all that is left on the stack, from
// `offset` on. With neither: all of them, and without the offset that comes before the results
// otherwise.
int UnpackFrom(lua_State* lua, lua_Integer limit, lua_Integer offset) {
  size_t size = 0;
  const char* const bytes = luaL_checklstring(lua, 1, &size);
  const bool is_whole = limit == 0 && offset == 0;
  if (offset < 0 || limit < 0) {
    return luaL_error(lua, "Invalid request to unpack with offset of %d and limit of %d.",
                      static_cast<int>(offset), static_cast<int>(size));
  }
  if (static_cast<size_t>(offset) > size) {
    return luaL_error(lua, "Start offset %d greater than input length %d.",
                      static_cast<int>(offset), static_cast<int>(size));
  }
  Unpacker unpacker(lua, std::string_view(bytes, size).substr(static_cast<size_t>(offset)));
  int count = 0;
  for (; !unpacker.is_at_end() && (is_whole || count < limit); ++count) unpacker.Unpack();
  if (is_whole) return count;
  luaL_checkstack(lua, 1, "in function mp_unpack_full");
  lua_pushinteger(lua,
                  unpacker.is_at_end() ? -1 : static_cast<lua_Integer>(size - unpacker.left()));
  lua_insert(lua, 2);
  return count + 1;
}

int Unpack(lua_State* lua) {
  lua_settop(lua, lua_gettop(lua) > 1 ? 1 : lua_gettop(lua));
  return UnpackFrom(lua, 0, 0);
}

int UnpackOne(lua_State* lua) {
  const lua_Integer offset = luaL_optinteger(lua, 2, 0);
  lua_settop(lua, 1);
  return UnpackFrom(lua, 1, offset);
}

int UnpackLimit(lua_State* lua) {
  const lua_Integer limit = luaL_checkinteger(lua, 2);
  const lua_Integer offset = luaL_optinteger(lua, 3, 0);
  lua_settop(lua, 1);
  return UnpackFrom(lua, limit, offset);
}

}  // namespace

void OpenMessagePack(lua_State* lua) {
  static const luaL_Reg kFunctions[] = {{"pack", Pack},
                                        {"unpack", Unpack},
                                        {"unpack_one", UnpackOne},
                                        {"unpack_limit", UnpackLimit},
                                        {nullptr, nullptr}};
  lua_createtable(lua, 0, 8);
  luaL_register(lua, nullptr, kFunctions);
  lua_pushliteral(lua, "cmsgpack");
  lua_setfield(lua, -2, "_NAME");
  lua_pushliteral(lua, "lua-cmsgpack 0.4.0");
  lua_setfield(lua, -2, "_VERSION");
  lua_pushliteral(lua, "Copyright (C) 2012, Salvatore Sanfilippo");
  lua_setfield(lua, -2, "_COPYRIGHT");
  lua_pushliteral(lua, "MessagePack C implementation for Lua");
  lua_setfield(lua, -2, "_DESCRIPTION");
}

}  // namespace ringtail::scripting
