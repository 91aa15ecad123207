// Executor: what clients with tracking on have read, and whom to tell.
#include "commands/executor.h"
#include "commands/tracking_service.h"
#include "commands/tracking_state.h"
#include "commands/transaction.h"

namespace ringtail::commands {
namespace {

// Keys forgotten by one command while more are remembered than may be; Redis begins with as many.
constexpr int kForgottenMax = 100;

}  // namespace

// A script's own KEYS are none that were read; what its commands read counts for its caller,
// command by command.
void Executor::RememberReads(const Call& call, const ClientState& client) {
  const CommandSpec& spec = *call.command.spec;
  if ((spec.flags & kRead) == 0 || (spec.flags & kPubsub) != 0) return;
  if ((spec.categories & kCatScripting) != 0 || !client.tracking->remembers_reads()) return;
  for (const Key& key : call.keys) parts_.engine.Remember(key, client.tracking->tracker);
}

// CLIENT CACHING is for the one command, or transaction, behind it.
void Executor::AfterTracked(const Request& request, ClientState& client) {
  if (TrackingState* state = client.tracking.get(); state != nullptr && state->is_caching_given) {
    const bool is_of_client = request.command != nullptr && request.container != nullptr &&
                              request.container->spec->name == "CLIENT";
    const bool is_queueing = client.transaction != nullptr && client.transaction->is_open;
    if (!is_of_client && !is_queueing) state->is_caching_given = false;
  }
  if (parts_.engine.tracking().is_over_limit()) {
    parts_.engine.LimitTracking(parts_.worker, kForgottenMax);
  }
  SendInvalidations();
}

void Executor::SendInvalidations() {
  if (!parts_.worker.invalidations.has_items()) return;
  if (TrackingService* service = parts_.services.tracking) service->Send(parts_.worker);
}

void Executor::PrefetchTrackedBuckets(const Request& request) const {
  for (uint32_t k = 0; k < request.key_count; ++k) {
    parts_.engine.PrefetchTrackedBucket(keys_[request.first_key + k]);
  }
}

void Executor::PrefetchTrackedKeys(const Request& request) const {
  for (uint32_t k = 0; k < request.key_count; ++k) {
    parts_.engine.PrefetchTrackedKey(keys_[request.first_key + k]);
  }
}

}  // namespace ringtail::commands
