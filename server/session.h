// One client's conversation: what it may send, where it is in it, and who it is.
//
//   auto session = std::make_unique<Session>(connection, client_id);
//   connection.SetState(std::move(session));
//
// Thread rule: belongs to the worker of its connection. The registry shows it to other threads, which may read
// `client` in exclusive mode only, and `published` at any time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "commands/client_state.h"
#include "net/connection.h"
#include "net/worker.h"
#include "proto/request_parser.h"

namespace ringtail::server {

/// What CLIENT LIST tells of a connection's buffers; written by its worker when a batch ends.
struct PublishedUsage {
  std::atomic<uint64_t> input_bytes{0};
  std::atomic<uint64_t> output_bytes{0};
  std::atomic<uint64_t> memory_bytes{0};
  std::atomic<bool> is_no_evict{false};
  std::atomic<bool> is_gone{false};        ///< evicted; its connection is being closed
};

class Session final : public net::ConnectionState {
 public:
  Session(net::Connection& connection, uint64_t client_id) : connection_(connection) {
    client.id = client_id;
  }

  net::Connection& connection() { return connection_; }
  const net::Connection& connection() const { return connection_; }

  commands::ClientState client;
  proto::RequestParser parser;
  PublishedUsage published;
  std::string address;        ///< of the peer, as CLIENT LIST shows it
  std::string local_address;
  uint64_t block_bytes = 0;   ///< of the request in arrival that came in blocks of their own
  bool is_over_soft_limit = false;
  int64_t over_soft_limit_since_ms = 0;
  bool is_held_back = false;   ///< by CLIENT PAUSE or a blocking command; what it sent waits in its input
  net::TimerId wait_timer;     ///< of a blocking command

 private:
  net::Connection& connection_;
};

}  // namespace ringtail::server
