#include "net/network.h"

#include <fcntl.h>

#include <algorithm>
#include <future>

namespace ringtail::net {

Network::Network(const NetworkOptions& options, const DelegateFactory& factory, AcceptHooks hooks)
    : hooks_(std::move(hooks)) {
  const uint32_t count = std::clamp(options.worker_count, 1u, kWorkerCountMax);
  for (uint32_t index = 0; index < count; ++index) {
    delegates_.push_back(factory(index));
    workers_.push_back(std::make_unique<Worker>(index, options.worker, *delegates_.back()));
  }
}

Network::~Network() { Stop(); }

Result<void> Network::Start() {
  std::vector<Worker*> workers;
  for (auto& worker : workers_) {
    TRY_VOID(worker->Open());
    workers.push_back(worker.get());
  }
  acceptor_ = std::make_unique<Acceptor>(*workers_[0], std::move(workers), std::move(hooks_));
  for (auto& worker : workers_) worker->StartThread();
  is_started_ = true;
  return {};
}

void Network::Listen(std::vector<ListeningSocket> sockets) {
  {
    const std::lock_guard lock(mutex_);
    for (const ListeningSocket& socket : sockets) {
      listening_.push_back({UniqueFd(::fcntl(socket.fd.get(), F_DUPFD_CLOEXEC, 0)), socket.tag,
                            socket.backlog});
    }
  }
  workers_[0]->Post([this, sockets = std::move(sockets)]() mutable {
    for (ListeningSocket& socket : sockets) acceptor_->Add(std::move(socket));
  });
}

void Network::SuspendListening(uint32_t tag) {
  const std::lock_guard lock(mutex_);
  for (const Listening& socket : listening_) {
    if (socket.tag == tag) net::StopListening(socket.fd.get());
  }
}

Result<void> Network::ResumeListening(uint32_t tag) {
  const std::lock_guard lock(mutex_);
  Result<void> resumed;
  for (const Listening& socket : listening_) {
    if (socket.tag != tag) continue;
    const auto listens = ListenAgain(socket.fd.get(), socket.backlog);
    if (!listens.ok()) resumed = listens;
  }
  return resumed;
}

void Network::StopListening(uint32_t tag) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(listening_, [tag](const Listening& socket) { return socket.tag == tag; });
  }
  workers_[0]->Post([this, tag] { acceptor_->Remove(tag); });
}

void Network::SetTlsContext(std::shared_ptr<const TlsContext> context) {
  workers_[0]->Post([this, context = std::move(context)]() mutable {
    acceptor_->SetTlsContext(std::move(context));
  });
}

void Network::SetSocketOptions(const SocketOptions& options) {
  workers_[0]->Post([this, options] { acceptor_->SetSocketOptions(options); });
}

void Network::WatchSignals(std::vector<int> signals, std::function<void(int)> on_signal) {
  workers_[0]->Post([this, signals = std::move(signals), on_signal = std::move(on_signal)] {
    signal_watcher_ = std::make_unique<SignalWatcher>(*workers_[0], signals, on_signal);
  });
}

void Network::RequestStop() {
  const std::lock_guard lock(mutex_);
  is_stop_requested_ = true;
  stop_requested_.notify_all();
}

void Network::WaitForStopRequest() {
  std::unique_lock lock(mutex_);
  stop_requested_.wait(lock, [this] { return is_stop_requested_; });
}

// The acceptor goes first, and every connection it has handed over is in a mailbox before the stop
// is: so nothing arrives at a worker that has stopped.
void Network::Stop() {
  if (!is_started_) return;
  is_started_ = false;
  std::promise<void> accepting_ended;
  workers_[0]->Post([this, &accepting_ended] {
    acceptor_->Close();
    signal_watcher_.reset();
    accepting_ended.set_value();
  });
  accepting_ended.get_future().wait();
  listening_.clear();
  for (auto& worker : workers_) worker->RequestStop();
  for (auto& worker : workers_) worker->Join();
}

size_t Network::connection_count() const {
  size_t count = 0;
  for (const auto& worker : workers_) count += worker->connection_count();
  return count;
}

}  // namespace ringtail::net
