#include "scripting/reply_conversion.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "base/parse_number.h"
#include "scripting/script_error.h"

namespace ringtail::scripting {
namespace {

// Reads replies that our own server has written, without trusting it: no read leaves the bytes.
class ReplyReader {
 public:
  ReplyReader(lua_State* lua, std::string_view bytes) : lua_(lua), bytes_(bytes) {}

  // Pushes the next value.
  void Push(int depth) {
    if (depth > kReplyDepthMax) RaiseError(lua_, "reply is nested too deeply");
    luaL_checkstack(lua_, 6, "reply is nested too deeply");
    const char type = bytes_.empty() ? '\0' : bytes_.front();
    const std::string_view line = TakeLine();
    switch (type) {
      case ':':
        return lua_pushnumber(lua_, static_cast<lua_Number>(ToInt(line)));
      case '$':
        return PushBulk(line);
      case '+':
        return PushField("ok", line);
      case '-':
        return PushErrorLine();
      case '*':
      case '>':
        return PushArray(line, depth);
      case '_':
        return lua_pushnil(lua_);
      case '#':
        return lua_pushboolean(lua_, line == "t");
      case ',':
        return PushDouble(line);
      case '(':
        return PushField("big_number", line);
      case '=':
        return PushVerbatim(line);
      case '%':
        return PushMap(line, depth);
      case '~':
        return PushSet(line, depth);
      case '|':
        return SkipAttribute(line, depth);
      default:
        RaiseError(lua_, "a command's reply is not RESP");
    }
  }

 private:
  // The rest of the line after its type; the reader then stands behind the line.
  std::string_view TakeLine() {
    const size_t end = bytes_.find('\r');
    if (end == std::string_view::npos || end == 0 || end + 2 > bytes_.size()) {
      RaiseError(lua_, "a command's reply is not RESP");
    }
    line_ = bytes_.substr(0, end);
    bytes_.remove_prefix(end + 2);
    return line_.substr(1);
  }

  int64_t ToInt(std::string_view line) {
    int64_t value = 0;
    size_t place = 0;
    const bool is_negative = !line.empty() && line.front() == '-';
    if (is_negative) ++place;
    // Up to 18 digits cannot overflow; what is longer goes the slow way.
    if (line.size() - place > 18 || line.size() == place) {
      const auto number = ParseInt64(line);
      if (!number) RaiseError(lua_, "a command's reply is not RESP");
      return *number;
    }
    for (; place < line.size(); ++place) value = value * 10 + (line[place] - '0');
    return is_negative ? -value : value;
  }

  // The bytes of a bulk whose header said `line`.
  std::string_view TakeBulk(int64_t size) {
    if (size < 0 || bytes_.size() < 2 || static_cast<uint64_t>(size) > bytes_.size() - 2) {
      RaiseError(lua_, "a command's reply is not RESP");
    }
    const std::string_view bulk = bytes_.substr(0, static_cast<size_t>(size));
    bytes_.remove_prefix(bulk.size() + 2);
    return bulk;
  }

  // Elements of an aggregate: each takes three bytes at least, so a count beyond that is a lie.
  int CountOf(std::string_view line) {
    const int64_t count = ToInt(line);
    if (count > static_cast<int64_t>(bytes_.size() / 3) || count > INT32_MAX) {
      RaiseError(lua_, "a command's reply is not RESP");
    }
    return static_cast<int>(count);
  }

  void PushField(const char* name, std::string_view text) {
    lua_createtable(lua_, 0, 1);
    lua_pushstring(lua_, name);
    PushView(lua_, text);
    lua_rawset(lua_, -3);
  }

  void PushBulk(std::string_view line) {
    const int64_t size = ToInt(line);
    if (size < 0) return lua_pushboolean(lua_, 0);
    PushView(lua_, TakeBulk(size));
  }

  void PushErrorLine() {
    PushError(lua_, line_);
    lua_pushstring(lua_, kCountedField);
    lua_pushboolean(lua_, 1);
    lua_rawset(lua_, -3);
  }

  void PushArray(std::string_view line, int depth) {
    const int count = CountOf(line);
    if (count < 0) return lua_pushboolean(lua_, 0);
    lua_createtable(lua_, count, 0);
    for (int i = 1; i <= count; ++i) {
      Push(depth + 1);
      lua_rawseti(lua_, -2, i);
    }
  }

