// Accepts connections on one worker's loop and gives each to the worker with the fewest.
//
//   Acceptor acceptor(home_worker, all_workers, hooks);
//   acceptor.Add(std::move(listening_socket));
//
// When descriptors run out, accepting rests for a moment and clients wait in the backlog, rather
// than the loop spinning on a socket it cannot serve. Thread rule: everything on the home worker's
// thread.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/listener.h"
#include "net/worker.h"

namespace ringtail::net {

/// What the server decides about connections before they are connections. Called on worker 0's
/// thread.
struct AcceptHooks {
  /// Given the number of open connections, the bytes to answer before hanging up, or "" to let it
  /// in
  /// (`maxclients`). Unset: everyone is let in.
  std::function<std::string_view(size_t open_count)> refusal = {};
  /// accept() failed for a reason of ours (too many open files, ...); once per run of failures.
  std::function<void(std::string_view what)> on_error = {};
};

class Acceptor {
 public:
  /// `workers` must outlive it.
  Acceptor(Worker& home, std::vector<Worker*> workers, AcceptHooks hooks);
  /// Close must have been called, and the home loop run since.
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  /// Begins to accept on a socket.
  void Add(ListeningSocket socket);
  /// Closes the listening sockets with that tag.
  void Remove(uint32_t tag);
  /// Stops accepting on all of them.
  void Close();
  /// What connections that come over TLS sockets use from now on.
  void SetTlsContext(std::shared_ptr<const TlsContext> context) {
    tls_context_ = std::move(context);
  }
  /// Nodelay and keepalive for connections accepted from now on, by the sockets that are here.
  void SetSocketOptions(const SocketOptions& options);

 private:
  struct Listener;

  static void OnReadable(uv_poll_t* poll, int status, int events);
  void AcceptWaiting(Listener& listener);
  void HandOver(UniqueFd socket, const Listener& listener);
  bool Refuse(const UniqueFd& socket, const Listener& listener);
  void Rest(int error);
  void CloseListener(std::unique_ptr<Listener> listener);

  Worker& home_;
  const std::vector<Worker*> workers_;
  const AcceptHooks hooks_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::shared_ptr<const TlsContext> tls_context_;
  TimerId rest_timer_;
  bool is_failing_ = false;
};

}  // namespace ringtail::net
