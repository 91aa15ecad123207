// Owns one file descriptor and closes it.
//
//   UniqueFd socket(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK));
//   if (!socket.is_open()) return;
//
// Thread rule: a value like any other; move it, do not share it.
#pragma once

#include <unistd.h>

#include <utility>

namespace ringtail::net {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  /// Hands the descriptor over; the caller closes it from now on.
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace ringtail::net
