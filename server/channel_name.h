// A name of a channel or pattern with its hash, as the tables of pub/sub look it up.
//
//   const ChannelName name = ChannelName::Of("news");
//   ChannelMap<Channel> channels;   channels.find(name);
//
// The hash has the process's secret in it, so nobody outside can choose names that collide. Thread rule: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "storage/key_hash.h"

namespace ringtail::server {

/// Does not own its bytes.
struct ChannelName {
  std::string_view bytes;
  uint64_t hash = 0;

  static ChannelName Of(std::string_view bytes) {
    return {bytes, storage::MemberHasher().Hash(bytes).bits()};
  }
};

/// The same with bytes of its own: what a map keeps.
struct OwnedChannelName {
  std::string bytes;
  uint64_t hash = 0;

  operator ChannelName() const { return {bytes, hash}; }
};

struct ChannelNameHash {
  using is_transparent = void;
  size_t operator()(const ChannelName& name) const { return static_cast<size_t>(name.hash); }
};
struct ChannelNameEqual {
  using is_transparent = void;
  bool operator()(const ChannelName& a, const ChannelName& b) const { return a.bytes == b.bytes; }
};

template <typename Value>
using ChannelMap =
    std::unordered_map<OwnedChannelName, Value, ChannelNameHash, ChannelNameEqual>;

}  // namespace ringtail::server
