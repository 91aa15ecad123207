// string.find, match, gmatch and gsub with Lua 5.1's patterns, and string.rep. Our own because the
// library's matcher recurses as deeply as a pattern is long, which overflows the C stack, and can
// try for hours without a tick, as can its rep; and because its gsub keeps 8 KiB on the stack in
// every nested call.
//
// The grammar and the messages are those of the Lua 5.1 reference manual, section 5.4.1, and of its
// library. A zero byte ends a pattern.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstring>

#include "scripting/libraries.h"
#include "scripting/lua_buffer.h"
#include "scripting/run_state.h"

namespace ringtail::scripting {
namespace {

// Nested tries of one match; a level takes about 200 bytes of the C stack.
constexpr int kDepthMax = 4000;
constexpr char kEscape = '%';
constexpr char kSpecials[] = "^$*+?.([%-";

unsigned char Byte(char c) { return static_cast<unsigned char>(c); }

// Does the class that `letter` stands for after a % contain the byte?
bool IsInClass(unsigned char byte, unsigned char letter) {
  bool is_in = false;
  switch (std::tolower(letter)) {
    case 'a':
      is_in = std::isalpha(byte) != 0;
      break;
    case 'c':
      is_in = std::iscntrl(byte) != 0;
      break;
    case 'd':
      is_in = std::isdigit(byte) != 0;
      break;
    case 'l':
      is_in = std::islower(byte) != 0;
      break;
    case 'p':
      is_in = std::ispunct(byte) != 0;
      break;
    case 's':
      is_in = std::isspace(byte) != 0;
      break;
    case 'u':
      is_in = std::isupper(byte) != 0;
      break;
    case 'w':
      is_in = std::isalnum(byte) != 0;
      break;
    case 'x':
      is_in = std::isxdigit(byte) != 0;
      break;
    case 'z':
      is_in = byte == 0;
      break;
    default:
      return byte == letter;  // an escaped byte stands for itself
  }
  return std::isupper(letter) != 0 ? !is_in : is_in;
}

// Does the set "[...]" contain the byte? `set` is at its '[', `last` at its ']'.
bool IsInSet(unsigned char byte, const char* set, const char* last) {
  const char* place = set + 1;
  const bool is_complement = *place == '^';
  if (is_complement) ++place;
  while (place < last) {
    if (*place == kEscape) {
      if (IsInClass(byte, Byte(place[1]))) return !is_complement;
      place += 2;
    } else if (place[1] == '-' && place + 2 < last) {
      if (Byte(place[0]) <= byte && byte <= Byte(place[2])) return !is_complement;
      place += 3;
    } else {
      if (Byte(*place) == byte) return !is_complement;
      ++place;
    }
  }
  return is_complement;
}

class Matcher {
 public:
  Matcher(lua_State* lua, std::string_view subject)
      : lua_(lua),
        run_(RunState::Of(lua)),
        begin_(subject.data()),
        end_(subject.data() + subject.size()) {}

  // The end of the pattern's match that begins at `place`, or null. O(1) stack but for what
  // kDepthMax bounds.
  const char* Start(const char* place, const char* pattern) {
    capture_count_ = 0;
    depth_ = 0;
    return Try(place, pattern);
  }

  // Pushes the captures of the last match, or all of the match if it has none (and `match` is not
  // null). Answers how many.
  int PushCaptures(const char* match, const char* match_end) {
    const int count = capture_count_ == 0 && match != nullptr ? 1 : capture_count_;
    luaL_checkstack(lua_, count, "too many captures");
    for (int i = 0; i < count; ++i) PushCapture(i, match, match_end);
    return count;
  }

  void PushCapture(int index, const char* match, const char* match_end) {
    if (index >= capture_count_) {
      if (index != 0) luaL_error(lua_, "invalid capture index");
      lua_pushlstring(lua_, match, static_cast<size_t>(match_end - match));
      return;
    }
    const Capture& capture = captures_[index];
    if (capture.size == kOpen) luaL_error(lua_, "unfinished capture");
    if (capture.size == kPosition) {
      lua_pushinteger(lua_, capture.begin - begin_ + 1);
    } else {
      lua_pushlstring(lua_, capture.begin, static_cast<size_t>(capture.size));
    }
  }

