// What commands about the server itself may ask of it: one narrow interface to a subsystem.
//
//   ctx.services().config().Get(patterns)
//
// server/ implements them; tests and fuzzers pass their own. A service that is null is not part of this
// process. Thread rule: every function may be called by any worker at any time.
#pragma once

#include <cstdint>

namespace ringtail::commands {

/// Sizes that handlers need; changed by CONFIG SET, so read afresh by each command.
struct Limits {
  int64_t bulk_bytes_max = 512LL * 1024 * 1024;
};

class Services {
 public:
  virtual ~Services() = default;
  virtual const Limits& limits() const = 0;
};

}  // namespace ringtail::commands
