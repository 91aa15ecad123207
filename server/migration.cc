#include "server/migration.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <optional>
#include <string_view>

#include "base/parse_number.h"
#include "commands/errors.h"
#include "net/unique_fd.h"
#include "proto/request_writer.h"

namespace ringtail::server {

namespace errors = commands::errors;

namespace {

using commands::MigratedKey;
using commands::MigrateTarget;

constexpr size_t kChunkBytes = 64 * 1024;
/// A line of an answer; what is longer is none of Redis's.
constexpr size_t kLineBytesMax = 1024;

// A connection on which every step has the same time.
class Line {
 public:
  explicit Line(int64_t step_ms)
      : step_(std::min<int64_t>(step_ms, std::numeric_limits<int>::max())) {}

  bool Connect(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), PortOf(port).c_str(), &hints, &found) != 0) return false;
    BeginStep();
    bool is_connected = false;
    for (const addrinfo* one = found; one != nullptr && !is_connected; one = one->ai_next) {
      is_connected = ConnectTo(*one);
    }
    freeaddrinfo(found);
    return is_connected;
  }

  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      if (!SendChunk(bytes.substr(0, kChunkBytes))) return false;
      bytes.remove_prefix(std::min(bytes.size(), kChunkBytes));
    }
    return true;
  }

  // The next line without its end.
  std::optional<std::string> Receive() {
    BeginStep();
    for (;;) {
      const size_t end = received_.find("\r\n");
      if (end != std::string::npos) {
        std::string line = received_.substr(0, end);
        received_.erase(0, end + 2);
        return line;
      }
      if (received_.size() > kLineBytesMax) return std::nullopt;
      char chunk[4096];
      const ssize_t got = recv(fd_.get(), chunk, sizeof(chunk), 0);
      if (got > 0) {
        received_.append(chunk, static_cast<size_t>(got));
      } else if (got == 0 || !IsToWait() || !Wait(POLLIN)) {
        return std::nullopt;
      }
    }
  }

 private:
  // Redis reads a number from the beginning of the text, or 0.
  static std::string PortOf(const std::string& text) {
    const size_t sign = text.starts_with('-') ? 1 : 0;
    const size_t end = std::min(text.find_first_not_of("0123456789", sign), text.size());
    return end == sign ? "0" : text.substr(0, end);
  }
  static bool IsToWait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

  // A refused connection is noticed by the first write, as in Redis: the error then says so.
  bool ConnectTo(const addrinfo& address) {
    fd_ = net::UniqueFd(socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_.is_open()) return false;
    if (connect(fd_.get(), address.ai_addr, address.ai_addrlen) == 0) return true;
    return errno == EINPROGRESS && Wait(POLLOUT);
  }

  bool SendChunk(std::string_view bytes) {
    BeginStep();
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<size_t>(sent));
      } else if (!IsToWait() || !Wait(POLLOUT)) {
        return false;
      }
    }
    return true;
  }

  void BeginStep() { deadline_ = std::chrono::steady_clock::now() + step_; }
  bool Wait(short events) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadline_ - std::chrono::steady_clock::now());
    pollfd waiting{.fd = fd_.get(), .events = events, .revents = 0};
    return left.count() > 0 && poll(&waiting, 1, static_cast<int>(left.count())) > 0;
  }

  const std::chrono::milliseconds step_;
  std::chrono::steady_clock::time_point deadline_;
  net::UniqueFd fd_;
  std::string received_;
};

std::string RequestsFor(const MigrateTarget& target, std::span<const MigratedKey> keys) {
  std::string requests;
  NumberText digits;
  if (target.password && target.has_user) {
    proto::AppendRequest(requests, {"AUTH", target.user, *target.password});
  } else if (target.password) {
    proto::AppendRequest(requests, {"AUTH", *target.password});
  }
  proto::AppendRequest(requests, {"SELECT", FormatInt64(target.db, digits)});
  for (const MigratedKey& key : keys) {
    const std::string_view ttl = FormatInt64(key.ttl_ms, digits);
    if (target.replaces) {
      proto::AppendRequest(requests, {"RESTORE", key.name, ttl, key.payload, "REPLACE"});
    } else {
      proto::AppendRequest(requests, {"RESTORE", key.name, ttl, key.payload});
    }
  }
  return requests;
}

bool IsRefusal(const std::string& line) { return line.starts_with('-'); }

std::string Refusal(const std::string& line) {
  return std::string(errors::kMigrateRefused) + line.substr(1);
}

// Reads the answers in the order of the requests. A refused AUTH or SELECT taints all keys: they
// may have gone astray.
std::string ReadAnswers(Line& line, const MigrateTarget& target, std::span<MigratedKey> keys) {
  const std::string no_answer(errors::kMigrateReading);
  std::string failure;
  for (int i = target.password ? 0 : 1; i < 2; ++i) {
    const auto answer = line.Receive();
    if (!answer) return no_answer;
    if (IsRefusal(*answer) && failure.empty()) failure = Refusal(*answer);
  }
  const bool are_all_tainted = !failure.empty();
  for (MigratedKey& key : keys) {
    const auto answer = line.Receive();
    if (!answer) return failure.empty() ? no_answer : failure;
    key.is_there = !are_all_tainted && !IsRefusal(*answer);
    if (!key.is_there && failure.empty()) failure = Refusal(*answer);
  }
  return failure;
}

}  // namespace

std::string Migration::Migrate(const MigrateTarget& target, std::span<MigratedKey> keys) {
  Line line(target.timeout_ms);
  if (!line.Connect(target.host, target.port)) return std::string(errors::kMigrateConnecting);
  if (!line.Send(RequestsFor(target, keys))) return std::string(errors::kMigrateWriting);
  return ReadAnswers(line, target, keys);
}

}  // namespace ringtail::server
