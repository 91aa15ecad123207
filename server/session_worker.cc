#include "server/session_worker.h"

#include <algorithm>
#include <utility>

#include "commands/tracking_state.h"
#include "commands/transaction.h"
#include "commands/waiter.h"
#include "proto/reply_writer.h"
#include "server/logging.h"
#include "server/server.h"

namespace ringtail::server {
namespace {

// Where a batch is cut: about as many keys as fit into the first-level cache with their buckets and entries.
constexpr size_t kBatchKeysMax = 128;
constexpr size_t kBatchItemsMax = 256;
// How many requests ahead of its turn a lock is fetched from the worker that held it last.
constexpr size_t kLockPrefetchDistance = 4;
// With fewer requests there is nothing to do while memory answers.
constexpr size_t kMemberPrefetchItemsMin = 4;
// One slice of expiry and table moves between two turns, and the pause until the next if there is more. A slice
// can end in a page fault that clears a huge page, 0.4 to 0.8 ms, and a worker is to be held for 1 ms at most.
constexpr int64_t kBackgroundSliceNs = 300'000;
constexpr int64_t kBackgroundPauseMs = 1;
// Between two slices of a script that is past its time.
constexpr int64_t kScriptPauseMs = 1;
// When to look again whether keys may be touched.
constexpr int64_t kShutOutPauseMs = 50;
// A client that lets this much wait for it is not read from until it has taken half of it.
constexpr size_t kOutputPauseBytes = size_t{256} * 1024 * 1024;
// CLIENT LIST shows output from here on at once, and less of it within a tenth of a second.
constexpr size_t kOutputShownBytesMin = size_t{64} * 1024;
// Keys that one slice forgets while clients have read more of them than may be remembered.
constexpr int kForgottenKeysMax = 500;
// Connections looked at for timeouts in one tick of the cron.
constexpr uint32_t kCronConnections = 2000;

bool IsLoopback(const std::string& address) {
  return address.starts_with("127.") || address.starts_with("[::1]") || address.starts_with("/");
}

}  // namespace

SessionWorker::SessionWorker(Server& server, uint32_t index)
    : server_(server),
      index_(index),
      engine_worker_(server.engine().worker(index)),
      has_published_(server.pubsub().has_pending(index)),
      stats_(commands::CommandTable::Standard().entries().size()),
      executor_({.engine = server.engine(),
                 .worker = engine_worker_,
                 .table = commands::CommandTable::Standard(),
                 .services = server.services(),
                 .settings = server.execution_settings(),
                 .observer = *this,
                 .stats = stats_,
                 .cycles = server.cycles(),
                 .args = args_,
                 .names = server.command_names()}) {
  RefreshLimits();
}

SessionWorker::~SessionWorker() = default;

void SessionWorker::OnStart(net::Worker& worker) {
  worker_ = &worker;
  crash_stack_ = std::make_unique<CrashStack>();
}

void SessionWorker::OnStop() {
  running_ = script_session_;
  executor_.AbortScript();
  script_session_ = nullptr;
  closed_script_session_.reset();
  crash_stack_.reset();
}

void SessionWorker::RefreshLimits() {
  const uint64_t version = server_.limits_version();
  if (version == limits_version_) [[likely]] return;
  limits_ = server_.session_limits();
  limits_version_ = version;
}

// ---- Connections

void SessionWorker::OnAccept(net::Connection& connection) {
  auto owned = std::make_unique<Session>(connection, server_.clients().NextId());
  Session& session = *owned;
  session.address = connection.PeerAddress();
  session.local_address = connection.LocalAddress();
  session.client.is_local = IsLoopback(session.address);
  session.client.created_ms = server_.clock().WallMs();
  session.client.last_command_ms = session.client.created_ms;
  connection.SetState(std::move(owned));
  // Users may be changed at this moment, for every client that is known.
  server_.clients().Add(session, [&] {
    server_.acl().Greet(session.client);
    server_.AuthenticateByCertificate(connection, session.client);
  });
  const std::string_view refusal = server_.RefusalOf(session);
  if (!refusal.empty()) {
    connection.output().Append(refusal);
    connection.CloseAfterFlush();
    session.client.is_closing = true;
    return;
  }
}

void SessionWorker::OnHandshakeFailed(net::Connection& connection, std::string_view why) {
  server_.OnHandshakeFailed(connection, why);
}

void SessionWorker::OnClose(net::Connection& connection, net::CloseReason) {
  if (!connection.has_state()) return;
  std::erase(monitors_, connection.id());
  Session& session = connection.state<Session>();
  commands::ClientState& client = session.client;
  if (client.is_monitor) server_.CountMonitors(-1);
  if (std::erase(paused_, connection.id()) != 0) server_.CountBlocked(-1);
  if (client.waiter != nullptr || client.transaction != nullptr || client.tracking != nullptr ||
      client.subscriptions != nullptr) {
    if (client.waiter != nullptr) {
      server_.CountBlocked(-1);
      worker_->CancelTimer(session.wait_timer);
    }
    if (!server_.engine().BeginBatch(engine_worker_)) {
      executor_.ForgetLater(std::move(client.waiter), std::move(client.transaction));
    } else {
      if (client.waiter != nullptr) {
        commands::Executor::CancelWait(server_.engine(), *client.waiter, /*is_exclusive=*/false);
      }
      if (client.transaction != nullptr) {
        client.transaction->Unwatch(server_.engine(), /*is_locked=*/false);
      }
    }
    if (client.tracking != nullptr) {
      server_.engine().RetireTracker(client.tracking->tracker);
      client.tracking.reset();  // a script of this client may still be running
    }
    server_.pubsub().UnsubscribeAll(client);
    server_.engine().EndBatch(engine_worker_);
  }
  server_.clients().Remove(session);
  if (script_session_ == &session) closed_script_session_ = connection.TakeState();
}

// ---- A turn

void SessionWorker::OnTurn(std::span<net::Connection* const> ready) {
  RefreshLimits();
  server_.engine().BeginBatch(engine_worker_);
  executor_.BeginBatch();
  for (net::Connection* connection : ready) ReadRequests(connection->state<Session>());
  RunBatch();
  server_.invalidations().EndTurn(engine_worker_);
  server_.engine().EndBatch(engine_worker_);
  for (net::Connection* connection : ready) AfterBatch(connection->state<Session>());
  args_.Clear();
}

void SessionWorker::ReadRequests(Session& session) {
  net::Connection& connection = session.connection();
  if (connection.is_closing() || session.client.is_closing) return;
  if (session.client.waiter != nullptr || IsHeldBack(session, nullptr)) return;
  session.published.input_bytes.store(connection.input().size(), std::memory_order_relaxed);
  if (connection.has_block()) {
    SharedBytes block = connection.TakeBlock();
    session.block_bytes += block.size();
    session.parser.SupplyLargeBulk(std::move(block));
  }
  size_t parsed = 0;      // of input(), by requests that are in the batch and not yet consumed
  for (;;) {
    proto::ParserLimits& limits = limits_.parser;
    limits.is_authenticated = session.client.is_authenticated;
    const uint32_t first_arg = args_.count();
    const std::string_view input = connection.input().substr(parsed);
    const proto::ParseStep step = session.parser.Next(input, limits, args_);
    parsed += step.consumed;
    if (step.outcome == proto::ParseOutcome::kNeedMore) {
      if (step.consumed != 0) batch_.push_back({&session, {}, step.consumed, {}});
      if (session.parser.pending_large_bulk().byte_count != 0) ReadLargeBulk(session);
      return;
    }
    Item item{&session, {}, step.consumed, step.error};
    if (step.outcome == proto::ParseOutcome::kRequest) {
      const uint64_t request_bytes = step.consumed + session.block_bytes;
      if (IsTooMuch(session, request_bytes)) [[unlikely]] {
        return server_.client_eviction().Evict(connection, session.client.id, request_bytes);
      }
      item.request.first_arg = first_arg;
      item.request.arg_count = args_.count() - first_arg;
      item.request.byte_count = step.consumed + std::exchange(session.block_bytes, 0);
      executor_.Prepare(item.request, session.client.db);
      if (session.client.tracking != nullptr) [[unlikely]] {
        executor_.PrefetchTrackedBuckets(item.request);
      }
    }
    batch_.push_back(item);
    if (step.outcome == proto::ParseOutcome::kError) return;
    if (executor_.key_count() >= kBatchKeysMax || batch_.size() >= kBatchItemsMax ||
        !session.client.is_authenticated) {
      RunBatch();
      parsed = 0;
      if (connection.is_closing() || session.client.is_closing) return;
      if (session.is_held_back || IsHeldBack(session, nullptr)) return;
    }
  }
}

// The bytes of a large value go straight into a block of their own. Everything before must be done with first,
// since the connection's input changes.
bool SessionWorker::ReadLargeBulk(Session& session) {
  RunBatch();
  if (session.client.is_closing || session.connection().is_closing() || session.is_held_back) {
    return false;
  }
  const proto::LargeBulk bulk = session.parser.pending_large_bulk();
  session.connection().ReadIntoBlock(bulk.offset, bulk.byte_count);
  return true;
}

void SessionWorker::RunBatch() {
  for (const Item& item : batch_) {
    executor_.PrefetchEntries(item.request, item.session->client.db);
    if (item.session->client.tracking != nullptr) [[unlikely]] {
      executor_.PrefetchTrackedKeys(item.request);
    }
  }
  if (batch_.size() >= kMemberPrefetchItemsMin) {
    for (const Item& item : batch_) {
      executor_.PrefetchMemberBucket(item.request, item.session->client.db);
    }
    executor_.PrefetchMembers();
  }
  for (size_t i = 0; i < batch_.size(); ++i) {
    if (i + kLockPrefetchDistance < batch_.size()) {
      executor_.PrefetchLocks(batch_[i + kLockPrefetchDistance].request);
    }
    RunItem(batch_[i]);
  }
  SendPublished();
  batch_.clear();
  args_.Clear();
  executor_.BeginBatch();
}

// Whether CLIENT PAUSE keeps this request (or, before anything is parsed, this client) waiting. Its bytes stay
// in the connection's input and are parsed again when the pause ends; a value that was received into a block
// of its own cannot be, so such a client waits before its block is taken.
bool SessionWorker::IsHeldBack(Session& session, const Item* item) {
  const ClientDirectory::Paused paused = server_.client_directory().paused();
  if (paused == ClientDirectory::Paused::kNothing) [[likely]] return false;
  bool is_held = paused == ClientDirectory::Paused::kAll;
  if (item == nullptr) {
    is_held |= session.connection().has_block();
  } else {
    is_held = is_held || executor_.MayWrite(item->request, session.client);
  }
  if (!is_held) return false;
  if (item != nullptr) session.parser.Reset();
  if (!std::exchange(session.is_held_back, true)) {
    paused_.push_back(session.connection().id());
    server_.CountBlocked(1);
  }
  return true;
}

void SessionWorker::SendPublished() {
  if (has_published_) [[unlikely]] server_.pubsub().SendPending(index_);
}

void SessionWorker::RunItem(const Item& item) {
  Session& session = *item.session;
  net::Connection& connection = session.connection();
  if (connection.is_closing() || session.client.is_closing || session.is_held_back) return;
  if (IsHeldBack(session, &item)) return;
  if (!item.error.empty()) {
    FailProtocol(session, item.error);
    return;
  }
  if (item.request.arg_count != 0) {
    running_ = &session;
    if (item.request.command != nullptr) {
      server_.note(index_).SetCommand(item.request.command->full_name.c_str(), session.client.id);
    }
    // Who leaves a channel gets what was published before.
    if (has_published_) [[unlikely]] {
      constexpr uint32_t kMayLeave = commands::kForSubscribers | commands::kExecutesQueue;
      const auto* command = item.request.command;
      if (command != nullptr && (command->spec->flags & kMayLeave) != 0) SendPublished();
    }
    executor_.Execute(item.request, session.client, connection.output());
    if (session.client.is_closing) connection.CloseAfterFlush();
    if (session.client.waiter != nullptr) [[unlikely]] BeginWait(session);
  }
  connection.ConsumeInput(item.input_bytes);
}

// ---- Waiting in a blocking command

// What came behind the command is parsed again when the wait is over.
void SessionWorker::BeginWait(Session& session) {
  session.is_held_back = true;
  session.parser.Reset();
  server_.CountBlocked(1);
  if (executor_.script_client() == &session.client) {
    script_session_ = &session;
    worker_->StartTimer(kScriptPauseMs, [this] { ResumeScript(); });
    return;
  }
  const int64_t timeout_ms = session.client.waiter->timeout_ms;
  if (timeout_ms == 0) return;
  const net::ConnectionId id = session.connection().id();
  session.wait_timer = worker_->StartTimer(timeout_ms, [this, id] { OnWaitTimeout(id); });
}

// A reply that another worker has sent meanwhile is on its way here.
void SessionWorker::OnWaitTimeout(net::ConnectionId id) {
  net::Connection* connection = worker_->Find(id);
  if (connection == nullptr || connection->is_closing()) return;
  Session& session = connection->state<Session>();
  const std::shared_ptr<commands::Waiter> waiter = session.client.waiter;
  if (waiter == nullptr) return;
  if (!server_.engine().BeginBatch(engine_worker_)) {
    server_.engine().EndBatch(engine_worker_);
    session.wait_timer = worker_->StartTimer(kShutOutPauseMs, [this, id] { OnWaitTimeout(id); });
    return;
  }
  const bool is_in_vain =
      commands::Executor::CancelWait(server_.engine(), *waiter, /*is_exclusive=*/false);
  server_.engine().EndBatch(engine_worker_);
  if (is_in_vain) EndWait(session, waiter->ticket, commands::NothingReply(*waiter));
}

void SessionWorker::EndWait(Session& session, uint64_t ticket, std::string_view reply) {
  const std::shared_ptr<commands::Waiter> waiter = session.client.waiter;
  if (waiter == nullptr || waiter->ticket != ticket) return;
  worker_->CancelTimer(session.wait_timer);
  server_.CountBlocked(-1);
  // Others look at clients while all workers stand still, so a client changes within a batch only.
  server_.engine().BeginBatch(engine_worker_);
  session.client.waiter.reset();
  session.is_held_back = false;
  server_.engine().EndBatch(engine_worker_);
  net::Connection& connection = session.connection();
  if (connection.is_closing()) return;
  connection.NoteActivity();
  if (waiter->client.reply_mode == commands::ReplyMode::kOn) connection.output().Append(reply);
  connection.MarkReady();
}

void SessionWorker::CountFailedCall(size_t command_index, std::string_view reply) {
  stats_.Of(command_index).failed_calls.Add();
  stats_.CountError(reply.substr(1, reply.find_first_of(" \r") - 1));
}

// ---- A script that takes long

// Between two slices of it the loop serves this worker's clients, who are told that the server is busy.
void SessionWorker::ResumeScript() {
  if (script_session_ == nullptr) return;
  running_ = script_session_;
  const auto end = executor_.ResumeScript();
  if (!end) {
    worker_->StartTimer(kScriptPauseMs, [this] { ResumeScript(); });
    return;
  }
  Session& session = *std::exchange(script_session_, nullptr);
  if (closed_script_session_ != nullptr) {
    closed_script_session_.reset();
  } else {
    EndWait(session, end->waiter->ticket, end->reply);
  }
}

// ---- What goes wrong

void SessionWorker::FailProtocol(Session& session, std::string_view error) {
  proto::ReplyWriter reply(session.connection().output(), session.client.resp);
  reply.Error("ERR Protocol error: " + std::string(error));
  stats_.CountError("ERR");
  VLOG(1) << "Protocol error (" << error << ") from client: id=" << session.client.id
          << " addr=" << session.address;
  session.client.is_closing = true;
  session.connection().CloseAfterFlush();
}

void SessionWorker::AfterBatch(Session& session) {
  net::Connection& connection = session.connection();
  if (connection.is_closing()) return;
  EnforceOutputLimit(session);
  const size_t query_bytes = connection.input().size() + connection.input_memory_bytes();
  const uint64_t query_max = session.client.is_authenticated
                                 ? limits_.query_buffer_bytes_max
                                 : limits_.unauthenticated_query_bytes_max;
  if (connection.input_memory_bytes() > query_max) {
    LOG(WARNING) << "Closing client that reached max query buffer length: id=" << session.client.id
                 << " addr=" << session.address << " qbuf=" << query_bytes;
    connection.CloseNow();
  }
  PublishUsage(session);
}

// What others may know of a client's memory. One that alone has more than all may have goes at
// once: ten looks a second are too few for a pipe that is full.
void SessionWorker::PublishUsage(Session& session) {
  net::Connection& connection = session.connection();
  const commands::ClientState& client = session.client;
  size_t bytes = sizeof(Session) + sizeof(net::Connection) + connection.input_memory_bytes() +
                 session.block_bytes + connection.output_bytes();
  if (client.transaction != nullptr) bytes += client.transaction->footprint_bytes();
  if (client.tracking != nullptr) bytes += client.tracking->prefix_bytes;
  if (client.subscriptions != nullptr) {
    bytes += static_cast<const ClientSubscriptions&>(*client.subscriptions).footprint_bytes();
  }
  PublishedUsage& published = session.published;
  published.input_bytes.store(
      connection.input().size() + connection.block_bytes() + session.block_bytes,
      std::memory_order_relaxed);
  published.is_no_evict.store(client.is_no_evict, std::memory_order_relaxed);
  published.memory_bytes.store(bytes, std::memory_order_relaxed);
  if (IsTooMuch(session, bytes)) [[unlikely]] {
    server_.client_eviction().Evict(connection, client.id, bytes);
  }
}

bool SessionWorker::IsTooMuch(const Session& session, uint64_t bytes) const {
  const uint64_t max = limits_.client_memory_bytes_max;
  return max != 0 && bytes > max && !session.client.is_no_evict;
}

void SessionWorker::EnforceOutputLimit(Session& session) {
  net::Connection& connection = session.connection();
  const size_t bytes = connection.output_bytes();
  if (bytes == 0) [[likely]] {
    session.is_over_soft_limit = false;
    return;
  }
  if (!session.client.is_authenticated && bytes > limits_.unauthenticated_output_bytes_max) {
    connection.CloseNow();
    return;
  }
  // Less is gone before anybody looks.
  if (bytes >= kOutputShownBytesMin) {
    session.published.output_bytes.store(bytes, std::memory_order_relaxed);
  }
  if (limits_.client_memory_bytes_max != 0) PublishUsage(session);
  if (connection.is_closing()) return;
  const ClientClass client_class = session.client.subscription_count == 0 ? ClientClass::kNormal
                                                                          : ClientClass::kPubsub;
  const OutputLimit& limit = limits_.output[static_cast<size_t>(client_class)];
  bool is_over = limit.hard_bytes != 0 && bytes > limit.hard_bytes;
  if (limit.soft_bytes != 0 && bytes > limit.soft_bytes) {
    const int64_t now_ms = worker_->now_ms();
    if (!session.is_over_soft_limit) session.over_soft_limit_since_ms = now_ms;
    session.is_over_soft_limit = true;
    is_over |= now_ms - session.over_soft_limit_since_ms > limit.soft_seconds * 1000;
  } else {
    session.is_over_soft_limit = false;
  }
  if (is_over) {
    LOG(WARNING) << "Client id=" << session.client.id << " addr=" << session.address
                 << " closed for overcoming of output buffer limits: omem=" << bytes;
    server_.CountOutputLimitDisconnection();
    connection.CloseNow();
  } else if (bytes > kOutputPauseBytes) {
    connection.PauseReadingUntilOutputBelow(kOutputPauseBytes / 2);
  }
}

// ---- Time

bool SessionWorker::IsHungUpOn(const Session& session, int64_t now_ms) const {
  // Whoever a command or a pause holds back is silent for our own reasons.
  if (session.is_held_back || session.client.subscription_count != 0) return false;
  const net::Connection& connection = session.connection();
  const int64_t idle_ms = now_ms - connection.last_activity_ms();
  if (!session.client.is_authenticated && limits_.unauthenticated_timeout_ms != 0 &&
      now_ms - connection.created_ms() > limits_.unauthenticated_timeout_ms) {
    return true;
  }
  if (limits_.partial_request_timeout_ms != 0 && connection.partial_since_ms() != 0 &&
      now_ms - connection.partial_since_ms() > limits_.partial_request_timeout_ms &&
      idle_ms > limits_.partial_request_timeout_ms) {
    return true;
  }
  return limits_.idle_timeout_ms != 0 && !session.client.is_monitor &&
         idle_ms > limits_.idle_timeout_ms;
}

void SessionWorker::OnCron(int64_t now_ms) {
  RefreshLimits();
  // Timeouts, a slice of the connections at a time.
  const uint32_t slots = worker_->slot_count();
  for (uint32_t n = 0; n < std::min(slots, kCronConnections); ++n) {
    cron_slot_ = cron_slot_ + 1 < slots ? cron_slot_ + 1 : 0;
    net::Connection* connection = worker_->ConnectionAt(cron_slot_);
    if (connection == nullptr || connection->is_closing() || !connection->has_state()) continue;
    Session& session = connection->state<Session>();
    PublishUsage(session);
    session.published.output_bytes.store(connection->output_bytes(), std::memory_order_relaxed);
    if (IsHungUpOn(session, now_ms)) {
      VLOG(1) << "Closing idle client: id=" << session.client.id << " addr=" << session.address;
      connection->CloseNow();
    } else if (session.is_over_soft_limit) {
      EnforceOutputLimit(session);
    }
  }
  if (server_.client_directory().paused() == ClientDirectory::Paused::kNothing) ResumePaused();
  if (!is_background_armed_) RunBackground();
  if (index_ == 0) server_.OnCron();
}

// What may touch keys. Returns whether there is more to do right away.
bool SessionWorker::RunSlice() {
  engine::Engine& engine = server_.engine();
  bool has_more = engine.RunBackground(engine_worker_, kBackgroundSliceNs);
  if (engine.memory_bytes_max() != 0) engine.MakeRoom(engine_worker_, 0);
  executor_.ServeWaiters();
  if (engine.tracking().is_over_limit()) {
    engine.LimitTracking(engine_worker_, kForgottenKeysMax);
    has_more |= engine.tracking().is_over_limit();
  }
  if (index_ == 0 && engine.tracking().has_dead_prefixes()) {
    const engine::Engine::Exclusive alone(engine, engine_worker_);
    if (alone) engine.DropDeadPrefixes();
  }
  SendPublished();
  server_.invalidations().EndTurn(engine_worker_);
  return has_more;
}

// Expiry and table moves, in slices between which clients are served.
void SessionWorker::RunBackground() {
  engine::Engine& engine = server_.engine();
  bool has_more = false;
  if (engine.BeginBatch(engine_worker_)) has_more = RunSlice();
  engine.EndBatch(engine_worker_);
  memory::FoldThreadCount();
  is_background_armed_ = has_more;
  if (has_more) worker_->StartTimer(kBackgroundPauseMs, [this] { RunBackground(); });
}

void SessionWorker::ResumePaused() {
  std::vector<net::ConnectionId> resumed;
  resumed.swap(paused_);
  server_.CountBlocked(-static_cast<int>(resumed.size()));
  for (const net::ConnectionId id : resumed) {
    net::Connection* connection = worker_->Find(id);
    if (connection == nullptr || connection->is_closing()) continue;
    Session& session = connection->state<Session>();
    session.is_held_back = session.client.waiter != nullptr;
    if (!session.is_held_back) connection->MarkReady();
  }
}

// ---- Watching

void SessionWorker::AddMonitor(Session& session) { monitors_.push_back(session.connection().id()); }

void SessionWorker::RemoveMonitor(Session& session) {
  std::erase(monitors_, session.connection().id());
}

void SessionWorker::DeliverToMonitors(const std::string& line) {
  for (const net::ConnectionId id : monitors_) {
    net::Connection* connection = worker_->Find(id);
    if (connection == nullptr || connection->is_closing()) continue;
    connection->output().Append(line);
    EnforceOutputLimit(connection->state<Session>());
  }
}

void SessionWorker::OnMonitored(const commands::ClientState& client,
                                const commands::CommandTable::Entry& command, commands::Args args,
                                int64_t) {
  server_.OnMonitored(*running_, client, command, args);
}

void SessionWorker::OnExceeded(const commands::ClientState&,
                               const commands::CommandTable::Entry& command, commands::Args args,
                               uint64_t duration_ns, uint64_t request_bytes, uint64_t reply_bytes) {
  server_.OnExceeded(*running_, command, args, duration_ns, request_bytes, reply_bytes);
}

}  // namespace ringtail::server
