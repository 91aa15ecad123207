// One client's socket, as the session sees it: bytes that came, bytes to go, and its end.
//
//   std::string_view bytes = connection.input();           // valid and unmoved during OnTurn
//   connection.ConsumeInput(parsed_bytes);
//   connection.output().Append("+OK\r\n");                  // sent once, when the turn ends
//   connection.CloseAfterFlush();
//
// The worker owns every Connection and frees it in one place, after OnClose, when a turn ends; so a
// Connection& got from the worker is good until the delegate's call returns, even after CloseNow.
// To keep one in mind longer, keep its id(). Thread rule: only its own worker's thread may touch
// it.
#pragma once

#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/shared_bytes.h"
#include "net/block_receiver.h"
#include "net/connection_id.h"
#include "net/input_buffer.h"
#include "net/tls_transport.h"
#include "net/unique_fd.h"
#include "proto/output_buffer.h"

namespace ringtail::net {

class Worker;

/// What the session hangs on a connection; dies with it.
class ConnectionState {
 public:
  virtual ~ConnectionState() = default;
};

enum class CloseReason : uint8_t {
  kPeerClosed,   // the client hung up
  kSocketError,  // reset, broken pipe, ...
  kRequested,    // the session said CloseNow or CloseAfterFlush
  kShutdown,     // the worker is stopping
};

class Connection {
 public:
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Input.

  /// The bytes received and not consumed. They stay where they are during OnTurn (but for
  /// ReadIntoBlock) and may move between turns.
  std::string_view input() const { return input_.view(); }
  /// Drops the first `size` bytes of input(). size must be at most input().size().
  void ConsumeInput(size_t size) {
    input_.Consume(size);
    has_progress_ = true;
  }
  /// Collects a large value in a block of its own: `byte_count` bytes, the first of which stands
  /// (or will stand) at `offset` of input(), which may be its end. What of the value has arrived is
  /// moved out of input(), the rest is received straight into the block; input() then reads as if
  /// the value had never stood in it. The block grows with what arrives (see BlockReceiver). When
  /// it is complete the connection is ready. Suits RequestParser::pending_large_bulk.
  void ReadIntoBlock(size_t offset, size_t byte_count);
  /// Whether the block of ReadIntoBlock is complete and has not been taken.
  bool has_block() const { return block_.is_complete(); }
  /// Whether a block has been begun and is not complete.
  bool is_reading_block() const { return block_.is_active() && !block_.is_complete(); }
  /// Hands the complete block over; has_block() must be true.
  SharedBytes TakeBlock() { return block_.Take(); }
  /// Puts the connection among the ready ones of the next turn (this one, outside OnTurn) though
  /// nothing may have arrived: for a session that left input behind, to be fair or because the
  /// client was blocked.
  void MarkReady();
  /// Receives no more until ResumeReading. While paused, a client that hangs up goes unnoticed
  /// unless output is waiting for it.
  void PauseReading();
  /// Pauses reading until no more than `low_bytes` of output are waiting.
  void PauseReadingUntilOutputBelow(size_t low_bytes);
  /// Receives again; the connection is marked ready if input was left behind.
  void ResumeReading();

  // Output.

  /// The bytes to be sent; flushed when the turn ends. Asking for it puts the connection on the
  /// worker's list.
  proto::OutputBuffer& output() {
    if (!is_listed_) ListForFlush();
    return output_;
  }
  /// Bytes waiting to be sent. Does not put the connection on any list.
  size_t output_bytes() const { return output_.size_bytes(); }
  /// Keeps the output back (its log position is not yet durable, say) until ReleaseOutput.
  void HoldOutput() { is_output_held_ = true; }
  void ReleaseOutput();

  // End.

  /// Sends what is in output(), then closes; receives no more. A client that never reads keeps such
  /// a connection open: the session's deadline (OnCron, is_closing_after_flush) must end it by
  /// CloseNow.
  void CloseAfterFlush();
  /// Closes when the turn ends, whatever is still to be sent. May be called at any time, more than
  /// once.
  void CloseNow(CloseReason reason = CloseReason::kRequested);
  /// True from CloseNow on: input() is not to be executed any more.
  bool is_closing() const { return is_closing_; }
  bool is_closing_after_flush() const { return is_closing_after_flush_; }

