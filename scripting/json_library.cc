// The table `cjson`: lua-cjson 2.1's functions and messages. Our own because that library keeps its
// text outside the Lua state: no memory cap would hold it, it ends the process when memory is
// short, and a table that contains itself many times over keeps it busy past any tick.
#include <strings.h>

#include <climits>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "proto/decimal.h"
#include "scripting/libraries.h"
#include "scripting/lua_buffer.h"
#include "scripting/run_state.h"

namespace ringtail::scripting {
namespace {

using Invalid = JsonSettings::Invalid;

constexpr int kPrecisionMax = 14;

bool IsInvalidNumber(lua_Number number) { return std::isnan(number) || std::isinf(number); }

// The letter after a backslash, 'u' for \u00XX, 0 for bytes that stand for themselves.
char EscapeOf(char byte) {
  switch (byte) {
    case '"':
    case '\\':
    case '/':
      return byte;
    case '\b':
      return 'b';
    case '\t':
      return 't';
    case '\n':
      return 'n';
    case '\f':
      return 'f';
    case '\r':
      return 'r';
    default:
      return (static_cast<unsigned char>(byte) < 32 || byte == 127) ? 'u' : '\0';
  }
}

class Encoder {
 public:
  Encoder(lua_State* lua, const JsonSettings& settings, LuaBuffer& text)
      : lua_(lua), settings_(settings), text_(text), run_(RunState::Of(lua)) {}

  // Appends the value on top of the stack and leaves it there.
  void Append(int depth) {
    run_.Work(lua_, 3);
    switch (lua_type(lua_, -1)) {
      case LUA_TSTRING:
        return AppendString(ToView(lua_, -1));
      case LUA_TNUMBER:
        return AppendNumber();
      case LUA_TBOOLEAN:
        return text_.Append(lua_toboolean(lua_, -1) ? std::string_view("true") : "false");
      case LUA_TTABLE:
        return AppendTable(depth + 1);
      case LUA_TNIL:
        return text_.Append("null");
      case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(lua_, -1) == nullptr) return text_.Append("null");
        [[fallthrough]];
      default:
        Refuse(-1, "type not supported");
    }
  }

 private:
  void Refuse(int index, const char* reason) {
    luaL_error(lua_, "Cannot serialise %s: %s", luaL_typename(lua_, index), reason);
  }

  void AppendString(std::string_view string) {
    static constexpr char kHex[] = "0123456789abcdef";
    run_.Work(lua_, string.size() / 16);
    text_.Append('"');
    size_t begin = 0;
    for (size_t i = 0; i < string.size(); ++i) {
      const char escape = EscapeOf(string[i]);
      if (escape == '\0') [[likely]]
        continue;
      text_.Append(string.substr(begin, i - begin));
      begin = i + 1;
      if (escape != 'u') {
        const char pair[] = {'\\', escape};
        text_.Append({pair, sizeof(pair)});
      } else {
        const auto byte = static_cast<unsigned char>(string[i]);
        const char code[] = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
        text_.Append({code, sizeof(code)});
      }
    }
    text_.Append(string.substr(begin));
    text_.Append('"');
  }

  void AppendNumber() {
    const lua_Number number = lua_tonumber(lua_, -1);
    if (IsInvalidNumber(number)) {
      if (settings_.encode_invalid == Invalid::kRefuse) Refuse(-1, "must not be NaN or Inf");
      if (settings_.encode_invalid == Invalid::kNull) return text_.Append("null");
      if (std::isnan(number)) return text_.Append("nan");
    }
    AppendDigits(number);
  }

  void AppendDigits(lua_Number number) {
    char digits[40];
    // Whole numbers of few digits are the same in any format that has room for them.
    if (settings_.encode_precision >= 9 && std::fabs(number) < 1e9 &&
        number == std::floor(number) && !(number == 0 && std::signbit(number))) {
      const char* const end = proto::WriteDecimal(digits, static_cast<int64_t>(number));
      return text_.Append({digits, static_cast<size_t>(end - digits)});
    }
    const int size =
        std::snprintf(digits, sizeof(digits), "%.*g", settings_.encode_precision, number);
    text_.Append({digits, static_cast<size_t>(size)});
  }

