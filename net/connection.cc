#include "net/connection.h"

#include <algorithm>

#include "net/address.h"
#include "net/worker.h"

namespace ringtail::net {

Connection::Connection(Worker& worker, ConnectionId id, UniqueFd fd, uint32_t listener_tag,
                       bool is_unix_socket)
    : worker_(&worker),
      id_(id),
      fd_(std::move(fd)),
      listener_tag_(listener_tag),
      is_unix_socket_(is_unix_socket),
      output_(worker.chunk_pool()),
      created_ms_(worker.now_ms()),
      last_activity_ms_(created_ms_) {}

Connection::~Connection() = default;

void Connection::ReadIntoBlock(size_t offset, size_t byte_count) {
  const std::string_view arrived = input().substr(offset, byte_count);
  block_.Begin(arrived, byte_count);
  input_.CutOut(offset, arrived.size());
  if (block_.is_complete()) MarkReady();
}

void Connection::NoteActivity() { last_activity_ms_ = worker_->now_ms(); }

void Connection::MarkReady() {
  if (is_marked_ready_ || is_closing_) return;
  is_marked_ready_ = true;
  worker_->marked_ready_.push_back(this);
}

void Connection::PauseReading() {
  is_reading_paused_ = true;
  resumes_by_itself_ = false;
  worker_->UpdateInterest(*this);
}

void Connection::PauseReadingUntilOutputBelow(size_t low_bytes) {
  PauseReading();
  resumes_by_itself_ = true;
  resume_output_bytes_ = low_bytes;
  // The flush decides; also when so little is waiting that it can go on at once.
  if (!is_listed_) ListForFlush();
}

void Connection::ResumeReading() {
  if (!is_reading_paused_) return;
  is_reading_paused_ = false;
  resumes_by_itself_ = false;
  worker_->UpdateInterest(*this);
  if (!input_.empty() || has_block()) MarkReady();
}

void Connection::ReleaseOutput() {
  is_output_held_ = false;
  if (!is_listed_) ListForFlush();
}

void Connection::CloseAfterFlush() {
  is_closing_after_flush_ = true;
  worker_->UpdateInterest(*this);
  if (!is_listed_) ListForFlush();
}

void Connection::CloseNow(CloseReason reason) {
  if (is_closing_) return;
  is_closing_ = true;
  close_reason_ = reason;
  worker_->closing_.push_back(this);
}

void Connection::ListForFlush() {
  if (is_closing_) return;
  is_listed_ = true;
  if (is_ready_) {
    worker_->listed_.push_back(this);
  } else {
    worker_->receivers_.push_back(id_);
  }
}

std::string Connection::PeerAddress() const { return PeerAddressOf(fd_.get()); }
std::string Connection::LocalAddress() const { return LocalAddressOf(fd_.get()); }

}  // namespace ringtail::net