 private:
  static constexpr ptrdiff_t kOpen = -1;
  static constexpr ptrdiff_t kPosition = -2;
  struct Capture {
    const char* begin;
    ptrdiff_t size;  // or one of the above
  };

  // Goes on along the pattern as long as there is one way only; each choice is a nested Try.
  const char* Try(const char* place, const char* pattern) {
    if (++depth_ > kDepthMax) luaL_error(lua_, "pattern too complex");
    const char* const result = Walk(place, pattern);
    --depth_;
    return result;
  }

  const char* Walk(const char* place, const char* pattern) {
    for (;;) {
      run_.Work(lua_, 1);
      switch (*pattern) {
        case '\0':
          return place;
        case '(':
          return pattern[1] == ')' ? OpenCapture(place, pattern + 2, kPosition)
                                   : OpenCapture(place, pattern + 1, kOpen);
        case ')':
          return CloseCapture(place, pattern + 1);
        case '$':
          if (pattern[1] == '\0') return place == end_ ? place : nullptr;
          break;
        case kEscape:
          if (IsSpecialEscape(pattern[1])) {
            place = MatchEscape(place, pattern);
            if (place == nullptr) return nullptr;
            continue;
          }
          break;
        default:
          break;
      }
      const char* const item_end = ItemEnd(pattern);
      switch (*item_end) {
        case '?':
          if (MatchesItem(place, pattern, item_end)) {
            if (const char* const result = Try(place + 1, item_end + 1)) return result;
          }
          pattern = item_end + 1;
          break;
        case '+':
          return MatchesItem(place, pattern, item_end) ? MatchMost(place + 1, pattern, item_end)
                                                       : nullptr;
        case '*':
          return MatchMost(place, pattern, item_end);
        case '-':
          return MatchLeast(place, pattern, item_end);
        default:
          if (!MatchesItem(place, pattern, item_end)) return nullptr;
          ++place;
          pattern = item_end;
      }
    }
  }

  static bool IsSpecialEscape(char letter) {
    return letter == 'b' || letter == 'f' || std::isdigit(Byte(letter)) != 0;
  }

  // %b, %f and %1: moves the pattern behind it. Answers the new place, or null.
  const char* MatchEscape(const char* place, const char*& pattern) {
    switch (pattern[1]) {
      case 'b': {
        const char* const balanced = MatchBalance(place, pattern + 2);
        pattern += 4;
        return balanced;
      }
      case 'f': {
        const char* const set = pattern + 2;
        if (*set != '[') luaL_error(lua_, "missing '[' after '%%f' in pattern");
        pattern = ItemEnd(set);
        const unsigned char before = place == begin_ ? '\0' : Byte(place[-1]);
        const unsigned char here = place == end_ ? '\0' : Byte(*place);
        return !IsInSet(before, set, pattern - 1) && IsInSet(here, set, pattern - 1) ? place
                                                                                     : nullptr;
      }
      default: {
        const Capture& capture = captures_[ClosedCapture(pattern[1])];
        const auto size = static_cast<size_t>(capture.size);
        pattern += 2;
        run_.Work(lua_, size / 16);
        return static_cast<size_t>(end_ - place) >= size &&
                       std::memcmp(capture.begin, place, size) == 0
                   ? place + size
                   : nullptr;
      }
    }
  }

  int ClosedCapture(char digit) {
    const int index = digit - '1';
    if (index < 0 || index >= capture_count_ || captures_[index].size == kOpen) {
      luaL_error(lua_, "invalid capture index");
    }
    // A position is no text that could come again: it matches nothing.
    if (captures_[index].size == kPosition) luaL_error(lua_, "invalid capture index");
    return index;
  }

