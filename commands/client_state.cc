#include "commands/client_state.h"

#include "commands/pubsub_service.h"
#include "commands/transaction.h"
#include "commands/waiter.h"

namespace ringtail::commands {

ClientState::ClientState() = default;
ClientState::~ClientState() = default;

}  // namespace ringtail::commands
