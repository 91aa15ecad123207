// The worker's receiving and sending; the turn around it is in worker.cc, TLS in worker_tls.cc.
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "net/worker.h"

namespace ringtail::net {
namespace {

// Enough for a turn's replies in 16 KiB chunks to fill a socket's send buffer.
constexpr int kIovecCountMax = 64;

bool IsTemporary(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// Cuts the list of iovecs so that it holds at most `bytes_max` bytes; answers how many bytes it
// holds.
size_t Limit(iovec* iovecs, int& count, size_t bytes_max) {
  size_t total = 0;
  for (int i = 0; i < count; ++i) {
    if (total + iovecs[i].iov_len >= bytes_max) {
      iovecs[i].iov_len = bytes_max - total;
      count = i + 1;
      return bytes_max;
    }
    total += iovecs[i].iov_len;
  }
  return total;
}

// send is a little cheaper than sendmsg, and most turns have one piece. MSG_NOSIGNAL is why not
// writev.
ssize_t SendPieces(int fd, iovec* iovecs, int count) {
  if (count == 1) return ::send(fd, iovecs[0].iov_base, iovecs[0].iov_len, MSG_NOSIGNAL);
  msghdr message{};
  message.msg_iov = iovecs;
  message.msg_iovlen = static_cast<size_t>(count);
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

}  // namespace

void Worker::OnPollEvent(uv_poll_t* poll, int status, int events) {
  auto& connection = *static_cast<Connection*>(poll->data);
  if (connection.is_closing_) return;
  Worker& worker = *connection.worker_;
  if (status < 0) {
    worker.ReceiveBroken(connection);
    return;
  }
  if ((events & UV_WRITABLE) != 0) {
    connection.is_waiting_for_writable_ = false;
    if (!connection.is_listed_) connection.ListForFlush();
  }
  if ((events & UV_READABLE) != 0) worker.Receive(connection);
}

// libuv has stopped watching a socket in error. What arrived before the error can still be received
// and is executed, so reading goes on until the socket itself answers with the error.
void Worker::ReceiveBroken(Connection& connection) {
  connection.polled_events_ = 0;
  if (connection.is_reading_paused_ || connection.is_closing_after_flush_) {
    connection.CloseNow(CloseReason::kSocketError);
    return;
  }
  Receive(connection);
  if (!connection.is_closing_) UpdateInterest(connection);
}

// One receive per connection and turn. Polling is level-triggered: whatever is left comes up again.
void Worker::Receive(Connection& connection) {
  if (connection.is_ready_) return;
  if (arena_.is_exhausted()) {
    Increment(stats_.early_turn_count, 1);
    RunReady();
    FinishTurn();
    if (connection.is_closing_) return;
  }
  if (connection.is_reading_paused_ || connection.is_closing_after_flush_) return;
  const ssize_t received = connection.tls_ != nullptr      ? ReceiveTls(connection)
                           : connection.is_reading_block() ? ReceiveBlock(connection)
                                                           : ReceiveInput(connection);
  const int error = errno;
  Increment(stats_.receive_count, 1);
  if (received > 0) [[likely]] {
    Increment(stats_.received_bytes, static_cast<uint64_t>(received));
    connection.received_bytes_ += static_cast<uint64_t>(received);
    connection.last_activity_ms_ = now_ms();
    if (!connection.is_reading_block()) AddReady(connection);
    return;
  }
  // Prepare may have moved a leftover into the arena.
  connection.input_.Retain();
  if (received == 0) {
    connection.CloseNow(CloseReason::kPeerClosed);
  } else if (!IsTemporary(error)) {
    connection.CloseNow(CloseReason::kSocketError);
  }
}

ssize_t Worker::ReceiveInput(Connection& connection) {
  const std::span<char> room = connection.input_.Prepare(arena_);
  const ssize_t received = ::recv(connection.fd(), room.data(), room.size(), 0);
  if (received > 0) [[likely]] {
    connection.input_.Received(arena_, static_cast<size_t>(received));
  }
  return received;
}

// What follows the block usually comes with its end, so that is received into the input in the same
// call.
ssize_t Worker::ReceiveBlock(Connection& connection) {
  BlockReceiver& block = connection.block_;
  const std::span<char> room = block.Room();
  if (room.size() < block.missing_bytes()) {
    const ssize_t received = ::recv(connection.fd(), room.data(), room.size(), 0);
    if (received > 0) block.Received(static_cast<size_t>(received));
    return received;
  }
  const std::span<char> after = connection.input_.Prepare(arena_);
  std::array<iovec, 2> pieces{iovec{.iov_base = room.data(), .iov_len = room.size()},
                              iovec{.iov_base = after.data(), .iov_len = after.size()}};
  const ssize_t received = ::readv(connection.fd(), pieces.data(), 2);
  if (received > 0) {
    const size_t into_block = std::min(room.size(), static_cast<size_t>(received));
    block.Received(into_block);
    connection.input_.Received(arena_, static_cast<size_t>(received) - into_block);
  }
  // A part of a request that stands before the block may have moved into the arena.
  if (received > 0 && !block.is_complete()) connection.input_.Retain();
  return received;
}

void Worker::AddReady(Connection& connection) {
  if (connection.is_ready_) return;
  connection.is_ready_ = true;
  ready_.push_back(&connection);
}

void Worker::Flush(Connection& connection) {
  connection.is_listed_ = false;
  if (connection.is_closing_ || connection.is_output_held_) return;
  const bool had_to_wait = (connection.polled_events_ & UV_WRITABLE) != 0;
  if (connection.tls_ != nullptr) {
    if (connection.is_waiting_for_writable_ || !SendTls(connection)) return;
  } else if (!connection.output_.is_empty()) {
    if (connection.is_waiting_for_writable_ || !Send(connection)) return;
  }
  if (connection.resumes_by_itself_ &&
      connection.output_bytes() <= connection.resume_output_bytes_) {
    connection.ResumeReading();
  }
  // With TLS, records may be waiting when the output is empty.
  if (!connection.output_.is_empty() || connection.is_waiting_for_writable_) return;
  if (had_to_wait) {
    UpdateInterest(connection);
    Awake();
    delegate_.OnFlushed(connection);
  }
  if (connection.is_closing_after_flush_) connection.CloseNow();
}

// Sends what the socket takes, up to this turn's bound. False if the connection has to close.
bool Worker::Send(Connection& connection) {
  size_t budget = options_.flush_bytes_max;
  while (!connection.output_.is_empty()) {
    std::array<iovec, kIovecCountMax> iovecs;
    int count = connection.output_.FillIovecs(iovecs.data(), kIovecCountMax);
    const size_t offered = Limit(iovecs.data(), count, budget);
    const ssize_t sent = SendPieces(connection.fd(), iovecs.data(), count);
    Increment(stats_.send_count, 1);
    if (sent < 0) {
      if (!IsTemporary(errno)) {
        connection.CloseNow(CloseReason::kSocketError);
        return false;
      }
      break;
    }
    const auto sent_bytes = static_cast<size_t>(sent);
    connection.output_.Consume(sent_bytes);
    connection.sent_bytes_ += sent_bytes;
    connection.last_activity_ms_ = now_ms();
    Increment(stats_.sent_bytes, sent_bytes);
    budget -= sent_bytes;
    // A short send says that the socket is full: no need to be told twice.
    if (sent_bytes < offered || budget == 0) break;
  }
  if (!connection.output_.is_empty()) {
    connection.output_.ShrinkToFit();
    connection.is_waiting_for_writable_ = true;
    UpdateInterest(connection);
  }
  return true;
}

void Worker::UpdateInterest(Connection& connection) {
  const bool reads = !connection.is_reading_paused_ && !connection.is_closing_after_flush_;
  const int events =
      (reads ? UV_READABLE : 0) | (connection.is_waiting_for_writable_ ? UV_WRITABLE : 0);
  if (events == connection.polled_events_ || connection.is_closing_) return;
  connection.polled_events_ = static_cast<uint8_t>(events);
  if (events == 0) {
    uv_poll_stop(&connection.poll_);
  } else {
    uv_poll_start(&connection.poll_, events, OnPollEvent);
  }
}

}  // namespace ringtail::net
