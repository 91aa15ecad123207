// Brings invalidations to the clients that hold copies of keys, on whichever worker they are.
//
//   services.tracking = &sender;
//   sender.EndTurn(worker);        // before a turn's output is sent: broadcasts, and what is for other workers
//
// What is for a client of the same worker is written at once, between two commands. The rest is
// gathered by the worker it is for and posted to it once a turn; there the client itself says in
// which form it wants it, or hands it on to the client that it redirects to. A client's copy of a
// key was read before the change, so that reply is in its output before the invalidation comes.
//
// Thread rule: each worker calls with its own WorkerState, within its batch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands/tracking_service.h"
#include "net/connection.h"
#include "net/worker.h"

namespace ringtail::server {

class Server;
class Session;

class InvalidationSender final : public commands::TrackingService {
 public:
  explicit InvalidationSender(Server& server);

  // commands::TrackingService.
  std::optional<uint64_t> AddressOf(uint64_t client_id) override;
  void Send(engine::WorkerState& worker) override;

  void EndTurn(engine::WorkerState& worker) {
    if (worker.invalidations.has_items()) Send(worker);
    if (worker.invalidations.has_broadcasts()) SendBroadcasts(worker);
    if (outgoing_[worker.index].has_parcels) Post(worker.index);
  }

 private:
  /// An array of keys as RESP; null: all keys.
  using Keys = std::shared_ptr<const std::string>;
  struct Parcel {
    net::ConnectionId to;
    Keys keys;
  };
  /// What one worker has for the others; touched by itself alone.
  struct alignas(64) Outgoing {
    std::vector<std::vector<Parcel>> parcels;  // by worker
    bool has_parcels = false;
  };

  void SendBroadcasts(engine::WorkerState& worker);
  void SendTo(size_t from_worker, const engine::Tracker& tracker, const Keys& keys);
  void Post(size_t worker_index);
  void Deliver(net::Connection& connection, const Keys& keys);
  void Redirect(Session& session, const Keys& keys);
  static void Break(net::Connection& connection, uint64_t redirect_id);
  static void Write(net::Connection& connection, const Keys& keys, std::string_view null,
                    bool is_redirected);

  Server& server_;
  std::vector<Outgoing> outgoing_;  // by worker
};

}  // namespace ringtail::server
