#include "net/signal_watcher.h"

#include <csignal>
#include <utility>

namespace ringtail::net {

struct SignalWatcher::Handle {
  uv_signal_t signal;
  SignalWatcher* watcher;
};

SignalWatcher::SignalWatcher(Worker& worker, const std::vector<int>& signals,
                             std::function<void(int)> on_signal)
    : worker_(worker), signals_(signals), on_signal_(std::move(on_signal)) {
  for (const int number : signals) {
    auto* handle = new Handle{.signal = {}, .watcher = this};
    uv_signal_init(worker_.loop(), &handle->signal);
    handle->signal.data = handle;
    uv_signal_start(
        &handle->signal,
        [](uv_signal_t* signal, int arrived) {
          SignalWatcher& watcher = *static_cast<Handle*>(signal->data)->watcher;
          watcher.worker_.Awake();
          watcher.on_signal_(arrived);
        },
        number);
    handles_.push_back(handle);
  }
  Mask(SIG_UNBLOCK);
}

void SignalWatcher::Mask(int how) const {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : signals_) sigaddset(&signals, number);
  pthread_sigmask(how, &signals, nullptr);
}

// Without its handles a signal would do what it does by default.
SignalWatcher::~SignalWatcher() {
  Mask(SIG_BLOCK);
  for (Handle* handle : handles_) {
    uv_close(reinterpret_cast<uv_handle_t*>(&handle->signal),
             [](uv_handle_t* closed) { delete static_cast<Handle*>(closed->data); });
  }
}

}  // namespace ringtail::net
