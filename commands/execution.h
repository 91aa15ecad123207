// What an executor and the contexts of its commands share while a command, or a transaction of several, is executed.
//
// Thread rule: belongs to one worker.
#pragma once

#include <vector>

#include "engine/commit_log.h"

namespace ringtail::commands {

struct Waiter;

struct Execution {
  bool is_exclusive = false;                  ///< all other workers stand still
  bool is_in_transaction = false;             ///< effects are gathered, nobody may wait
  const Waiter* retried = nullptr;            ///< whose command is executed anew
  std::vector<engine::LoggedCommand> effects; ///< of the transaction so far
};

}  // namespace ringtail::commands
