#include "server/server.h"

#include <csignal>

#include "server/logging.h"

namespace ringtail::server {

Server::Server(const Options& options)
    : options_(options), engine_({.worker_count = options.worker_count, .clock = &clock_}) {}

Server::~Server() {
  if (network_ != nullptr) network_->Stop();
}

Result<void> Server::Start() {
  net::AcceptHooks hooks;
  network_ = std::make_unique<net::Network>(
      net::NetworkOptions{.worker_count = options_.worker_count, .worker = {}, .socket = {}},
      [this](uint32_t index) {
        auto worker = std::make_unique<SessionWorker>(*this, index);
        session_workers_.push_back(worker.get());
        return worker;
      },
      hooks);
  TRY_VOID(network_->Start());
  network_->WatchSignals({SIGTERM, SIGINT}, [this](int) { network_->RequestStop(); });
  std::vector<std::string> warnings;
  TRY(auto sockets, net::OpenTcpListeners({.binds = options_.binds, .port = options_.port}, &warnings));
  for (const std::string& warning : warnings) LOG(WARNING) << warning;
  network_->Listen(std::move(sockets));
  return {};
}

void Server::WaitForStop() {
  network_->WaitForStopRequest();
  network_->Stop();
}

SessionLimits Server::session_limits() const {
  std::lock_guard<std::mutex> lock(limits_mutex_);
  return session_limits_;
}

std::string_view Server::RefusalOf(const Session&) const { return {}; }
bool Server::IsPaused(const commands::ClientState&) const { return false; }

void Server::CountMonitors(int delta) {
  const int count = monitor_count_.fetch_add(delta) + delta;
  execution_settings_.is_monitored.store(count > 0, std::memory_order_relaxed);
}

void Server::OnMonitored(SessionWorker&, const commands::ClientState&,
                         const commands::CommandTable::Entry&, commands::Args) {}
void Server::OnExceeded(const commands::ClientState&, const commands::CommandTable::Entry&,
                        commands::Args, uint64_t, uint64_t, uint64_t) {}
void Server::OnCron() {}

}  // namespace ringtail::server
