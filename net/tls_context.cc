#include "net/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <sstream>

namespace ringtail::net {
namespace {

struct ProtocolVersion {
  const char* name;
  uint64_t off_option;
};

constexpr std::array<ProtocolVersion, 4> kProtocols = {{{"TLSv1", SSL_OP_NO_TLSv1},
                                                        {"TLSv1.1", SSL_OP_NO_TLSv1_1},
                                                        {"TLSv1.2", SSL_OP_NO_TLSv1_2},
                                                        {"TLSv1.3", SSL_OP_NO_TLSv1_3}}};

Error FileError(const std::string& what, const std::string& path) {
  return Error{"Failed to load " + what + ": " + path + ": " + TakeTlsError()};
}

// Without a password of ours OpenSSL would ask for one on the terminal, and wait.
int GivePassword(char* place, int size, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  const auto length = std::min(static_cast<size_t>(size), text.size());
  std::memcpy(place, text.data(), length);
  return static_cast<int>(length);
}

Result<uint64_t> ProtocolOptions(const std::string& protocols) {
  if (protocols.empty()) return uint64_t{SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1};
  uint64_t options = 0;
  for (const ProtocolVersion& protocol : kProtocols) options |= protocol.off_option;
  std::istringstream words(protocols);
  for (std::string word; words >> word;) {
    const auto found = std::find_if(
        kProtocols.begin(), kProtocols.end(),
        [&](const ProtocolVersion& p) { return strcasecmp(p.name, word.c_str()) == 0; });
    if (found == kProtocols.end()) {
      return Error{"Invalid tls-protocols '" + word +
                   "'. Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and 'TLSv1.3'."};
    }
    options &= ~found->off_option;
  }
  return options;
}

Result<void> LoadOwnCertificate(SSL_CTX* context, const TlsSettings& settings) {
  if (SSL_CTX_use_certificate_chain_file(context, settings.cert_path.c_str()) != 1) {
    return FileError("certificate", settings.cert_path);
  }
  if (SSL_CTX_use_PrivateKey_file(context, settings.key_path.c_str(), SSL_FILETYPE_PEM) != 1) {
    return FileError("private key", settings.key_path);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return Error{"The key in " + settings.key_path + " does not belong to the certificate in " +
                 settings.cert_path};
  }
  return {};
}

Result<void> LoadAuthorities(SSL_CTX* context, const TlsSettings& settings) {
  if (!settings.ca_path.empty() &&
      SSL_CTX_load_verify_file(context, settings.ca_path.c_str()) != 1) {
    return FileError("CA certificate(s) file", settings.ca_path);
  }
  if (settings.ca_dir.empty()) return {};
  // OpenSSL looks into the directory only when it needs a certificate, so it would take any name.
  BIO* const probe = BIO_new_file(settings.ca_dir.c_str(), "r");
  BIO_free(probe);
  if (probe == nullptr || SSL_CTX_load_verify_dir(context, settings.ca_dir.c_str()) != 1) {
    return FileError("CA certificates directory", settings.ca_dir);
  }
  return {};
}

Result<void> LoadDhParameters(SSL_CTX* context, const std::string& path) {
  if (path.empty()) {
    SSL_CTX_set_dh_auto(context, 1);
    return {};
  }
  BIO* const file = BIO_new_file(path.c_str(), "r");
  EVP_PKEY* const parameters =
      file == nullptr ? nullptr : PEM_read_bio_Parameters_ex(file, nullptr, nullptr, nullptr);
  BIO_free(file);
  if (parameters == nullptr) return FileError("DH params file", path);
  if (SSL_CTX_set0_tmp_dh_pkey(context, parameters) == 1) return {};
  EVP_PKEY_free(parameters);
  return FileError("DH params file", path);
}

Result<void> SetCiphers(SSL_CTX* context, const TlsSettings& settings) {
  if (!settings.ciphers.empty() &&
      SSL_CTX_set_cipher_list(context, settings.ciphers.c_str()) != 1) {
    return Error{"Failed to configure ciphers: " + settings.ciphers + ": " + TakeTlsError()};
  }
  if (!settings.ciphersuites.empty() &&
      SSL_CTX_set_ciphersuites(context, settings.ciphersuites.c_str()) != 1) {
    return Error{"Failed to configure ciphersuites: " + settings.ciphersuites + ": " +
                 TakeTlsError()};
  }
  return {};
}

void SetSessionCache(SSL_CTX* context, const TlsSettings& settings, TlsRole role) {
  if (!settings.caches_sessions || role == TlsRole::kClient) {
    // Not even by tickets, which the client keeps.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    return;
  }
  constexpr std::array<unsigned char, 8> kContextId = {'r', 'i', 'n', 'g', 't', 'a', 'i', 'l'};
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(context, static_cast<long>(settings.session_cache_size));
  SSL_CTX_set_timeout(context, static_cast<long>(settings.session_cache_timeout_s));
  SSL_CTX_set_session_id_context(context, kContextId.data(), kContextId.size());
}

int VerifyMode(TlsPeerCheck check) {
  switch (check) {
    case TlsPeerCheck::kNone:
      return SSL_VERIFY_NONE;
    case TlsPeerCheck::kIfShown:
      return SSL_VERIFY_PEER;
    case TlsPeerCheck::kRequired:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

Result<void> CheckCompleteness(const TlsSettings& settings, TlsRole role) {
  if (role == TlsRole::kServer || !settings.cert_path.empty() || !settings.key_path.empty()) {
    if (settings.cert_path.empty()) return Error{"No tls-cert-file configured!"};
    if (settings.key_path.empty()) return Error{"No tls-key-file configured!"};
  }
  if (settings.peer_check != TlsPeerCheck::kNone && settings.ca_path.empty() &&
      settings.ca_dir.empty()) {
    return Error{
        "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, "
        "tls-replication or tls-auth-clients are enabled!"};
  }
  return {};
}

Result<void> Configure(SSL_CTX* context, const TlsSettings& settings, TlsRole role) {
  TRY(const uint64_t protocol_options, ProtocolOptions(settings.protocols));
  SSL_CTX_set_options(context, protocol_options | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_SINGLE_DH_USE | SSL_OP_NO_SSLv3);
  if (settings.prefers_server_ciphers) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  }
  // Idle connections keep no record buffers: 34 KiB each otherwise.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  std::string password = settings.key_password;
  SSL_CTX_set_default_passwd_cb(context, GivePassword);
  SSL_CTX_set_default_passwd_cb_userdata(context, &password);
  if (!settings.cert_path.empty()) TRY_VOID(LoadOwnCertificate(context, settings));
  // The password is only needed, and only lives, until the key has been read.
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  TRY_VOID(LoadAuthorities(context, settings));
  TRY_VOID(LoadDhParameters(context, settings.dh_params_path));
  TRY_VOID(SetCiphers(context, settings));
  SetSessionCache(context, settings, role);
  SSL_CTX_set_verify(context, VerifyMode(settings.peer_check), nullptr);
  return {};
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::Create(const TlsSettings& settings,
                                                             TlsRole role) {
  ERR_clear_error();
  TRY_VOID(CheckCompleteness(settings, role));
  SSL_CTX* const context =
      SSL_CTX_new(role == TlsRole::kServer ? TLS_server_method() : TLS_client_method());
  if (context == nullptr) return Error{"cannot make a TLS context: " + TakeTlsError()};
  const auto owned = std::shared_ptr<const TlsContext>(new TlsContext(context, role));
  const auto configured = Configure(context, settings, role);
  ERR_clear_error();
  if (!configured.ok()) return configured.error();
  return owned;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

// The first error is the cause; what follows is what came of it.
std::string TakeTlsError() {
  const unsigned long code = ERR_peek_error();
  std::string text;
  if (code == 0) {
    text = "unknown error";
  } else if (ERR_SYSTEM_ERROR(code)) {
    text = std::strerror(ERR_GET_REASON(code));
  } else if (const char* reason = ERR_reason_error_string(code); reason != nullptr) {
    text = reason;
  } else {
    std::array<char, 256> words;
    ERR_error_string_n(code, words.data(), words.size());
    text = words.data();
  }
  ERR_clear_error();
  return text;
}

}  // namespace ringtail::net
