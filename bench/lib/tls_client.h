// The load generator's side of TLS: connected sockets that speak it, as a client that trusts
// everybody.
//
//   TlsClientContext context;
//   auto tls = context.Connect(fd, {.protocol = "TLSv1.3"});    // null: context.failure()
//   ssize_t sent = tls->Send(bytes);                            // as send, with EAGAIN
//
// Thread rule: one thread.
#pragma once

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace ringtail::bench {

struct TlsClientOptions {
  std::string protocol = {};  // TLSv1.2 or TLSv1.3; empty: the newest that both know
  std::string ciphers = {};   // OpenSSL's names; empty: OpenSSL's order
};

class TlsClient {
 public:
  explicit TlsClient(SSL* ssl) : ssl_(ssl) {}
  ~TlsClient() { SSL_free(ssl_); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  ssize_t Send(std::string_view bytes) {
    size_t size = 0;
    const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &size);
    return result == 1 ? static_cast<ssize_t>(size) : Failure(result);
  }
  ssize_t Receive(char* place, size_t room) {
    size_t size = 0;
    const int result = SSL_read_ex(ssl_, place, room, &size);
    return result == 1 ? static_cast<ssize_t>(size) : Failure(result);
  }

 private:
  ssize_t Failure(int result) {
    switch (SSL_get_error(ssl_, result)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
      case SSL_ERROR_ZERO_RETURN:
        return 0;
      default:
        ERR_clear_error();
        errno = EPROTO;
        return -1;
    }
  }

  SSL* const ssl_;
};

class TlsClientContext {
 public:
  TlsClientContext() = default;
  ~TlsClientContext() { SSL_CTX_free(context_); }
  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;

  /// Shakes hands on a connected, blocking socket, which does not block any more after.
  std::unique_ptr<TlsClient> Connect(int fd, const TlsClientOptions& options) {
    if (context_ == nullptr) context_ = MakeContext(options);
    SSL* const ssl = SSL_new(context_);
    auto client = std::make_unique<TlsClient>(ssl);
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) != 1) {
      const char* const reason = ERR_reason_error_string(ERR_peek_error());
      failure_ = reason == nullptr ? "no handshake" : reason;
      ERR_clear_error();
      return nullptr;
    }
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    return client;
  }
  const std::string& failure() const { return failure_; }

 private:
  static SSL_CTX* MakeContext(const TlsClientOptions& options) {
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    if (options.protocol == "TLSv1.2") {
      SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
      if (!options.ciphers.empty()) SSL_CTX_set_cipher_list(context, options.ciphers.c_str());
    } else if (!options.ciphers.empty()) {
      SSL_CTX_set_ciphersuites(context, options.ciphers.c_str());
    }
    return context;
  }

  SSL_CTX* context_ = nullptr;
  std::string failure_;
};

}  // namespace ringtail::bench
