// Turns signals into calls on a worker's thread, where anything may be done.
//
//   SignalWatcher watcher(worker, {SIGTERM, SIGINT}, [&](int) { network.RequestStop(); });
//
// Takes the signals only as long as it lives: a process that blocks them in every other thread is never without
// somebody to take them, nor killed by one that comes when the watcher has gone.
//
// Thread rule: everything on the worker's thread.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <vector>

#include "net/worker.h"

namespace ringtail::net {

class SignalWatcher {
 public:
  SignalWatcher(Worker& worker, const std::vector<int>& signals,
                std::function<void(int)> on_signal);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  struct Handle;

  void Mask(int how) const;

  Worker& worker_;
  const std::vector<int> signals_;
  const std::function<void(int)> on_signal_;
  std::vector<Handle*> handles_;  // each frees itself when the loop has closed it
};

}  // namespace ringtail::net
