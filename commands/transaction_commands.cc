// Transactions: MULTI, EXEC, DISCARD, WATCH, UNWATCH. What EXEC does is the executor's (executor_transaction.cc).
#include "commands/context.h"
#include "commands/transaction.h"

namespace ringtail::commands {
namespace {

Transaction& TransactionOf(ClientState& client) {
  if (client.transaction == nullptr) client.transaction = std::make_unique<Transaction>();
  return *client.transaction;
}

bool IsInTransaction(const ClientState& client) {
  return client.transaction != nullptr && client.transaction->is_open;
}

// Ends a transaction, or the watching before one.
void Drop(CommandContext& ctx) {
  ClientState& client = ctx.client();
  if (client.transaction == nullptr) return;
  client.transaction->Unwatch(ctx.engine(), ctx.is_exclusive());
  client.transaction.reset();
}

void Multi(CommandContext& ctx, Args) {
  if (IsInTransaction(ctx.client())) return ctx.reply().Error(errors::kNestedMulti);
  TransactionOf(ctx.client()).is_open = true;
  ctx.reply().Ok();
}

void Exec(CommandContext& ctx, Args) { ctx.reply().Error(errors::kExecWithoutMulti); }

void Discard(CommandContext& ctx, Args) {
  if (!IsInTransaction(ctx.client())) return ctx.reply().Error(errors::kDiscardWithoutMulti);
  Drop(ctx);
  ctx.reply().Ok();
}

void Watch(CommandContext& ctx, Args args) {
  if (IsInTransaction(ctx.client())) return ctx.reply().Error(errors::kWatchInMulti);
  Transaction& transaction = TransactionOf(ctx.client());
  for (const std::string_view name : args.subspan(1)) ctx.Watch(transaction, name);
  ctx.reply().Ok();
}

// Between MULTI and EXEC it is queued, and what it would end is over when it is executed.
void Unwatch(CommandContext& ctx, Args) {
  Drop(ctx);
  ctx.reply().Ok();
}

constexpr uint32_t kFlags = kNoScript | kLoading | kStale;

constexpr CommandSpec kCommands[] = {
    {.name = "MULTI", .arity = 1, .flags = kFlags | kFast | kAllowBusy | kImmediate,
     .categories = kCatTransaction, .handler = Multi, .group = "transactions", .since = "1.2.0",
     .complexity = "O(1)", .summary = "Begins a transaction: queues what follows."},
    {.name = "EXEC", .arity = 1, .flags = kFlags | kSkipSlowlog | kImmediate | kExecutesQueue,
     .categories = kCatTransaction, .handler = Exec, .group = "transactions", .since = "1.2.0",
     .complexity = "Depends on the commands in the transaction.",
     .summary = "Executes the queued commands as one."},
    {.name = "DISCARD", .arity = 1, .flags = kFlags | kFast | kAllowBusy | kImmediate,
     .categories = kCatTransaction, .handler = Discard, .group = "transactions", .since = "2.0.0",
     .complexity = "O(N), where N is the number of queued commands.",
     .summary = "Gives a transaction up."},
    {.name = "WATCH", .arity = -2, .flags = kFlags | kFast | kAllowBusy | kImmediate,
     .keys = {KeyRange(kKeyRo, 1, -1)}, .categories = kCatTransaction, .handler = Watch,
     .group = "transactions", .since = "2.2.0", .complexity = "O(1) for every key.",
     .summary = "Lets the next EXEC fail if one of the keys changes before it."},
    {.name = "UNWATCH", .arity = 1, .flags = kFlags | kFast | kAllowBusy,
     .categories = kCatTransaction, .handler = Unwatch, .group = "transactions",
     .since = "2.2.0", .complexity = "O(N), where N is the number of watched keys.",
     .summary = "Forgets all watched keys."},
};

}  // namespace

std::span<const CommandSpec> TransactionCommands() { return kCommands; }

}  // namespace ringtail::commands
