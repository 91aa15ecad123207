#include "server/tls.h"

namespace ringtail::server {
namespace {

net::TlsPeerCheck PeerCheck(TlsClientAuth auth) {
  switch (auth) {
    case TlsClientAuth::kNo:
      return net::TlsPeerCheck::kNone;
    case TlsClientAuth::kYes:
      return net::TlsPeerCheck::kRequired;
    case TlsClientAuth::kOptional:
      return net::TlsPeerCheck::kIfShown;
  }
  return net::TlsPeerCheck::kRequired;
}

}  // namespace

net::TlsSettings ServerTlsSettings(const TlsConfig& config) {
  return {.cert_path = config.cert_path,
          .key_path = config.key_path,
          .key_password = config.key_password,
          .dh_params_path = config.dh_params_path,
          .ca_path = config.ca_path,
          .ca_dir = config.ca_dir,
          .peer_check = PeerCheck(config.client_auth),
          .protocols = config.protocols,
          .ciphers = config.ciphers,
          .ciphersuites = config.ciphersuites,
          .prefers_server_ciphers = config.prefers_server_ciphers,
          .caches_sessions = config.caches_sessions,
          .session_cache_size = config.session_cache_size,
          .session_cache_timeout_s = config.session_cache_timeout_seconds};
}

net::TlsSettings ClientTlsSettings(const TlsConfig& config) {
  net::TlsSettings settings = ServerTlsSettings(config);
  settings.peer_check = net::TlsPeerCheck::kRequired;
  if (!config.client_cert_path.empty()) {
    settings.cert_path = config.client_cert_path;
    settings.key_path = config.client_key_path;
    settings.key_password = config.client_key_password;
  }
  return settings;
}

std::string UserInCertificate(const net::Connection& connection, TlsClientUser field) {
  if (field == TlsClientUser::kOff || connection.tls() == nullptr) return {};
  return connection.tls()->PeerCommonName();
}

}  // namespace ringtail::server
