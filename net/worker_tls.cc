// The worker's receiving and sending for connections with TLS.
//
//   accepted ──► handshake ──► established: OnAccept, then as any connection
//                   └────────► failed or too slow: OnHandshakeFailed, closed
//
// A connection is unknown to the delegate until its handshake is done.
#include <algorithm>
#include <array>
#include <cerrno>

#include "net/worker.h"

namespace ringtail::net {
namespace {

// Room of the turn's arena that one receive of ciphertext may need: what it brings, and what
// OpenSSL held of the record before. So everything received finds its place at once.
constexpr size_t kInputReceiveBytesMax =
    kReceiveBytesMax - kTlsRecordBytesMax - /*a leftover moved into the arena=*/8 * 1024;

constexpr int kIovecCountMax = 64;

int64_t NowNs() { return static_cast<int64_t>(uv_hrtime()); }

// As recv says "nothing for now".
ssize_t NothingYet() {
  errno = EAGAIN;
  return -1;
}

}  // namespace

bool Worker::MakeTls(Connection& connection, std::shared_ptr<const TlsContext> context,
                     const std::string& server_name) {
  if (tls_memory_ == nullptr) tls_memory_ = std::make_unique<TlsWorkerMemory>();
  connection.tls_ = TlsTransport::Create(*tls_memory_, std::move(context), server_name);
  return connection.tls_ != nullptr;
}

void Worker::StartHandshake(Connection& connection) {
  StartTimer(options_.handshake_timeout_ms, [this, id = connection.id()] {
    Connection* const late = Find(id);
    if (late == nullptr || late->tls_->is_established()) return;
    FailHandshake(*late, "the TLS handshake took too long");
  });
  // A client speaks first; a socket that is still connecting sends it when it can.
  if (connection.tls_->role() == TlsRole::kClient) GoOnWithHandshake(connection);
}

// ---- Receiving

// Answers as recv does, but in bytes of plaintext.
ssize_t Worker::ReceiveTls(Connection& connection) {
  TlsTransport& tls = *connection.tls_;
  if (tls.is_ended()) return NothingYet();
  if (arena_.remaining_bytes() < kReceiveBytesMax) {
    Increment(stats_.early_turn_count, 1);
    RunReady();
    FinishTurn();
    if (connection.is_closing_ || connection.is_closing_after_flush_ ||
        connection.is_reading_paused_) {
      return NothingYet();
    }
  }
  // The poll is level-triggered: whoever is left out comes up again.
  if (!tls.is_established() && handshake_ns_ > options_.handshake_ns_per_turn_max) {
    return NothingYet();
  }
  const size_t into_block = connection.is_reading_block() ? connection.block_.missing_bytes() : 0;
  const ssize_t received = tls.Receive(connection.fd(), into_block + kInputReceiveBytesMax);
  if (!tls.is_established()) {
    if (received == 0 || (received < 0 && errno != EAGAIN && errno != EINTR)) {
      FailHandshake(connection, "the client hung up in the TLS handshake");
      return NothingYet();
    }
    if (received < 0 || !GoOnWithHandshake(connection)) return NothingYet();
    if (connection.is_closing_ || connection.is_closing_after_flush_) return NothingYet();
  } else if (received <= 0) {
    return received;
  }
  return DecryptAll(connection);
}

// Nothing that has been received stays behind in OpenSSL but the beginning of a record.
ssize_t Worker::DecryptAll(Connection& connection) {
  TlsTransport& tls = *connection.tls_;
  size_t total = 0;
  bool is_input_prepared = false;
  while (tls.has_incoming()) {
    std::span<char> room;
    size_t size = 0;
    if (connection.is_reading_block()) {
      room = connection.block_.Room();
      size = tls.Decrypt(room);
      connection.block_.Received(size);
    } else {
      // Prepare expects what is there already in memory of the connection's own.
      if (is_input_prepared) connection.input_.Retain();
      is_input_prepared = true;
      room = connection.input_.Prepare(arena_);
      size = tls.Decrypt(room);
      connection.input_.Received(arena_, size);
    }
    total += size;
  }
  if (!tls_memory_->outgoing.empty()) SendRecords(connection);
  if (tls.is_ended()) {
    if (total == 0) {
      connection.CloseNow(tls.is_failed() ? CloseReason::kSocketError : CloseReason::kPeerClosed);
      return NothingYet();
    }
    // What came before the end is executed and answered; the flush then closes.
    if (!connection.is_listed_) connection.ListForFlush();
  }
  return total == 0 ? NothingYet() : static_cast<ssize_t>(total);
}

// True if the handshake is done and the delegate knows the connection.
bool Worker::GoOnWithHandshake(Connection& connection) {
  TlsTransport& tls = *connection.tls_;
  const int64_t started_ns = NowNs();
  const TlsTransport::Progress progress = tls.Handshake();
  handshake_ns_ += NowNs() - started_ns;
  SendRecords(connection);
  if (connection.is_closing_) return false;
  if (progress == TlsTransport::Progress::kFailed) FailHandshake(connection, tls.failure());
  if (progress != TlsTransport::Progress::kDone) return false;
  Increment(stats_.handshake_count, 1);
  connection.last_activity_ms_ = now_ms();
  Awake();
  connection.is_known_ = true;
  delegate_.OnAccept(connection);
  return true;
}

void Worker::FailHandshake(Connection& connection, std::string_view why) {
  if (connection.is_closing_) return;
  Increment(stats_.failed_handshake_count, 1);
  Awake();
  delegate_.OnHandshakeFailed(connection, why);
  connection.CloseNow(CloseReason::kSocketError);
}

// ---- Sending

// As Send, with records. False if the connection has to close.
bool Worker::SendTls(Connection& connection) {
  TlsTransport& tls = *connection.tls_;
  size_t budget = options_.flush_bytes_max;
  if (tls.has_unsent() && !SendRecords(connection)) return false;
  while (tls.is_established() && !tls.has_unsent() && !tls.is_failed() && budget != 0 &&
         !connection.output_.is_empty()) {
    std::array<iovec, kIovecCountMax> iovecs;
    const int count = connection.output_.FillIovecs(iovecs.data(), kIovecCountMax);
    const size_t size = tls.Encrypt(iovecs.data(), count, std::min(budget, kTlsSendBytesMax));
    connection.output_.Consume(size);
    connection.sent_bytes_ += size;
    connection.last_activity_ms_ = now_ms();
    Increment(stats_.sent_bytes, size);
    budget -= size;
    if (!SendRecords(connection)) return false;
  }
  if (tls.is_failed()) {
    connection.CloseNow(CloseReason::kSocketError);
    return false;
  }
  if (tls.has_unsent() || !connection.output_.is_empty()) {
    connection.output_.ShrinkToFit();
    connection.is_waiting_for_writable_ = true;
    UpdateInterest(connection);
  } else if (tls.is_ended()) {
    connection.CloseNow(CloseReason::kPeerClosed);
    return false;
  }
  return true;
}

// Sends what has been encrypted. False if the connection has to close.
bool Worker::SendRecords(Connection& connection) {
  TlsTransport& tls = *connection.tls_;
  if (tls_memory_->outgoing.empty() && !tls.has_unsent()) return true;
  Increment(stats_.send_count, 1);
  switch (tls.Send(connection.fd())) {
    case TlsTransport::Progress::kDone:
      return true;
    case TlsTransport::Progress::kFailed:
      if (tls.is_established()) {
        connection.CloseNow(CloseReason::kSocketError);
      } else {
        FailHandshake(connection, "the client hung up in the TLS handshake");
      }
      return false;
    case TlsTransport::Progress::kUnfinished:
      connection.is_waiting_for_writable_ = true;
      UpdateInterest(connection);
      return true;
  }
  return true;
}

// At the very end. It may get lost, as the close that follows may get ahead of what is unsent.
void Worker::SayFarewell(Connection& connection) {
  TlsTransport& tls = *connection.tls_;
  if (!tls.is_established() || tls.is_failed() || tls.has_unsent() ||
      connection.close_reason_ == CloseReason::kSocketError) {
    return;
  }
  tls.EncryptFarewell();
  if (!tls_memory_->outgoing.empty()) static_cast<void>(tls.Send(connection.fd()));
}

}  // namespace ringtail::net
