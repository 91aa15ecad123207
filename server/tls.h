// What the directives of TLS say, in net's words; and the name in a certificate as a user.
//
//   TRY(auto context, net::TlsContext::Create(ServerTlsSettings(config.tls), TlsRole::kServer));
//   TRY(auto context, net::TlsContext::Create(ClientTlsSettings(config.tls), TlsRole::kClient));
//   std::string user = UserInCertificate(connection, TlsClientUser::kCommonName);
//
// Thread rule: plain functions; the last one on the connection's worker.
#pragma once

#include <string>

#include "net/connection.h"
#include "net/tls_context.h"
#include "server/config/config.h"

namespace ringtail::server {

/// For connections that clients make.
net::TlsSettings ServerTlsSettings(const TlsConfig& config);
/// For connections that this server makes to other nodes, whose certificates it always checks.
net::TlsSettings ClientTlsSettings(const TlsConfig& config);
/// The name of the user whom the client's verified certificate names; "" if there is none.
std::string UserInCertificate(const net::Connection& connection, TlsClientUser field);

}  // namespace ringtail::server