  void PushDouble(std::string_view line) {
    const auto number = ParseDouble(line);
    lua_createtable(lua_, 0, 1);
    lua_pushliteral(lua_, "double");
    lua_pushnumber(lua_, number ? *number : std::numeric_limits<double>::quiet_NaN());
    lua_rawset(lua_, -3);
  }

  void PushVerbatim(std::string_view line) {
    const std::string_view bulk = TakeBulk(ToInt(line));
    if (bulk.size() < 4) RaiseError(lua_, "a command's reply is not RESP");
    lua_createtable(lua_, 0, 1);
    lua_pushliteral(lua_, "verbatim_string");
    lua_createtable(lua_, 0, 2);
    lua_pushliteral(lua_, "string");
    PushView(lua_, bulk.substr(4));
    lua_rawset(lua_, -3);
    lua_pushliteral(lua_, "format");
    PushView(lua_, bulk.substr(0, 3));
    lua_rawset(lua_, -3);
    lua_rawset(lua_, -3);
  }

  // A key of nil or NaN, which no table can have, drops its pair.
  void SetPair() {
    const bool is_nan = lua_type(lua_, -2) == LUA_TNUMBER && std::isnan(lua_tonumber(lua_, -2));
    if (lua_isnil(lua_, -2) || is_nan) {
      lua_pop(lua_, 2);
    } else {
      lua_rawset(lua_, -3);
    }
  }

  void PushMap(std::string_view line, int depth) {
    const int count = CountOf(line);
    lua_createtable(lua_, 0, 1);
    lua_pushliteral(lua_, "map");
    lua_createtable(lua_, 0, count);
    for (int i = 0; i < count; ++i) {
      Push(depth + 1);
      Push(depth + 1);
      SetPair();
    }
    lua_rawset(lua_, -3);
  }

  void PushSet(std::string_view line, int depth) {
    const int count = CountOf(line);
    lua_createtable(lua_, 0, 1);
    lua_pushliteral(lua_, "set");
    lua_createtable(lua_, 0, count);
    for (int i = 0; i < count; ++i) {
      Push(depth + 1);
      lua_pushboolean(lua_, 1);
      SetPair();
    }
    lua_rawset(lua_, -3);
  }

  // Scripts do not see attributes: what follows them is the value.
  void SkipAttribute(std::string_view line, int depth) {
    const int count = CountOf(line);
    for (int i = 0; i < count * 2; ++i) {
      Push(depth + 1);
      lua_pop(lua_, 1);
    }
    Push(depth + 1);
  }

  lua_State* lua_;
  std::string_view bytes_;
  std::string_view line_;  // the last line with its type
};

// A number as Redis casts it: towards zero, and the least integer for all that have no place in 64
// bits.
int64_t ToReplyInteger(lua_Number number) {
  constexpr double kEnd = 9223372036854775808.0;
  if (!(number >= -kEnd && number < kEnd)) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(number);
}

class ValueWriter {
 public:
  ValueWriter(lua_State* lua, proto::RespVersion version, proto::ReplyWriter& reply)
      : lua_(lua), version_(version), reply_(reply) {}

  // Whether an error that was written is one that a command had answered.
  bool is_error_counted() const { return is_error_counted_; }

  // Writes the value on top and pops it.
  void Write() {
    // Redis's bound of nesting too: the stack of one C function.
    if (lua_checkstack(lua_, 4) == 0) {
      reply_.Error("ERR reached lua stack limit");
      return lua_pop(lua_, 1);
    }
    switch (lua_type(lua_, -1)) {
      case LUA_TSTRING:
        reply_.Bulk(ToView(lua_, -1));
        break;
      case LUA_TNUMBER:
        reply_.Integer(ToReplyInteger(lua_tonumber(lua_, -1)));
        break;
      case LUA_TBOOLEAN:
        WriteBoolean(lua_toboolean(lua_, -1) != 0);
        break;
      case LUA_TTABLE:
        WriteTable();
        break;
      default:
        reply_.Null();
    }
    lua_pop(lua_, 1);
  }

 private:
  void WriteBoolean(bool value) {
    if (version_ == proto::RespVersion::kResp3) return reply_.Boolean(value);
    value ? reply_.Integer(1) : reply_.Null();
  }