  // The session's own state.

  void SetState(std::unique_ptr<ConnectionState> state) { state_ = std::move(state); }
  /// The state that was set, as what it is known to be.
  template <typename State>
  State& state() {
    return static_cast<State&>(*state_);
  }
  bool has_state() const { return state_ != nullptr; }
  /// Hands the state over, for one that must outlive its connection; in OnClose.
  std::unique_ptr<ConnectionState> TakeState() { return std::move(state_); }

  // Questions.

  ConnectionId id() const { return id_; }
  Worker& worker() const { return *worker_; }
  int fd() const { return fd_.get(); }
  /// The tag of the listener that accepted it (ListenOptions::tag).
  uint32_t listener_tag() const { return listener_tag_; }
  bool is_unix_socket() const { return is_unix_socket_; }
  /// Its TLS, or null if it speaks in the clear. For questions only.
  const TlsTransport* tls() const { return tls_.get(); }
  /// "ip:port", "[v6]:port", "/path:0" as Redis writes them; "?:0" if the peer is gone. One system
  /// call.
  std::string PeerAddress() const;
  std::string LocalAddress() const;
  /// Times of Worker::now_ms's clock.
  int64_t created_ms() const { return created_ms_; }
  /// When bytes were last received or sent.
  int64_t last_activity_ms() const { return last_activity_ms_; }
  /// Counts as activity though nothing has come or gone yet: the client was made to wait, and its wait is over.
  void NoteActivity();
  /// Since when the first unconsumed request has been incomplete (or waiting); 0 if there is none.
  int64_t partial_since_ms() const { return partial_since_ms_; }
  uint64_t received_bytes() const { return received_bytes_; }
  uint64_t sent_bytes() const { return sent_bytes_; }
  /// Memory this connection holds for input and for a block in arrival.
  size_t input_memory_bytes() const { return input_.owned_bytes() + block_.reserved_bytes(); }
  /// What is here of a block in arrival.
  size_t block_bytes() const { return block_.is_active() ? block_.received_bytes() : 0; }
  bool is_reading_paused() const { return is_reading_paused_; }

 private:
  friend class Worker;

  Connection(Worker& worker, ConnectionId id, UniqueFd fd, uint32_t listener_tag,
             bool is_unix_socket);
  void ListForFlush();

  // Set for life when the connection is made.
  uv_poll_t poll_;
  Worker* const worker_;
  const ConnectionId id_;
  UniqueFd fd_;
  const uint32_t listener_tag_;
  const bool is_unix_socket_;

  // Changed by the session's calls and the worker.
  bool is_closing_ = false;
  bool is_closing_after_flush_ = false;
  bool is_reading_paused_ = false;
  bool resumes_by_itself_ = false;
  bool is_output_held_ = false;
  bool is_known_ = false;      // the delegate has been told of it
  bool has_progress_ = false;  // something was consumed in this turn
  CloseReason close_reason_ = CloseReason::kRequested;

  // The worker's bookkeeping.
  bool is_ready_ = false;         // on the worker's ready list
  bool is_marked_ready_ = false;  // on the list for the next turn
  bool is_listed_ = false;        // on the worker's list of those to flush
  bool is_waiting_for_writable_ = false;
  uint8_t polled_events_ = 0;

  std::unique_ptr<TlsTransport> tls_;  // null: in the clear
  InputBuffer input_;
  BlockReceiver block_;
  proto::OutputBuffer output_;
  size_t resume_output_bytes_ = 0;  // resume reading at this much output, if resumes_by_itself_
  std::unique_ptr<ConnectionState> state_;
  int64_t created_ms_;
  int64_t last_activity_ms_;
  int64_t partial_since_ms_ = 0;
  uint64_t received_bytes_ = 0;
  uint64_t sent_bytes_ = 0;
};

}  // namespace ringtail::net
