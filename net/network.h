// All of the server's workers, and the sockets it listens on.
//
//   Network network({.worker_count = 4}, [&](uint32_t index) { return MakeSession(index); },
//   hooks); TRY_VOID(network.Start()); TRY(auto sockets, OpenTcpListeners({.port = 6379},
//   &warnings)); network.Listen(std::move(sockets)); network.WaitForStopRequest();          //
//   SIGTERM's callback calls RequestStop network.Stop();
//
// Thread rule: Start, Stop, WaitForStopRequest and the destructor from the thread that made it; the
// rest from any thread while it is started.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/acceptor.h"
#include "net/listener.h"
#include "net/signal_watcher.h"
#include "net/worker.h"

namespace ringtail::net {

struct NetworkOptions {
  uint32_t worker_count = 1;
  WorkerOptions worker;
};

/// Makes the delegate of one worker; called once for each, in order of index, on the maker's
/// thread. It learns its Worker from OnStart.
using DelegateFactory = std::function<std::unique_ptr<WorkerDelegate>(uint32_t worker_index)>;

class Network {
 public:
  Network(const NetworkOptions& options, const DelegateFactory& factory, AcceptHooks hooks);
  /// Stops first if that has not been done.
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// Starts every worker's thread. Fails if the system has no descriptors or memory for the loops.
  Result<void> Start();
  /// Accepts on these sockets from now on.
  void Listen(std::vector<ListeningSocket> sockets);
  /// Stops accepting on the sockets of that tag (for a changed port); open connections stay.
  void StopListening(uint32_t tag);
  /// Lets go of the addresses of that tag's sockets so that others can be opened there; until then nobody can
  /// connect. To be followed by StopListening or by ResumeListening.
  void SuspendListening(uint32_t tag);
  /// Takes the addresses back.
  Result<void> ResumeListening(uint32_t tag);
  /// What connections that come over sockets with TLS use from now on; open ones keep theirs.
  void SetTlsContext(std::shared_ptr<const TlsContext> context);
  /// Changes ListenOptions::socket for connections accepted from now on.
  void SetSocketOptions(const SocketOptions& options);
  /// Calls `on_signal(number)` on worker 0's thread whenever one of the signals arrives.
  void WatchSignals(std::vector<int> signals, std::function<void(int)> on_signal);

  /// Lets WaitForStopRequest return. From any thread, a worker's included.
  void RequestStop();
  /// Blocks until RequestStop.
  void WaitForStopRequest();
  /// Stops accepting, closes all connections, joins the threads. Not from a worker's thread.
  void Stop();

  /// Runs `task(Connection&)` on the connection's own worker if it still lives then.
  template <typename Task>
  void PostTo(ConnectionId id, Task&& task) {
    if (id.worker_index() < workers_.size()) {
      workers_[id.worker_index()]->PostTo(id, std::forward<Task>(task));
    }
  }
  /// Runs a copy of `task(Worker&)` on every worker.
  template <typename Task>
  void PostToAll(const Task& task) {
    for (auto& worker : workers_) {
      worker->Post([worker = worker.get(), task] { task(*worker); });
    }
  }
  Worker& worker(uint32_t index) { return *workers_[index]; }
  uint32_t worker_count() const { return static_cast<uint32_t>(workers_.size()); }
  /// Open connections over all workers.
  size_t connection_count() const;

 private:
  std::vector<std::unique_ptr<WorkerDelegate>> delegates_;
  std::vector<std::unique_ptr<Worker>> workers_;
  // Both live on worker 0's thread between Start and Stop.
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<SignalWatcher> signal_watcher_;
  AcceptHooks hooks_;
  bool is_started_ = false;

  // The acceptor's sockets a second time, for what must not wait for worker 0.
  struct Listening {
    UniqueFd fd;
    uint32_t tag;
    int backlog;
  };

  std::mutex mutex_;
  std::condition_variable stop_requested_;
  bool is_stop_requested_ = false;    // guarded by mutex_
  std::vector<Listening> listening_;  // guarded by mutex_
};

}  // namespace ringtail::net