  // Behind the bracket that closes the one at `place`; `pair` is the opening and the closing byte.
  const char* MatchBalance(const char* place, const char* pair) {
    if (pair[0] == '\0' || pair[1] == '\0') luaL_error(lua_, "unbalanced pattern");
    if (place == end_ || *place != pair[0]) return nullptr;
    size_t open_count = 1;
    for (const char* next = place + 1; next < end_; ++next) {
      if (*next == pair[1]) {
        if (--open_count == 0) {
          run_.Work(lua_, static_cast<size_t>(next - place) / 4);
          return next + 1;
        }
      } else if (*next == pair[0]) {
        ++open_count;
      }
    }
    run_.Work(lua_, static_cast<size_t>(end_ - place) / 4);
    return nullptr;
  }

  // The end of the single-byte item (a byte, a class, a set) at `item`.
  const char* ItemEnd(const char* item) {
    const char first = *item++;
    if (first == kEscape) {
      if (*item == '\0') luaL_error(lua_, "malformed pattern (ends with '%%')");
      return item + 1;
    }
    if (first != '[') return item;
    const char* const set = item;
    if (*item == '^') ++item;
    // A ']' that comes first is a member.
    do {
      if (*item == '\0') luaL_error(lua_, "malformed pattern (missing ']')");
      if (*item++ == kEscape && *item != '\0') ++item;
    } while (*item != ']');
    run_.Work(lua_, static_cast<size_t>(item - set) / 4);
    return item + 1;
  }

  bool MatchesItem(const char* place, const char* item, const char* item_end) const {
    if (place >= end_) return false;
    switch (*item) {
      case '.':
        return true;
      case kEscape:
        return IsInClass(Byte(*place), Byte(item[1]));
      case '[':
        return IsInSet(Byte(*place), item, item_end - 1);
      default:
        return *item == *place;
    }
  }

  const char* MatchMost(const char* place, const char* item, const char* item_end) {
    const char* most = place;
    while (MatchesItem(most, item, item_end)) ++most;
    run_.Work(lua_, static_cast<size_t>(most - place) / 4);
    for (;; --most) {
      if (const char* const result = Try(most, item_end + 1)) return result;
      if (most == place) return nullptr;
    }
  }

  const char* MatchLeast(const char* place, const char* item, const char* item_end) {
    for (;; ++place) {
      if (const char* const result = Try(place, item_end + 1)) return result;
      if (!MatchesItem(place, item, item_end)) return nullptr;
    }
  }

  const char* OpenCapture(const char* place, const char* pattern, ptrdiff_t size) {
    if (capture_count_ >= LUA_MAXCAPTURES) luaL_error(lua_, "too many captures");
    captures_[capture_count_] = {place, size};
    ++capture_count_;
    const char* const result = Try(place, pattern);
    if (result == nullptr) --capture_count_;
    return result;
  }

  const char* CloseCapture(const char* place, const char* pattern) {
    int index = capture_count_ - 1;
    while (index >= 0 && captures_[index].size != kOpen) --index;
    if (index < 0) luaL_error(lua_, "invalid pattern capture");
    captures_[index].size = place - captures_[index].begin;
    const char* const result = Try(place, pattern);
    if (result == nullptr) captures_[index].size = kOpen;
    return result;
  }

