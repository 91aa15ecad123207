// Names a connection for as long as it lives, and never names another one afterwards.
//
//   network.PostTo(id, [](Connection& connection) { connection.CloseNow(); });
//
// Thread rule: a value; any thread may hold one. Only the connection's own worker can turn it into
// a Connection, and finds nothing once the connection is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace ringtail::net {

class ConnectionId {
 public:
  /// Names no connection.
  ConnectionId() = default;
  ConnectionId(uint32_t worker_index, uint32_t slot, uint32_t generation)
      : packed_((uint64_t{worker_index} << 56) | (uint64_t{slot & kSlotMask} << 32) | generation) {}
  static ConnectionId FromPacked(uint64_t packed) {
    ConnectionId id;
    id.packed_ = packed;
    return id;
  }

  uint32_t worker_index() const { return static_cast<uint32_t>(packed_ >> 56); }
  uint32_t slot() const { return static_cast<uint32_t>(packed_ >> 32) & kSlotMask; }
  uint32_t generation() const { return static_cast<uint32_t>(packed_); }
  uint64_t packed() const { return packed_; }
  /// Generations start at 1, so the all-zero id is nobody's.
  bool is_valid() const { return packed_ != 0; }

  friend bool operator==(ConnectionId, ConnectionId) = default;

 private:
  static constexpr uint32_t kSlotMask = (1u << 24) - 1;
  uint64_t packed_ = 0;
};

/// Workers and slots must fit into an id: 8 and 24 bits.
inline constexpr uint32_t kWorkerCountMax = 256;
inline constexpr uint32_t kSlotCountMax = 1u << 24;

}  // namespace ringtail::net

template <>
struct std::hash<ringtail::net::ConnectionId> {
  size_t operator()(ringtail::net::ConnectionId id) const noexcept {
    return std::hash<uint64_t>()(id.packed());
  }
};
