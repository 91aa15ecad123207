// A client that a command put to sleep until a key is written to, with all it takes to execute the command anew.
//
// Made by CommandContext::WaitFor, registered with the engine for each key it waits for, and shared by its session. Ends
// its wait in one of three ways: served by whichever worker made a key ready, timed out by its own worker, or
// cancelled (its connection closed, CLIENT UNBLOCK). Whoever ends it holds the locks of all its keys, so there is one.
//
// Thread rule: under the locks of its `lock_keys`; what is const, from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "commands/client_state.h"
#include "commands/registry.h"
#include "commands/wait.h"
#include "engine/engine.h"

namespace ringtail::commands {

struct Waiter final : engine::Waiter {
  bool is_waiting = true;
  /// Its client has gone while no key may be touched, so its wait is ended later; it is served nothing more.
  std::atomic<bool> is_abandoned{false};
  const CommandTable::Entry* command = nullptr;
  std::vector<std::string> words;             ///< what `args` and the keys point into
  std::vector<std::string_view> args;
  std::vector<storage::Key> lock_keys;        ///< all keys of the command
  std::vector<storage::Key> keys;             ///< those it waits for
  storage::ValueType type = storage::ValueType::kList;
  WaitSpec::Nothing nothing = WaitSpec::Nothing::kNullArray;
  int64_t timeout_ms = 0;                     ///< from when it began to wait; 0: for ever
  ClientState client;                         ///< what the handler may see of the client

  /// Ends the wait: no key knows it any more.
  void Leave(engine::Engine& engine) {
    is_waiting = false;
    for (const storage::Key& key : keys) engine.RemoveWaiter(client.db, key, *this);
  }
};

/// What a client is answered that waited in vain, in its protocol.
inline std::string_view NothingReply(const Waiter& waiter) {
  return NothingReply(waiter.nothing, waiter.client.resp);
}

/// Brings replies to clients that waited; server/ implements it.
class WaitService {
 public:
  virtual ~WaitService() = default;
  /// Sends the reply to the waiter's client and lets it go on. Called with locks held: be short.
  virtual void Deliver(const Waiter& waiter, std::string reply) = 0;
};

}  // namespace ringtail::commands