  lua_State* lua_;
  RunState& run_;
  const char* const begin_;
  const char* const end_;
  int capture_count_ = 0;
  int depth_ = 0;
  Capture captures_[LUA_MAXCAPTURES];
};

std::string_view CheckView(lua_State* lua, int index) {
  size_t size = 0;
  const char* const text = luaL_checklstring(lua, index, &size);
  return {text, size};
}

// Where a search begins: a position from 1, or from the end if negative, as an offset within the
// subject.
size_t StartOffset(lua_State* lua, int index, size_t size) {
  const lua_Integer position = luaL_optinteger(lua, index, 1);
  const auto end = static_cast<lua_Integer>(size);
  const lua_Integer offset = position < 0 ? position + end : position - 1;
  return static_cast<size_t>(std::clamp<lua_Integer>(offset, 0, end));
}

int PushPlainFind(lua_State* lua, std::string_view subject, std::string_view text, size_t offset) {
  RunState::Of(lua).Work(lua, (subject.size() - offset) / 64);
  // Linear in both, unlike string_view's.
  const void* const found =
      memmem(subject.data() + offset, subject.size() - offset, text.data(), text.size());
  if (found == nullptr) {
    lua_pushnil(lua);
    return 1;
  }
  const ptrdiff_t begin = static_cast<const char*>(found) - subject.data();
  lua_pushinteger(lua, begin + 1);
  lua_pushinteger(lua, begin + static_cast<ptrdiff_t>(text.size()));
  return 2;
}

enum class Answer : uint8_t { kPlaceAndCaptures, kCaptures };

int Search(lua_State* lua, Answer answer) {
  const std::string_view subject = CheckView(lua, 1);
  const std::string_view text = CheckView(lua, 2);
  const size_t offset = StartOffset(lua, 3, subject.size());
  if (answer == Answer::kPlaceAndCaptures &&
      (lua_toboolean(lua, 4) != 0 || std::strpbrk(text.data(), kSpecials) == nullptr)) {
    return PushPlainFind(lua, subject, text, offset);
  }
  const bool is_anchored = text.data()[0] == '^';
  const char* const pattern = text.data() + (is_anchored ? 1 : 0);
  Matcher matcher(lua, subject);
  const char* const subject_end = subject.data() + subject.size();
  for (const char* place = subject.data() + offset; place <= subject_end; ++place) {
    const char* const match_end = matcher.Start(place, pattern);
    if (match_end != nullptr) {
      if (answer == Answer::kCaptures) return matcher.PushCaptures(place, match_end);
      lua_pushinteger(lua, place - subject.data() + 1);
      lua_pushinteger(lua, match_end - subject.data());
      return matcher.PushCaptures(nullptr, nullptr) + 2;
    }
    if (is_anchored) break;
  }
  lua_pushnil(lua);
  return 1;
}

int Find(lua_State* lua) { return Search(lua, Answer::kPlaceAndCaptures); }
int Match(lua_State* lua) { return Search(lua, Answer::kCaptures); }

int NextMatch(lua_State* lua) {  // upvalues: subject, pattern, offset to go on from
  const std::string_view subject = ToView(lua, lua_upvalueindex(1));
  const char* const pattern = lua_tostring(lua, lua_upvalueindex(2));
  const char* const subject_end = subject.data() + subject.size();
  Matcher matcher(lua, subject);
  for (const char* place = subject.data() + lua_tointeger(lua, lua_upvalueindex(3));
       place <= subject_end; ++place) {
    const char* const match_end = matcher.Start(place, pattern);
    if (match_end == nullptr) continue;
    // An empty match must not be found again.
    lua_pushinteger(lua, match_end - subject.data() + (match_end == place ? 1 : 0));
    lua_replace(lua, lua_upvalueindex(3));
    return matcher.PushCaptures(place, match_end);
  }
  return 0;
}

int GlobalMatch(lua_State* lua) {
  luaL_checkstring(lua, 1);
  luaL_checkstring(lua, 2);
  lua_settop(lua, 2);
  lua_pushinteger(lua, 0);
  lua_pushcclosure(lua, NextMatch, 3);
  return 1;
}

class Replacer {
 public:
  Replacer(lua_State* lua, Matcher& matcher, LuaBuffer& result)
      : lua_(lua), matcher_(matcher), result_(result), type_(lua_type(lua, 3)) {}

  // Appends what the third argument makes of a match.
  void Append(const char* match, const char* match_end) {
    if (type_ == LUA_TSTRING || type_ == LUA_TNUMBER) return AppendTemplate(match, match_end);
    if (type_ == LUA_TFUNCTION) {
      lua_pushvalue(lua_, 3);
      lua_call(lua_, matcher_.PushCaptures(match, match_end), 1);
    } else {
      matcher_.PushCapture(0, match, match_end);
      lua_gettable(lua_, 3);
    }
    if (lua_toboolean(lua_, -1) == 0) {
      result_.Append({match, static_cast<size_t>(match_end - match)});
    } else if (lua_isstring(lua_, -1) != 0) {
      result_.Append(ToView(lua_, -1));
    } else {
      luaL_error(lua_, "invalid replacement value (a %s)", luaL_typename(lua_, -1));
    }
    lua_pop(lua_, 1);
  }

