// The server's listening sockets: opened at the start, moved and re-armed by CONFIG SET.
#include <utility>

#include "server/logging.h"
#include "server/server.h"
#include "server/tls.h"

namespace ringtail::server {
namespace {

constexpr uint32_t kUnixTag = 1;

// A broken client, or somebody who knocks at every port, is told of once in this time.
constexpr int64_t kHandshakeLogIntervalMs = 1000;

net::ListenOptions TcpOptions(const Config& config, int64_t port, uint32_t tag) {
  return {.binds = config.network.bind,
          .port = static_cast<uint16_t>(port),
          .backlog = static_cast<int>(config.network.tcp_backlog_count),
          .tag = tag,
          .socket = {.keepalive_s = static_cast<int>(config.network.tcp_keepalive_seconds)}};
}

}  // namespace

Result<void> Server::Listen(const Config& config) {
  std::vector<net::ListeningSocket> sockets;
  const auto open = [&](int64_t port, TcpListener& listener) -> Result<void> {
    if (port == 0) return {};
    std::vector<std::string> warnings;
    net::ListenOptions options = TcpOptions(config, port, listener.tag);
    options.has_tls = listener.has_tls;
    TRY(auto opened, net::OpenTcpListeners(options, &warnings));
    for (const std::string& warning : warnings) LOG(WARNING) << warning;
    for (net::ListeningSocket& socket : opened) sockets.push_back(std::move(socket));
    return {};
  };
  TRY_VOID(open(config.network.port, plain_listener_));
  TRY_VOID(open(config.tls.port, tls_listener_));
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

// The new sockets are opened before the old ones are closed, so a port that cannot be had changes
// nothing.
Result<void> Server::ChangePort(const Config& config, int64_t port, TcpListener& listener) {
  std::vector<std::string> warnings;
  const uint32_t old_tag = listener.tag;
  const uint32_t new_tag = next_listener_tag_++;
  if (port != 0) {
    net::ListenOptions options = TcpOptions(config, port, new_tag);
    options.has_tls = listener.has_tls;
    auto sockets = net::OpenTcpListeners(options, &warnings);
    if (!sockets.ok()) {
      LOG(WARNING) << sockets.error().message;
      return Error{"Unable to listen on this port. Check server logs."};
    }
    network_->Listen(std::move(sockets).value());
  }
  listener.tag = new_tag;
  network_->StopListening(old_tag);
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
  config_.OnChange({"tls-port"}, [this](const Config&, const Config& after) {
    return ChangePort(after, after.tls.port, tls_listener_);
  });
  config_.OnChange({"port"}, [this](const Config&, const Config& after) {
    return ChangePort(after, after.network.port, plain_listener_);
  });
  // Addresses of the same port cannot be opened a second time while the first sockets listen.
  config_.OnChange({"bind"}, [](const Config&, const Config&) -> Result<void> {
    return Error{"Failed to bind to specified addresses. Restart to change them."};
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
  if (auth_.AuthenticateAs(user, client)) {
    VLOG(1) << "TLS: client authenticated as user '" << user << "' by its certificate";
    return;
  }
  unknown_certificate_users_.fetch_add(1, std::memory_order_relaxed);
  VLOG(1) << "TLS: no user is named '" << user << "' as a client's certificate says";
}

}  // namespace ringtail::server
