#include "net/tls_transport.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ringtail::net {

// What OpenSSL takes for its socket: reads come from TlsTransport::incoming_, writes go to the
// worker's outgoing records. A write always succeeds, so SSL_write is never half done.
struct TlsBio {
  static int Read(BIO* bio, char* place, size_t size, size_t* read) {
    auto& transport = *static_cast<TlsTransport*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    std::string_view& incoming = transport.incoming_;
    if (incoming.empty()) {
      BIO_set_retry_read(bio);
      *read = 0;
      return 0;
    }
    *read = std::min(size, incoming.size());
    std::memcpy(place, incoming.data(), *read);
    incoming.remove_prefix(*read);
    return 1;
  }
  static int Write(BIO* bio, const char* bytes, size_t size, size_t* written) {
    auto& transport = *static_cast<TlsTransport*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    transport.memory_.outgoing.append(bytes, size);
    *written = size;
    return 1;
  }
  static long Control(BIO*, int command, long, void*) {
    // OpenSSL insists on flushing; all other questions are answered with no.
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
  }
  static BIO_METHOD* MakeMethod() {
    BIO_METHOD* const method =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ringtail");
    BIO_meth_set_read_ex(method, Read);
    BIO_meth_set_write_ex(method, Write);
    BIO_meth_set_ctrl(method, Control);
    BIO_meth_set_create(method, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    return method;
  }
  static BIO* Make(TlsTransport& transport) {
    static const BIO_METHOD* const method = MakeMethod();  // lives as long as OpenSSL does
    BIO* const bio = BIO_new(method);
    if (bio != nullptr) BIO_set_data(bio, &transport);
    return bio;
  }
};

namespace {

// SSL_get_error looks at the thread's queue, so an old error would be taken for a new one.
void ForgetErrors() {
  if (ERR_peek_error() != 0) [[unlikely]]
    ERR_clear_error();
}

bool IsTemporary(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// The first byte of every first record (RFC 8446, 5.1).
constexpr char kHandshakeRecord = 0x16;

}  // namespace

std::unique_ptr<TlsTransport> TlsTransport::Create(TlsWorkerMemory& memory,
                                                   std::shared_ptr<const TlsContext> context,
                                                   const std::string& server_name) {
  std::unique_ptr<TlsTransport> transport(new TlsTransport(memory, std::move(context)));
  transport->ssl_ = SSL_new(transport->context_->context_);
  if (transport->ssl_ == nullptr) return nullptr;
  BIO* const bio = TlsBio::Make(*transport);
  if (bio == nullptr) return nullptr;
  SSL_set_bio(transport->ssl_, bio, bio);
  if (transport->role() == TlsRole::kServer) {
    SSL_set_accept_state(transport->ssl_);
  } else {
    SSL_set_connect_state(transport->ssl_);
    if (!server_name.empty()) SSL_set_tlsext_host_name(transport->ssl_, server_name.c_str());
  }
  return transport;
}

TlsTransport::~TlsTransport() { SSL_free(ssl_); }

// ---- Receiving

ssize_t TlsTransport::Receive(int fd, size_t bytes_max) {
  const ssize_t received =
      ::recv(fd, memory_.incoming.data(), std::min(bytes_max, memory_.incoming.size()), 0);
  if (received <= 0) return received;
  incoming_ = {memory_.incoming.data(), static_cast<size_t>(received)};
  if (!has_received_) {
    has_received_ = true;
    is_plain_text_ = incoming_.front() != kHandshakeRecord;
  }
  return received;
}

TlsTransport::Progress TlsTransport::Handshake() {
  ForgetErrors();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    is_established_ = true;
    return Progress::kDone;
  }
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Progress::kUnfinished;
  failure_ = HandshakeFailure();
  is_failed_ = true;
  incoming_ = {};
  return Progress::kFailed;
}

std::string TlsTransport::HandshakeFailure() const {
  std::string text = TakeTlsError();
  const long verified = SSL_get_verify_result(ssl_);
  if (verified != X509_V_OK) {
    text += std::string(" (") + X509_verify_cert_error_string(verified) + ")";
  } else if (is_plain_text_) {
    text += " (the client does not speak TLS)";
  }
  return text;
}

bool TlsTransport::has_incoming() const {
  return !is_ended() && (!incoming_.empty() || SSL_pending(ssl_) > 0);
}

// The last call that would only say "no more" is spared: a record is read by its exact length, so
// when the ciphertext is used up and nothing is pending, nothing is left.
size_t TlsTransport::Decrypt(std::span<char> room) {
  ForgetErrors();
  size_t total = 0;
  while (total < room.size() && has_incoming()) {
    size_t size = 0;
    if (SSL_read_ex(ssl_, room.data() + total, room.size() - total, &size) != 1) {
      NoteReadFailure();
      break;
    }
    total += size;
  }
  return total;
}

void TlsTransport::NoteReadFailure() {
  switch (SSL_get_error(ssl_, 0)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return;
    case SSL_ERROR_ZERO_RETURN:
      is_ended_ = true;
      break;
    default:
      is_failed_ = true;
      failure_ = TakeTlsError();
  }
  incoming_ = {};
}

// ---- Sending

// Small pieces are collected, so that a record is full or the last one; whole records' worth of
// a large piece is encrypted from where it stands.
size_t TlsTransport::Encrypt(const iovec* pieces, int count, size_t bytes_max) {
  ForgetErrors();
  char* const collected = memory_.small_pieces.data();
  size_t collected_bytes = 0;
  size_t total = 0;
  for (int i = 0; i < count && total < bytes_max; ++i) {
    const char* bytes = static_cast<const char*>(pieces[i].iov_base);
    size_t left = std::min(pieces[i].iov_len, bytes_max - total);
    total += left;
    const bool is_last = i + 1 == count || total == bytes_max;
    while (left != 0) {
      const bool is_whole = collected_bytes == 0 && (left >= kTlsRecordBytesMax || is_last);
      const size_t size = std::min(left, kTlsRecordBytesMax - collected_bytes);
      if (is_whole) {
        EncryptRecord(bytes, size);
      } else {
        std::memcpy(collected + collected_bytes, bytes, size);
        collected_bytes += size;
        if (collected_bytes == kTlsRecordBytesMax) {
          EncryptRecord(collected, std::exchange(collected_bytes, 0));
        }
      }
      bytes += size;
      left -= size;
    }
  }
  if (collected_bytes != 0) EncryptRecord(collected, collected_bytes);
  return total;
}

void TlsTransport::EncryptRecord(const char* bytes, size_t size) {
  size_t written = 0;
  if (is_failed_ || SSL_write_ex(ssl_, bytes, size, &written) == 1) return;
  is_failed_ = true;
  failure_ = TakeTlsError();
}

void TlsTransport::EncryptFarewell() {
  ForgetErrors();
  if (is_established_ && !is_failed_) SSL_shutdown(ssl_);
}

TlsTransport::Progress TlsTransport::Send(int fd) {
  std::string& outgoing = memory_.outgoing;
  const bool is_continued = !unsent_.empty();
  if (is_continued) unsent_.append(outgoing);
  std::string_view bytes = is_continued ? std::string_view(unsent_).substr(unsent_begin_)
                                        : std::string_view(outgoing);
  if (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && !IsTemporary(errno)) {
      outgoing.clear();
      is_failed_ = true;
      return Progress::kFailed;
    }
    bytes.remove_prefix(static_cast<size_t>(std::max<ssize_t>(sent, 0)));
  }
  if (bytes.empty()) {
    // Given back: a connection that has to wait for nothing keeps nothing.
    if (is_continued) std::string().swap(unsent_);
    unsent_begin_ = 0;
  } else if (is_continued) {
    unsent_begin_ = unsent_.size() - bytes.size();
  } else {
    unsent_ = bytes;
    unsent_begin_ = 0;
  }
  outgoing.clear();
  return unsent_.empty() ? Progress::kDone : Progress::kUnfinished;
}

// ---- Questions

std::string TlsTransport::PeerCommonName() const {
  X509* const certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr || SSL_get_verify_result(ssl_) != X509_V_OK) return {};
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  // The last one is the most specific (RFC 4514 writes it first).
  int index = -1;
  for (int next = -1; (next = X509_NAME_get_index_by_NID(subject, NID_commonName, next)) >= 0;) {
    index = next;
  }
  if (index < 0) return {};
  const ASN1_STRING* const name = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index));
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, name);
  if (size < 0) return {};
  std::string text(reinterpret_cast<char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return text;
}

std::string TlsTransport::Description() const {
  return std::string(SSL_get_version(ssl_)) + " " + SSL_get_cipher_name(ssl_);
}

}  // namespace ringtail::net
