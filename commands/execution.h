// What an executor and the contexts of its commands share while a command, or a transaction of several, is executed.
//
// Thread rule: belongs to one worker.
#pragma once

#include <string>
#include <vector>

#include "engine/commit_log.h"
#include "storage/key_hash.h"

namespace ringtail::commands {

class ScriptRunner;
struct Waiter;

/// A key that was written to and that somebody waits for.
struct ReadyKey {
  int db = 0;
  std::string name;
  storage::KeyHash hash;
};

struct Execution {
  bool is_exclusive = false;                  ///< all other workers stand still
  bool is_in_transaction = false;             ///< effects are gathered, nobody may wait
  bool is_error_counted = false;              ///< the error that is answered stands in the statistics already
  const Waiter* retried = nullptr;            ///< whose command is executed anew
  ScriptRunner* scripts = nullptr;            ///< once the worker has run one
  std::vector<engine::LoggedCommand> effects; ///< of the transaction so far
  std::vector<ReadyKey> ready;                ///< in the order in which they were written to
};

}  // namespace ringtail::commands