  // The greatest index of an array; 0 or less for an object.
  double ArrayLength() {
    double greatest = 0;
    double count = 0;
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      lua_pop(lua_, 1);
      const lua_Number key = lua_type(lua_, -1) == LUA_TNUMBER ? lua_tonumber(lua_, -1) : 0;
      if (!(key >= 1 && key == std::floor(key))) {
        lua_pop(lua_, 1);
        return -1;
      }
      greatest = std::fmax(greatest, key);
      ++count;
    }
    if (settings_.sparse_ratio > 0 && greatest > count * settings_.sparse_ratio &&
        greatest > settings_.sparse_safe) {
      if (!settings_.converts_sparse) Refuse(-1, "excessively sparse array");
      return -1;
    }
    return greatest;
  }

  void AppendTable(int depth) {
    if (depth > settings_.encode_depth_max || lua_checkstack(lua_, 6) == 0) {
      luaL_error(lua_, "Cannot serialise, excessive nesting (%d)", depth);
    }
    const double length = ArrayLength();
    if (length > 0) return AppendArray(length, depth);
    AppendObject(depth);
  }

  void AppendArray(double length, int depth) {
    if (length > INT_MAX) Refuse(-1, "excessively sparse array");
    text_.Append('[');
    const int count = static_cast<int>(length);
    for (int i = 1; i <= count; ++i) {
      if (i > 1) text_.Append(',');
      lua_rawgeti(lua_, -1, i);
      Append(depth);
      lua_pop(lua_, 1);
      if (i == INT_MAX) break;
    }
    text_.Append(']');
  }

  void AppendObject(int depth) {
    text_.Append('{');
    bool is_first = true;
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      if (!is_first) text_.Append(',');
      is_first = false;
      AppendKey();
      Append(depth);
      lua_pop(lua_, 1);
    }
    text_.Append('}');
  }

  void AppendKey() {  // below the value on top
    const int type = lua_type(lua_, -2);
    if (type == LUA_TNUMBER) {
      text_.Append('"');
      lua_pushvalue(lua_, -2);
      AppendNumber();
      lua_pop(lua_, 1);
      text_.Append("\":");
    } else if (type == LUA_TSTRING) {
      AppendString(ToView(lua_, -2));
      text_.Append(':');
    } else {
      Refuse(-2, "table key must be a number or string");
    }
  }

  lua_State* lua_;
  const JsonSettings& settings_;
  LuaBuffer& text_;
  RunState& run_;
};

enum class Token : uint8_t {
  kObjectBegin,
  kObjectEnd,
  kArrayBegin,
  kArrayEnd,
  kString,
  kNumber,
  kBoolean,
  kNull,
  kColon,
  kComma,
  kEnd,
  kError,
};

constexpr const char* kTokenNames[] = {"T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END",
                                       "T_STRING",    "T_NUMBER",  "T_BOOLEAN",   "T_NULL",
                                       "T_COLON",     "T_COMMA",   "T_END",       "T_ERROR"};

