// Certificates, keys and rules of one side of TLS, read from files once and never changed after.
//
//   TRY(auto context, TlsContext::Create(settings, TlsRole::kServer));
//   network.SetTlsContext(context);        // connections accepted from now on use it
//
// A connection keeps the context that it began with, so a new one with other files changes nothing
// for those that are open. Thread rule: made by any thread; then constant, and shared by workers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace ringtail::net {

enum class TlsRole : uint8_t {
  kServer,  // the side that was connected to
  kClient,  // the side that connected
};

/// Whether the other side must show a certificate that the trusted authorities vouch for.
enum class TlsPeerCheck : uint8_t { kNone, kIfShown, kRequired };

struct TlsSettings {
  std::string cert_path;  // a PEM chain, this side's own certificate first
  std::string key_path;
  std::string key_password;
  std::string dh_params_path;  // empty: as strong as the certificate's key
  std::string ca_path;         // one PEM file of trusted authorities, and/or
  std::string ca_dir;          // a directory of them, under OpenSSL's hashed names
  TlsPeerCheck peer_check = TlsPeerCheck::kRequired;
  std::string protocols;     // of TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; empty: the last two
  std::string ciphers;       // up to TLS 1.2; empty: OpenSSL's
  std::string ciphersuites;  // TLS 1.3; empty: OpenSSL's
  bool prefers_server_ciphers = false;
  bool caches_sessions = true;
  int64_t session_cache_size = 20 * 1024;
  int64_t session_cache_timeout_s = 300;
};

class TlsContext {
 public:
  /// Reads the files. The error names the file or setting that is wrong, and why. A server needs a
  /// certificate and its key.
  static Result<std::shared_ptr<const TlsContext>> Create(const TlsSettings& settings,
                                                          TlsRole role);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  TlsRole role() const { return role_; }

 private:
  friend class TlsTransport;

  TlsContext(ssl_ctx_st* context, TlsRole role) : context_(context), role_(role) {}

  ssl_ctx_st* const context_;
  const TlsRole role_;
};

/// What OpenSSL last complained about on this thread, in its words; forgets it. For net/ only.
std::string TakeTlsError();

}  // namespace ringtail::net
