// The server's listening sockets: opened at the start, moved and re-armed by CONFIG SET.
#include <algorithm>
#include <iterator>
#include <utility>

#include "server/logging.h"
#include "server/server.h"
#include "server/tls.h"

namespace ringtail::server {
namespace {

constexpr uint32_t kUnixTag = 1;

// A broken client, or somebody who knocks at every port, is told of once in this time.
constexpr int64_t kHandshakeLogIntervalMs = 1000;

}  // namespace

// None if the port is 0 or there is no address.
Result<std::vector<net::ListeningSocket>> Server::OpenTcp(const Config& config, int64_t port,
                                                          const TcpListener& listener) {
  if (port == 0 || config.network.bind.empty()) return std::vector<net::ListeningSocket>();
  net::ListenOptions options{
      .binds = config.network.bind,
      .port = static_cast<uint16_t>(port),
      .backlog = static_cast<int>(config.network.tcp_backlog_count),
      .tag = listener.tag,
      .socket = {.keepalive_s = static_cast<int>(config.network.tcp_keepalive_seconds)}};
  options.has_tls = listener.has_tls;
  std::vector<std::string> warnings;
  auto sockets = net::OpenTcpListeners(options, &warnings);
  for (const std::string& warning : warnings) LOG(WARNING) << warning;
  return sockets;
}

Result<void> Server::Listen(const Config& config) {
  TRY(std::vector<net::ListeningSocket> sockets,
      OpenTcp(config, config.network.port, plain_listener_));
  TRY(std::vector<net::ListeningSocket> tls_sockets,
      OpenTcp(config, config.tls.port, tls_listener_));
  std::move(tls_sockets.begin(), tls_sockets.end(), std::back_inserter(sockets));
  if (!config.network.unix_socket_path.empty()) {
    TRY(net::ListeningSocket socket,
        net::OpenUnixListener(
            {.path = config.network.unix_socket_path,
             .permissions = static_cast<uint32_t>(config.network.unix_socket_mode),
             .backlog = static_cast<int>(config.network.tcp_backlog_count),
             .tag = kUnixTag}));
    sockets.push_back(std::move(socket));
  }
  if (sockets.empty()) return Error{"Configured to not listen anywhere, exiting."};
  network_->Listen(std::move(sockets));
  return {};
}

// New sockets are opened before the old ones are closed, so addresses that cannot be had change nothing. On the
// same port the old ones have to stand back meanwhile.
Result<void> Server::ChangeAddresses(const Config& config, int64_t old_port, int64_t port,
                                     TcpListener& listener) {
  if (old_port == 0 && port == 0) return {};
  const bool is_same_port = old_port == port;
  const TcpListener moved{.tag = next_listener_tag_++, .has_tls = listener.has_tls};
  if (is_same_port) network_->SuspendListening(listener.tag);
  auto sockets = OpenTcp(config, port, moved);
  if (!sockets.ok()) {
    LOG(WARNING) << "Warning: " << sockets.error().message;
    if (!is_same_port) return Error{"Unable to listen on this port. Check server logs."};
    if (const auto resumed = network_->ResumeListening(listener.tag); !resumed.ok()) {
      LOG(WARNING) << "Failed restoring the previous addresses: " << resumed.error().message;
    }
    return Error{"Failed to bind to specified addresses."};
  }
  network_->Listen(std::move(sockets).value());
  network_->StopListening(listener.tag);
  listener = moved;
  return {};
}

// Both sides' files are read before either is used, so a bad one changes nothing.
Result<void> Server::ApplyTls(const Config& config) {
  if (config.tls.port == 0) return {};
  TRY(auto context,
      net::TlsContext::Create(ServerTlsSettings(config.tls), net::TlsRole::kServer));
  if (!config.tls.client_cert_path.empty()) {
    net::TlsSettings settings = ClientTlsSettings(config.tls);
    if (settings.ca_path.empty() && settings.ca_dir.empty()) {
      settings.peer_check = net::TlsPeerCheck::kNone;
    }
    TRY(const auto unused, net::TlsContext::Create(settings, net::TlsRole::kClient));
    static_cast<void>(unused);
  }
  network_->SetTlsContext(std::move(context));
  tls_client_user_.store(config.tls.client_user, std::memory_order_relaxed);
  return {};
}

void Server::RegisterListenerAppliers() {
  // The context before the port: the first client must find it.
  config_.OnChange(
      {"tls-port", "tls-cert-file", "tls-key-file", "tls-key-file-pass", "tls-client-cert-file",
       "tls-client-key-file", "tls-client-key-file-pass", "tls-dh-params-file", "tls-ca-cert-file",
       "tls-ca-cert-dir", "tls-auth-clients", "tls-auth-clients-user", "tls-protocols",
       "tls-ciphers", "tls-ciphersuites", "tls-prefer-server-ciphers", "tls-session-caching",
       "tls-session-cache-size", "tls-session-cache-timeout"},
      [this](const Config&, const Config& after) -> Result<void> {
        const auto applied = ApplyTls(after);
        if (applied.ok()) return {};
        LOG(WARNING) << "Failed to configure TLS: " << applied.error().message;
        return Error{"Unable to update TLS configuration. " + applied.error().message};
      });
  config_.OnChange({"tls-port", "bind"}, [this](const Config& before, const Config& after) {
    return ChangeAddresses(after, before.tls.port, after.tls.port, tls_listener_);
  });
  config_.OnChange({"port", "bind"}, [this](const Config& before, const Config& after) {
    return ChangeAddresses(after, before.network.port, after.network.port, plain_listener_);
  });
  config_.OnChange({"tcp-keepalive"}, [this](const Config&, const Config& after) -> Result<void> {
    network_->SetSocketOptions(
        {.keepalive_s = static_cast<int>(after.network.tcp_keepalive_seconds)});
    return {};
  });
}

void Server::OnHandshakeFailed(const net::Connection& connection, std::string_view why) {
  // Who looks whether the port is open, and goes, is no news.
  if (!connection.tls()->has_received()) {
    VLOG(1) << "TLS connection closed before its handshake: " << why;
    return;
  }
  static RepeatLimiter limiter(kHandshakeLogIntervalMs);
  const auto hidden = limiter.Admit(clock_.MonotonicNs() / 1'000'000);
  if (!hidden) return;
  LOG(WARNING) << "Error accepting a client connection: " << why
               << " (addr=" << connection.PeerAddress() << ")"
               << (*hidden == 0 ? "" : " and " + std::to_string(*hidden) + " more since the last");
}

// Whoever shows a certificate without a user is let in like those who show none.
void Server::AuthenticateByCertificate(const net::Connection& connection,
                                       commands::ClientState& client) {
  if (connection.tls() == nullptr) [[likely]] return;
  const std::string user =
      UserInCertificate(connection, tls_client_user_.load(std::memory_order_relaxed));
  if (user.empty()) return;
  if (acl_.LogInAs(client, user)) {
    VLOG(1) << "TLS: client authenticated as user '" << user << "' by its certificate";
    return;
  }
  unknown_certificate_users_.fetch_add(1, std::memory_order_relaxed);
  VLOG(1) << "TLS: no user is named '" << user << "' as a client's certificate says";
}

}  // namespace ringtail::server
