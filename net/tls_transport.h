// One connection's TLS: turns received ciphertext into plaintext, and output into records.
//
//   transport.Receive(fd, bytes_max);                   // one recv of ciphertext
//   size_t got = transport.Decrypt(room);               // until room is full or nothing is left
//   output.Consume(transport.Encrypt(pieces, count, bytes_max));
//   transport.Send(fd);                                 // one send of all records
//
// OpenSSL sees no socket. It reads from what Receive brought and writes into memory that all
// connections of a worker share, so that a request costs one recv and one send however many records
// it takes, as without TLS; with a socket of its own it would make two calls to read each record
// and one to write it. What Decrypt leaves behind is only ever a part of a record, inside OpenSSL:
// so nothing decrypted waits where the poll cannot see it, as long as the caller decrypts until
// has_incoming() is false. Kernel TLS is not used: it would put each record's reading and writing
// back to system calls of their own.
//
// Thread rule: belongs to one connection, and so to one worker.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/tls_context.h"

struct bio_st;

namespace ringtail::net {

/// What one receive of ciphertext may bring: four to sixteen records.
inline constexpr size_t kTlsReceiveBytesMax = 256 * 1024;
/// What is encrypted before it is sent. It bounds what a client that does not read makes us keep
/// beside its output, and is what Linux gives a socket's send buffer at the start.
inline constexpr size_t kTlsSendBytesMax = 64 * 1024;
/// What a record may hold (RFC 8446, 5.1).
inline constexpr size_t kTlsRecordBytesMax = 16 * 1024;

/// The memory through which all connections of one worker receive and send.
struct TlsWorkerMemory {
  std::array<char, kTlsReceiveBytesMax> incoming;
  std::array<char, kTlsRecordBytesMax> small_pieces;  // collected into one record
  std::string outgoing;                               // records; empty between two calls
};

class TlsTransport {
 public:
  enum class Progress : uint8_t { kDone, kUnfinished, kFailed };

  /// Null if there is no memory for it. `memory` must outlive it. A client announces `server_name`
  /// unless that is empty.
  static std::unique_ptr<TlsTransport> Create(TlsWorkerMemory& memory,
                                              std::shared_ptr<const TlsContext> context,
                                              const std::string& server_name);
  ~TlsTransport();
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  // Receiving.

  /// Receives at most bytes_max (and kTlsReceiveBytesMax) of ciphertext; answers as recv does.
  /// Everything received before must have been decrypted.
  ssize_t Receive(int fd, size_t bytes_max);
  /// Goes on with the handshake as far as what was received lets it; what is to be answered is for
  /// Send, also after a failure.
  Progress Handshake();
  /// Decrypts into `room` until it is full or nothing whole is left; answers how many bytes.
  size_t Decrypt(std::span<char> room);
  /// Whether there is more for Decrypt.
  bool has_incoming() const;

  // Sending.

  /// Encrypts up to bytes_max of the first of these bytes; answers how many.
  size_t Encrypt(const iovec* pieces, int count, size_t bytes_max);
  /// Appends the farewell, after which nothing can be encrypted any more.
  void EncryptFarewell();
  /// Sends what has been encrypted. What the socket does not take is kept: has_unsent().
  Progress Send(int fd);
  bool has_unsent() const { return !unsent_.empty(); }

  // Questions.

  /// Whether the handshake is done.
  bool is_established() const { return is_established_; }
  /// Whether no more will come: the other side has said farewell, or something was wrong.
  bool is_ended() const { return is_ended_ || is_failed_; }
  bool is_failed() const { return is_failed_; }
  TlsRole role() const { return context_->role(); }
  /// Why the handshake failed, for the log.
  const std::string& failure() const { return failure_; }
  /// Whether anything at all has ever been received.
  bool has_received() const { return has_received_; }
  /// The common name in the certificate that the other side has shown and that has been verified;
  /// "" if there is none.
  std::string PeerCommonName() const;
  /// "TLSv1.3 TLS_AES_256_GCM_SHA384".
  std::string Description() const;

 private:
  friend struct TlsBio;

  TlsTransport(TlsWorkerMemory& memory, std::shared_ptr<const TlsContext> context)
      : memory_(memory), context_(std::move(context)) {}
  void EncryptRecord(const char* bytes, size_t size);
  void NoteReadFailure();
  std::string HandshakeFailure() const;

  TlsWorkerMemory& memory_;
  const std::shared_ptr<const TlsContext> context_;
  ssl_st* ssl_ = nullptr;
  std::string_view incoming_;  // of memory_.incoming, not yet read by OpenSSL
  std::string unsent_;         // records, from unsent_begin_ on
  size_t unsent_begin_ = 0;
  std::string failure_;
  bool is_established_ = false;
  bool is_ended_ = false;
  bool is_failed_ = false;
  bool has_received_ = false;
  bool is_plain_text_ = false;  // the first byte was none of a TLS record
};

}  // namespace ringtail::net