int HexDigit(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

// Reads a text that a zero byte follows (as Lua's strings have it), and ends at the first one.
class Decoder {
 public:
  Decoder(lua_State* lua, const JsonSettings& settings, const char* text, LuaBuffer& scratch)
      : lua_(lua),
        settings_(settings),
        text_(text),
        place_(text),
        scratch_(scratch),
        run_(RunState::Of(lua)) {}

  void Decode() {
    Next();
    PushValue(0);
    Next();
    if (token_ != Token::kEnd) Expected("the end");
  }

 private:
  void Expected(const char* what) {
    luaL_error(lua_, "Expected %s but found %s at character %d", what,
               token_ == Token::kError ? error_ : kTokenNames[static_cast<int>(token_)],
               static_cast<int>(token_begin_ - text_) + 1);
  }

  void Fail(const char* error) {
    token_ = Token::kError;
    token_begin_ = place_;
    error_ = error;
  }

  bool TakeWord(const char* word, size_t size, Token token) {
    if (std::strncmp(place_, word, size) != 0) return false;
    place_ += size;
    token_ = token;
    return true;
  }

  void TakeSymbol(Token token) {
    token_ = token;
    ++place_;
  }

  // Reads the next token. A string's value is pushed, so its caller owns the slot.
  void Next() {
    run_.Work(lua_, 2);
    while (*place_ == ' ' || *place_ == '\t' || *place_ == '\n' || *place_ == '\r') ++place_;
    token_begin_ = place_;
    switch (*place_) {
      case '{':
        return TakeSymbol(Token::kObjectBegin);
      case '}':
        return TakeSymbol(Token::kObjectEnd);
      case '[':
        return TakeSymbol(Token::kArrayBegin);
      case ']':
        return TakeSymbol(Token::kArrayEnd);
      case ':':
        return TakeSymbol(Token::kColon);
      case ',':
        return TakeSymbol(Token::kComma);
      case '\0':
        token_ = Token::kEnd;
        return;
      case '"':
        return TakeString();
      default:
        return TakeScalar();
    }
  }

  void TakeScalar() {
    const char first = *place_;
    if (first == '-' || (first >= '0' && first <= '9')) {
      if (!settings_.decodes_invalid && IsUnusualNumber()) return Fail("invalid number");
      return TakeNumber();
    }
    if (TakeWord("true", 4, Token::kBoolean)) {
      boolean_ = true;
    } else if (TakeWord("false", 5, Token::kBoolean)) {
      boolean_ = false;
    } else if (TakeWord("null", 4, Token::kNull)) {
      return;
    } else if (std::strchr("+iInN", first) != nullptr && settings_.decodes_invalid &&
               IsUnusualNumber()) {
      TakeNumber();
    } else {
      Fail("invalid token");
    }
  }

  // What strtod takes and JSON does not: a plus sign, hexadecimal, leading zeros, infinity and NaN.
  bool IsUnusualNumber() const {
    const char* place = place_;
    if (*place == '+') return true;
    if (*place == '-') ++place;
    if (*place == '0') {
      const char next = place[1];
      return (next | 0x20) == 'x' || (next >= '0' && next <= '9');
    }
    if (*place <= '9') return false;
    return strncasecmp(place, "inf", 3) == 0 || strncasecmp(place, "nan", 3) == 0;
  }

  void TakeNumber() {
    char* end = nullptr;
    number_ = std::strtod(place_, &end);
    if (end == place_) return Fail("invalid number");
    run_.Work(lua_, static_cast<size_t>(end - place_) / 4);
    token_ = Token::kNumber;
    place_ = end;
  }

  void TakeString() {
    const char* const begin = ++place_;
    const size_t plain = std::strcspn(begin, "\"\\");
    run_.Work(lua_, plain / 16);
    place_ += plain;
    if (*place_ == '"') {
      lua_pushlstring(lua_, begin, plain);
      ++place_;
      token_ = Token::kString;
      return;
    }
    scratch_.Clear();
    scratch_.Append({begin, plain});
    TakeEscapedString();
  }

  void TakeEscapedString() {
    while (*place_ != '"') {
      if (*place_ == '\0') return Fail("unexpected end of string");
      if (*place_ == '\\') {
        if (place_[1] == 'u') {
          if (!TakeUnicode()) return Fail("invalid unicode escape code");
        } else if (!TakeEscape()) {
          return Fail("invalid escape code");
        }
        continue;
      }
      const size_t plain = std::strcspn(place_, "\"\\");
      scratch_.Append({place_, plain});
      run_.Work(lua_, plain / 16);
      place_ += plain;
    }
    ++place_;
    scratch_.PushString();
    token_ = Token::kString;
  }

  bool TakeEscape() {
    static constexpr char kLetters[] = "\"\\/bfnrt";
    static constexpr char kMeanings[] = "\"\\/\b\f\n\r\t";
    const char letter = place_[1];
    const char* const found = letter == '\0' ? nullptr : std::strchr(kLetters, letter);
    if (found == nullptr) return false;
    scratch_.Append(kMeanings[found - kLetters]);
    place_ += 2;
    return true;
  }

  // The code unit of "\uXXXX" at `place`, or -1. Never reads past the zero byte: no digit is one.
  static int CodeUnit(const char* place) {
    if (place[0] != '\\' || place[1] != 'u') return -1;
    int unit = 0;
    for (int i = 2; i < 6; ++i) {
      const int digit = HexDigit(place[i]);
      if (digit < 0) return -1;
      unit = unit * 16 + digit;
    }
    return unit;
  }

  bool TakeUnicode() {
    int code = CodeUnit(place_);
    if (code < 0) return false;
    int size = 6;
    if ((code & 0xF800) == 0xD800) {
      // A surrogate pair: the leading half first.
      if ((code & 0x400) != 0) return false;
      const int low = CodeUnit(place_ + 6);
      if (low < 0 || (low & 0xFC00) != 0xDC00) return false;
      code = ((code & 0x3FF) << 10 | (low & 0x3FF)) + 0x10000;
      size = 12;
    }
    AppendUtf8(static_cast<unsigned>(code));
    place_ += size;
    return true;
  }

  void AppendUtf8(unsigned code) {
    const auto append = [this](unsigned byte) { scratch_.Append(static_cast<char>(byte)); };
    if (code < 0x80) return append(code);
    if (code < 0x800) {
      append(0xC0 | code >> 6);
    } else {
      if (code < 0x10000) {
        append(0xE0 | code >> 12);
      } else {
        append(0xF0 | code >> 18);
        append(0x80 | (code >> 12 & 0x3F));
      }
      append(0x80 | (code >> 6 & 0x3F));
    }
    append(0x80 | (code & 0x3F));
  }

  // Pushes the value that begins with the present token; a string is there already.
  void PushValue(int depth) {
    switch (token_) {
      case Token::kString:
        return;
      case Token::kNumber:
        return lua_pushnumber(lua_, number_);
      case Token::kBoolean:
        return lua_pushboolean(lua_, boolean_);
      case Token::kNull:
        return lua_pushlightuserdata(lua_, nullptr);
      case Token::kObjectBegin:
        return PushObject(depth + 1);
      case Token::kArrayBegin:
        return PushArray(depth + 1);
      default:
        Expected("value");
    }
  }

  void Descend(int depth) {
    if (depth > settings_.decode_depth_max || lua_checkstack(lua_, 6) == 0) {
      luaL_error(lua_, "Found too many nested data structures (%d) at character %d", depth,
                 static_cast<int>(place_ - text_));
    }
  }

  void PushObject(int depth) {
    Descend(depth);
    lua_newtable(lua_);
    Next();
    if (token_ == Token::kObjectEnd) return;
    for (;;) {
      if (token_ != Token::kString) Expected("object key string");
      Next();
      if (token_ != Token::kColon) Expected("colon");
      Next();
      PushValue(depth);
      lua_rawset(lua_, -3);
      Next();
      if (token_ == Token::kObjectEnd) return;
      if (token_ != Token::kComma) Expected("comma or object end");
      Next();
    }
  }

  void PushArray(int depth) {
    Descend(depth);
    lua_newtable(lua_);
    Next();
    if (token_ == Token::kArrayEnd) return;
    for (int i = 1;; ++i) {
      PushValue(depth);
      lua_rawseti(lua_, -2, i);
      Next();
      if (token_ == Token::kArrayEnd) return;
      if (token_ != Token::kComma) Expected("comma or array end");
      Next();
    }
  }

  lua_State* lua_;
  const JsonSettings& settings_;
  const char* const text_;
  const char* place_;
  LuaBuffer& scratch_;
  RunState& run_;
  Token token_ = Token::kEnd;
  const char* token_begin_ = nullptr;
  const char* error_ = nullptr;
  lua_Number number_ = 0;
  bool boolean_ = false;
};

int Encode(lua_State* lua) {
  luaL_argcheck(lua, lua_gettop(lua) == 1, 1, "expected 1 argument");
  LuaBuffer text(lua);
  lua_pushvalue(lua, 1);
  Encoder(lua, RunState::Of(lua).json, text).Append(0);
  text.PushString();
  return 1;
}

int Decode(lua_State* lua) {
  luaL_argcheck(lua, lua_gettop(lua) == 1, 1, "expected 1 argument");
  size_t size = 0;
  const char* const text = luaL_checklstring(lua, 1, &size);
  if (size >= 2 && (text[0] == '\0' || text[1] == '\0')) {
    return luaL_error(lua, "JSON parser does not support UTF-16 or UTF-32");
  }
  LuaBuffer scratch(lua);
  Decoder(lua, RunState::Of(lua).json, text, scratch).Decode();
  return 1;
}

// The settings' functions: each takes its new values, if any, and answers the present ones.

void CheckArgumentCount(lua_State* lua, int count) {
  luaL_argcheck(lua, lua_gettop(lua) <= count, count + 1, "found too many arguments");
  lua_settop(lua, count);
}

void IntegerSetting(lua_State* lua, int index, int& setting, int least, int greatest) {
  if (!lua_isnil(lua, index)) {
    const lua_Integer value = luaL_checkinteger(lua, index);
    if (value < least || value > greatest) {
      // lua-cjson names the first argument always.
      luaL_argerror(lua, 1,
                    lua_pushfstring(lua, "expected integer between %d and %d", least, greatest));
    }
    setting = static_cast<int>(value);
  }
  lua_pushinteger(lua, setting);
}

// Booleans may be written "off" and "on".
void BooleanSetting(lua_State* lua, int index, bool& setting) {
  static const char* const kNames[] = {"off", "on", nullptr};
  if (!lua_isnil(lua, index)) {
    setting = lua_isboolean(lua, index) ? lua_toboolean(lua, index) != 0
                                        : luaL_checkoption(lua, index, nullptr, kNames) == 1;
  }
  lua_pushboolean(lua, setting);
}

int EncodeSparseArray(lua_State* lua) {
  JsonSettings& settings = RunState::Of(lua).json;
  CheckArgumentCount(lua, 3);
  BooleanSetting(lua, 1, settings.converts_sparse);
  IntegerSetting(lua, 2, settings.sparse_ratio, 0, INT_MAX);
  IntegerSetting(lua, 3, settings.sparse_safe, 0, INT_MAX);
  return 3;
}

int EncodeMaxDepth(lua_State* lua) {
  CheckArgumentCount(lua, 1);
  IntegerSetting(lua, 1, RunState::Of(lua).json.encode_depth_max, 1, INT_MAX);
  return 1;
}

int DecodeMaxDepth(lua_State* lua) {
  CheckArgumentCount(lua, 1);
  IntegerSetting(lua, 1, RunState::Of(lua).json.decode_depth_max, 1, INT_MAX);
  return 1;
}

int EncodeNumberPrecision(lua_State* lua) {
  CheckArgumentCount(lua, 1);
  IntegerSetting(lua, 1, RunState::Of(lua).json.encode_precision, 1, kPrecisionMax);
  return 1;
}

int EncodeKeepBuffer(lua_State* lua) {
  CheckArgumentCount(lua, 1);
  BooleanSetting(lua, 1, RunState::Of(lua).json.keeps_buffer);
  return 1;
}

int EncodeInvalidNumbers(lua_State* lua) {
  static const char* const kNames[] = {"off", "on", "null", nullptr};
  JsonSettings& settings = RunState::Of(lua).json;
  CheckArgumentCount(lua, 1);
  if (lua_isboolean(lua, 1)) {
    settings.encode_invalid = lua_toboolean(lua, 1) ? Invalid::kAllow : Invalid::kRefuse;
  } else if (!lua_isnil(lua, 1)) {
    settings.encode_invalid = static_cast<Invalid>(luaL_checkoption(lua, 1, nullptr, kNames));
  }
  if (settings.encode_invalid == Invalid::kNull) {
    lua_pushliteral(lua, "null");
  } else {
    lua_pushboolean(lua, settings.encode_invalid == Invalid::kAllow);
  }
  return 1;
}

int DecodeInvalidNumbers(lua_State* lua) {
  CheckArgumentCount(lua, 1);
  BooleanSetting(lua, 1, RunState::Of(lua).json.decodes_invalid);
  return 1;
}

void PushModule(lua_State* lua);

int New(lua_State* lua) {
  PushModule(lua);
  return 1;
}

void PushModule(lua_State* lua) {
  static const luaL_Reg kFunctions[] = {{"encode", Encode},
                                        {"decode", Decode},
                                        {"encode_sparse_array", EncodeSparseArray},
                                        {"encode_max_depth", EncodeMaxDepth},
                                        {"decode_max_depth", DecodeMaxDepth},
                                        {"encode_number_precision", EncodeNumberPrecision},
                                        {"encode_keep_buffer", EncodeKeepBuffer},
                                        {"encode_invalid_numbers", EncodeInvalidNumbers},
                                        {"decode_invalid_numbers", DecodeInvalidNumbers},
                                        {"new", New},
                                        {nullptr, nullptr}};
  lua_createtable(lua, 0, 14);
  luaL_register(lua, nullptr, kFunctions);
  lua_pushlightuserdata(lua, nullptr);
  lua_setfield(lua, -2, "null");
  lua_pushliteral(lua, "cjson");
  lua_setfield(lua, -2, "_NAME");
  lua_pushliteral(lua, "2.1.0");
  lua_setfield(lua, -2, "_VERSION");
}

}  // namespace

void OpenJson(lua_State* lua) { PushModule(lua); }

}  // namespace ringtail::scripting
