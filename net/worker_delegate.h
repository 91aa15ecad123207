// What a worker calls: the session layer's side of the loop.
//
// One turn of the loop, in order:
//   OnAfterPoll                 before the first of the calls below; not at all if there is none
//     OnCron, timers, posted tasks, OnAccept, OnHandshakeFailed      in any order
//     OnTurn(ready)             once, with every connection that received something
//   OnBeforeFlush               last chance to write output or to make replies durable
//     one send per connection, then OnFlushed, OnClose
//   OnBeforeBlock               only if OnAfterPoll was called; the thread may sleep after it
//
// When more arrives in one turn than the worker's receive memory holds, OnTurn to OnClose happen
// more than once between OnAfterPoll and OnBeforeBlock. Connections may be closed and written to
// from every call but OnFlushed and OnClose, which may write to others than their own. No call may
// run the loop or destroy the worker. Thread rule: every call comes on the worker's own thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "net/connection.h"

namespace ringtail::net {

class WorkerDelegate {
 public:
  virtual ~WorkerDelegate() = default;

  /// The worker's thread runs; before any other call.
  virtual void OnStart(Worker& worker) { static_cast<void>(worker); }
  /// A connection has come (with TLS: its handshake is done); give it a state. It may be written to
  /// and closed at once.
  virtual void OnAccept(Connection& connection) = 0;
  /// These connections received bytes, completed a block or were marked ready. None is listed
  /// twice. One that an earlier one of the same turn has closed is still listed: ask is_closing().
  virtual void OnTurn(std::span<Connection* const> ready) = 0;
  /// The connection ends here; its state is destroyed right after.
  virtual void OnClose(Connection& connection, CloseReason reason) = 0;
  /// A connection ends, unseen so far, because its TLS handshake failed or took too long.
  virtual void OnHandshakeFailed(Connection& connection, std::string_view why) {
    static_cast<void>(connection);
    static_cast<void>(why);
  }
  /// About every WorkerOptions::cron_interval_ms; now_ms as Worker::now_ms.
  virtual void OnCron(int64_t now_ms) { static_cast<void>(now_ms); }
  virtual void OnAfterPoll() {}
  virtual void OnBeforeFlush() {}
  virtual void OnBeforeBlock() {}
  /// All output of a connection that had to wait for its client has been sent (not called for
  /// output that went out at once).
  virtual void OnFlushed(Connection& connection) { static_cast<void>(connection); }
  /// All connections are closed and the thread is about to end.
  virtual void OnStop() {}
};

}  // namespace ringtail::net
