// Directives: TLS.
#include "server/config/directives.h"

namespace ringtail::server {
namespace {

constexpr const char* kClientAuth[] = {"no", "yes", "optional"};
constexpr const char* kClientUser[] = {"off", "CN"};

// Files are read when TLS is on, and again by CONFIG SET of their names. Connections that are open
// keep what they began with.
const Directive kDirectives[] = {
    {.name = "tls-port",
     .kind = Integer{FIELD(tls.port), 0, 65535},
     .default_text = "0",
     .summary = "TCP port for clients that speak TLS; 0 is no TLS."},
    {.name = "tls-cert-file",
     .kind = Text{FIELD(tls.cert_path)},
     .default_text = "",
     .summary = "PEM file with the server's certificate and those that vouch for it.",
     .reference = Reference::kFile},
    {.name = "tls-key-file",
     .kind = Text{FIELD(tls.key_path)},
     .default_text = "",
     .summary = "PEM file with the key of that certificate.",
     .reference = Reference::kFile},
    {.name = "tls-key-file-pass",
     .kind = Text{FIELD(tls.key_password)},
     .default_text = "",
     .summary = "Password of the key file, if it is encrypted."},
    {.name = "tls-client-cert-file",
     .kind = Text{FIELD(tls.client_cert_path)},
     .default_text = "",
     .effect = Effect::kLater,
     .summary = "Certificate for connections to other nodes; empty is the server's.",
     .reference = Reference::kFile},
    {.name = "tls-client-key-file",
     .kind = Text{FIELD(tls.client_key_path)},
     .default_text = "",
     .effect = Effect::kLater,
     .summary = "Key of that certificate.",
     .reference = Reference::kFile},
    {.name = "tls-client-key-file-pass",
     .kind = Text{FIELD(tls.client_key_password)},
     .default_text = "",
     .effect = Effect::kLater,
     .summary = "Password of that key file, if it is encrypted."},
    {.name = "tls-dh-params-file",
     .kind = Text{FIELD(tls.dh_params_path)},
     .default_text = "",
     .summary = "PEM file with Diffie-Hellman parameters for old ciphers; empty is as strong as "
                "the key.",
     .reference = Reference::kFile},
    {.name = "tls-ca-cert-file",
     .kind = Text{FIELD(tls.ca_path)},
     .default_text = "",
     .summary = "PEM file with the authorities whose certificates are trusted.",
     .reference = Reference::kFile},
    {.name = "tls-ca-cert-dir",
     .kind = Text{FIELD(tls.ca_dir)},
     .default_text = "",
     .summary = "Directory with such files, named as `openssl rehash` names them.",
     .reference = Reference::kFile},
    {.name = "tls-auth-clients",
     .kind = Word{kClientAuth, WORD_FIELD(tls.client_auth)},
     .default_text = "yes",
     .summary = "Whether clients must show a trusted certificate; with optional they may."},
    {.name = "tls-auth-clients-user",
     .kind = Word{kClientUser, WORD_FIELD(tls.client_user)},
     .default_text = "off",
     .summary = "With CN, a client is the user whom its certificate's common name names, if there "
                "is one (Valkey 9, Redis 8.6)."},
    {.name = "tls-protocols",
     .kind = Text{FIELD(tls.protocols)},
     .default_text = "",
     .summary = "Versions to speak, of TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; empty is the last two."},
    {.name = "tls-ciphers",
     .kind = Text{FIELD(tls.ciphers)},
     .default_text = "",
     .summary = "Ciphers up to TLS 1.2, as OpenSSL lists them; empty is OpenSSL's choice."},
    {.name = "tls-ciphersuites",
     .kind = Text{FIELD(tls.ciphersuites)},
     .default_text = "",
     .summary = "Ciphers of TLS 1.3, as OpenSSL lists them; empty is OpenSSL's choice."},
    {.name = "tls-prefer-server-ciphers",
     .kind = Bool{FIELD(tls.prefers_server_ciphers)},
     .default_text = "no",
     .summary = "Takes the first cipher of the server's list, not of the client's."},
    {.name = "tls-session-caching",
     .kind = Bool{FIELD(tls.caches_sessions)},
     .default_text = "yes",
     .summary = "Lets clients that come back resume their session, which is cheaper."},
    {.name = "tls-session-cache-size",
     .kind = Integer{FIELD(tls.session_cache_size), 0, kIntMax},
     .default_text = "20480",
     .summary = "Sessions to keep; 0 is no limit."},
    {.name = "tls-session-cache-timeout",
     .kind = Integer{FIELD(tls.session_cache_timeout_seconds), 0, kIntMax},
     .default_text = "300",
     .summary = "Seconds for which a session can be resumed."},
};

}  // namespace

std::span<const Directive> TlsDirectives() { return kDirectives; }

}  // namespace ringtail::server
