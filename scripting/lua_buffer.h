// A growing run of bytes for code that Lua's errors may leave at any time: a small part of it is
// inline, the rest is a userdata, so the collector frees it and the memory cap counts it.
//
//   LuaBuffer buffer(lua);            // takes one slot of the stack
//   buffer.Append("[");
//   buffer.PushString();
//
// No destructor. The slot stays taken; what is above it on the stack must be the caller's.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

#include "scripting/lua_api.h"

namespace ringtail::scripting {

class LuaBuffer {
 public:
  explicit LuaBuffer(lua_State* lua) : lua_(lua) {
    luaL_checkstack(lua, 4, "buffer");
    lua_pushnil(lua);
    slot_ = lua_gettop(lua);
  }
  LuaBuffer(const LuaBuffer&) = delete;
  LuaBuffer& operator=(const LuaBuffer&) = delete;

  /// Room for `size` bytes at the end; Commit says how many of them were written.
  char* Reserve(size_t size) {
    if (capacity_ - size_ < size) [[unlikely]]
      Grow(size);
    return data_ + size_;
  }
  void Commit(size_t size) { size_ += size; }
  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Reserve(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void Append(char byte) {
    *Reserve(1) = byte;
    ++size_;
  }
  void Clear() { size_ = 0; }
  /// Forgets the last byte.
  void DropLast() { --size_; }

  void PushString() const { lua_pushlstring(lua_, data_, size_); }
  std::string_view view() const { return {data_, size_}; }
  char* data() { return data_; }
  size_t size() const { return size_; }

 private:
  static constexpr size_t kInlineBytes = 512;

  void Grow(size_t size) {
    size_t capacity = capacity_ * 2;
    // A size that wraps around is more than any cap.
    if (size > ~size_t{0} / 4 || capacity > ~size_t{0} / 4) luaL_error(lua_, "not enough memory");
    if (capacity - size_ < size) capacity = size_ + size;
    // The state's check of its stack's room may move nothing of ours: data_ is a userdata's or
    // inline.
    luaL_checkstack(lua_, 1, "buffer");
    char* const data = static_cast<char*>(lua_newuserdata(lua_, capacity));
    std::memcpy(data, data_, size_);
    lua_replace(lua_, slot_);
    data_ = data;
    capacity_ = capacity;
  }

  lua_State* lua_;
  int slot_ = 0;
  char* data_ = inline_;
  size_t size_ = 0;
  size_t capacity_ = kInlineBytes;
  char inline_[kInlineBytes];
};

}  // namespace ringtail::scripting