 private:
  void AppendTemplate(const char* match, const char* match_end) {
    std::string_view text = ToView(lua_, 3);
    RunState::Of(lua_).Work(lua_, text.size() / 8);
    for (;;) {
      const size_t escape = text.find(kEscape);
      result_.Append(text.substr(0, escape));
      if (escape == std::string_view::npos) return;
      // Behind the last byte of a Lua string comes a zero byte.
      const char letter = text.data()[escape + 1];
      if (std::isdigit(Byte(letter)) == 0) {
        result_.Append(letter);
      } else if (letter == '0') {
        result_.Append({match, static_cast<size_t>(match_end - match)});
      } else {
        matcher_.PushCapture(letter - '1', match, match_end);
        result_.Append(ToView(lua_, -1));
        lua_pop(lua_, 1);
      }
      text.remove_prefix(std::min(escape + 2, text.size()));
    }
  }

  lua_State* lua_;
  Matcher& matcher_;
  LuaBuffer& result_;
  int type_;
};

int GlobalSubstitute(lua_State* lua) {
  const std::string_view subject = CheckView(lua, 1);
  const char* pattern = luaL_checkstring(lua, 2);
  const int type = lua_type(lua, 3);
  const lua_Integer count_max =
      lua_isnoneornil(lua, 4) ? PTRDIFF_MAX : lua_Integer{luaL_checkint(lua, 4)};
  const bool is_anchored = *pattern == '^';
  if (is_anchored) ++pattern;
  luaL_argcheck(
      lua,
      type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
      "string/function/table expected");
  lua_settop(lua, 3);
  LuaBuffer result(lua);
  Matcher matcher(lua, subject);
  Replacer replacer(lua, matcher, result);
  const char* place = subject.data();
  const char* const subject_end = place + subject.size();
  lua_Integer count = 0;
  while (count < count_max) {
    const char* const match_end = matcher.Start(place, pattern);
    if (match_end != nullptr) {
      ++count;
      replacer.Append(place, match_end);
    }
    if (match_end != nullptr && match_end > place) {
      place = match_end;
    } else if (place < subject_end) {
      result.Append(*place++);
    } else {
      break;
    }
    if (is_anchored) break;
  }
  result.Append({place, static_cast<size_t>(subject_end - place)});
  result.PushString();
  lua_pushinteger(lua, count);
  return 2;
}

int Repeat(lua_State* lua) {
  const std::string_view text = CheckView(lua, 1);
  const int count = luaL_checkint(lua, 2);
  if (count <= 0 || text.empty()) {
    lua_pushliteral(lua, "");
    return 1;
  }
  const RunState& run = RunState::Of(lua);
  if (text.size() > run.memory_bytes_max / static_cast<size_t>(count)) {
    return luaL_error(lua, "not enough memory");
  }
  LuaBuffer result(lua);
  const size_t size = text.size() * static_cast<size_t>(count);
  char* const place = result.Reserve(size);
  std::memcpy(place, text.data(), text.size());
  for (size_t done = text.size(); done < size;) {
    const size_t piece = std::min(done, size - done);
    std::memcpy(place + done, place, piece);
    done += piece;
  }
  result.Commit(size);
  result.PushString();
  return 1;
}

}  // namespace

void OpenString(lua_State* lua) {
  static const luaL_Reg kFunctions[] = {
      {"find", Find},         {"match", Match},           {"gmatch", GlobalMatch},
      {"gfind", GlobalMatch}, {"gsub", GlobalSubstitute}, {"rep", Repeat},
      {nullptr, nullptr}};
  luaL_register(lua, nullptr, kFunctions);
}

}  // namespace ringtail::scripting
