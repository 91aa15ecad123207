#include "net/acceptor.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ringtail::net {
namespace {

// As many as Redis takes at once; clients that are already connected have to wait meanwhile.
constexpr int kAcceptsPerWakeMax = 1000;
// Descriptors come back as clients leave; asking ten times a second is soon enough.
constexpr int64_t kRestMs = 100;

}  // namespace

struct Acceptor::Listener {
  uv_poll_t poll;
  Acceptor* acceptor;
  ListeningSocket socket;
};

Acceptor::Acceptor(Worker& home, std::vector<Worker*> workers, AcceptHooks hooks)
    : home_(home), workers_(std::move(workers)), hooks_(std::move(hooks)) {}

Acceptor::~Acceptor() = default;

void Acceptor::Add(ListeningSocket socket) {
  auto listener = std::make_unique<Listener>();
  listener->acceptor = this;
  listener->socket = std::move(socket);
  if (uv_poll_init(home_.loop(), &listener->poll, listener->socket.fd.get()) != 0) {
    if (hooks_.on_error) hooks_.on_error("cannot watch " + listener->socket.name);
    return;
  }
  listener->poll.data = listener.get();
  uv_poll_start(&listener->poll, UV_READABLE, OnReadable);
  listeners_.push_back(std::move(listener));
}

void Acceptor::Remove(uint32_t tag) {
  for (auto& listener : listeners_) {
    if (listener->socket.tag == tag) CloseListener(std::move(listener));
  }
  std::erase(listeners_, nullptr);
}

void Acceptor::Close() {
  for (auto& listener : listeners_) CloseListener(std::move(listener));
  listeners_.clear();
  home_.CancelTimer(rest_timer_);
}

void Acceptor::SetSocketOptions(const SocketOptions& options) {
  for (const auto& listener : listeners_) ApplySocketOptions(listener->socket, options);
}

// The handle's memory is libuv's until its callback.
void Acceptor::CloseListener(std::unique_ptr<Listener> listener) {
  Listener* closing = listener.release();
  uv_close(reinterpret_cast<uv_handle_t*>(&closing->poll),
           [](uv_handle_t* handle) { delete static_cast<Listener*>(handle->data); });
  closing->socket.fd = UniqueFd();
}

void Acceptor::OnReadable(uv_poll_t* poll, int, int) {
  auto& listener = *static_cast<Listener*>(poll->data);
  listener.acceptor->AcceptWaiting(listener);
}

void Acceptor::AcceptWaiting(Listener& listener) {
  for (int i = 0; i < kAcceptsPerWakeMax; ++i) {
    UniqueFd socket(
        ::accept4(listener.socket.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.is_open()) {
      is_failing_ = false;
      if (!Refuse(socket, listener)) HandOver(std::move(socket), listener);
      continue;
    }
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) return;
    // The client gave up while it waited; the next one may not have.
    if (error == EINTR || error == ECONNABORTED) continue;
    Rest(error);
    return;
  }
}

bool Acceptor::Refuse(const UniqueFd& socket, const Listener& listener) {
  // A socket without its context lets nobody in, and least of all in the clear.
  if (listener.socket.has_tls && tls_context_ == nullptr) return true;
  if (!hooks_.refusal) return false;
  size_t open_count = 0;
  for (const Worker* worker : workers_) open_count += worker->connection_count();
  const std::string_view text = hooks_.refusal(open_count);
  if (text.empty()) return false;
  // A handshake only to say no would cost what the bound is to save.
  if (listener.socket.has_tls) return true;
  // A fresh socket's buffer is empty, so this either goes out at once or the client is gone.
  static_cast<void>(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  return true;
}

void Acceptor::HandOver(UniqueFd socket, const Listener& listener) {
  Worker& target =
      **std::min_element(workers_.begin(), workers_.end(), [](const Worker* a, const Worker* b) {
        return a->connection_count() < b->connection_count();
      });
  // Counted when sent, so that a burst spreads evenly.
  target.connection_count_.fetch_add(1, std::memory_order_relaxed);
  const uint32_t tag = listener.socket.tag;
  const bool is_unix_socket = listener.socket.is_unix_socket;
  std::shared_ptr<const TlsContext> tls = listener.socket.has_tls ? tls_context_ : nullptr;
  if (&target == &home_) {
    target.AdoptCounted(std::move(socket), tag, is_unix_socket, std::move(tls), "");
    return;
  }
  target.Post([&target, socket = std::move(socket), tag, is_unix_socket,
               tls = std::move(tls)]() mutable {
    target.AdoptCounted(std::move(socket), tag, is_unix_socket, std::move(tls), "");
  });
}

void Acceptor::Rest(int error) {
  // A socket that does not listen for the moment is no failure (Network::SuspendListening).
  if (!is_failing_ && error != EINVAL && hooks_.on_error) hooks_.on_error(std::strerror(error));
  is_failing_ = error != EINVAL;
  for (const auto& listener : listeners_) uv_poll_stop(&listener->poll);
  rest_timer_ = home_.StartTimer(kRestMs, [this] {
    for (const auto& listener : listeners_) {
      uv_poll_start(&listener->poll, UV_READABLE, OnReadable);
    }
  });
}

}  // namespace ringtail::net