  // Pushes the field of the table on top, read past any metatable; true (and left there) if it has
  // that type.
  template <size_t kSize>
  bool PushField(const char (&name)[kSize], int type) {
    lua_pushlstring(lua_, name, kSize - 1);
    lua_rawget(lua_, -2);
    if (lua_type(lua_, -1) == type) return true;
    lua_pop(lua_, 1);
    return false;
  }

  void WriteTable() {
    if (!WriteSpecial()) WriteArray();
  }

  bool WriteSpecial() {
    if (PushField("err", LUA_TSTRING)) {
      reply_.Error(ToView(lua_, -1));
      lua_pop(lua_, 1);
      if (!PushField(kCountedField, LUA_TBOOLEAN)) return true;
      is_error_counted_ = true;
    } else if (PushField("ok", LUA_TSTRING)) {
      reply_.SimpleString(ToView(lua_, -1));
    } else if (PushField("double", LUA_TNUMBER)) {
      reply_.Double(lua_tonumber(lua_, -1));
    } else if (PushField("big_number", LUA_TSTRING)) {
      WriteBigNumber();
    } else if (PushField("verbatim_string", LUA_TTABLE)) {
      if (!WriteVerbatim()) {
        lua_pop(lua_, 1);
        return WriteCollection();
      }
    } else {
      return WriteCollection();
    }
    lua_pop(lua_, 1);
    return true;
  }

  bool WriteCollection() {
    if (PushField("map", LUA_TTABLE)) {
      WriteMap();
    } else if (PushField("set", LUA_TTABLE)) {
      WriteSet();
    } else {
      return false;
    }
    lua_pop(lua_, 1);
    return true;
  }

  // Line breaks become spaces in both versions.
  void WriteBigNumber() {
    const std::string_view digits = ToView(lua_, -1);
    if (digits.find_first_of("\r\n") == std::string_view::npos) return reply_.BigNumber(digits);
    luaL_gsub(lua_, digits.data(), "\r", " ");
    luaL_gsub(lua_, lua_tostring(lua_, -1), "\n", " ");
    reply_.BigNumber(ToView(lua_, -1));
    lua_pop(lua_, 2);
  }

  bool WriteVerbatim() {
    if (!PushField("format", LUA_TSTRING)) return false;
    lua_insert(lua_, -2);
    const bool is_whole = PushField("string", LUA_TSTRING);
    if (is_whole) {
      reply_.Verbatim(ToView(lua_, -3), ToView(lua_, -1));
      lua_pop(lua_, 1);
    }
    lua_remove(lua_, -2);
    return is_whole;
  }

  size_t CountPairs() {
    size_t count = 0;
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      ++count;
      lua_pop(lua_, 1);
    }
    return count;
  }

  void WriteMap() {
    reply_.Map(CountPairs());
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      lua_pushvalue(lua_, -2);
      Write();
      Write();
    }
  }

  void WriteSet() {
    reply_.Set(CountPairs());
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      lua_pop(lua_, 1);
      lua_pushvalue(lua_, -1);
      Write();
    }
  }

  // Up to the first nil. Counted first: moving what is written to make room for a header costs
  // more.
  void WriteArray() {
    int count = 0;
    for (;; ++count) {
      lua_rawgeti(lua_, -1, count + 1);
      const bool is_end = lua_isnil(lua_, -1);
      lua_pop(lua_, 1);
      if (is_end) break;
    }
    reply_.Array(static_cast<size_t>(count));
    for (int i = 1; i <= count; ++i) {
      lua_rawgeti(lua_, -1, i);
      Write();
    }
  }

  lua_State* lua_;
  proto::RespVersion version_;
  bool is_error_counted_ = false;
  proto::ReplyWriter& reply_;
};

}  // namespace

bool PushReply(lua_State* lua, std::string_view reply) {
  ReplyReader(lua, reply).Push(0);
  return !reply.empty() && reply.front() == '-';
}

bool WriteValue(lua_State* lua, proto::RespVersion script_version, proto::ReplyWriter& reply) {
  ValueWriter writer(lua, script_version, reply);
  writer.Write();
  return writer.is_error_counted();
}

}  // namespace ringtail::scripting
