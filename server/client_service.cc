#include "server/client_service.h"

#include <algorithm>

#include "commands/executor.h"
#include "commands/pubsub_service.h"
#include "commands/registry.h"
#include "commands/tracking_state.h"
#include "commands/transaction.h"
#include "server/server.h"

namespace ringtail::server {
namespace {

std::string Flags(const commands::ClientState& client, const net::Connection& connection) {
  std::string flags;
  if (client.is_monitor) flags += 'O';
  if (client.subscription_count != 0) flags += 'P';
  const commands::Transaction* transaction = client.transaction.get();
  if (transaction != nullptr && transaction->is_open) flags += 'x';
  if (client.waiter != nullptr) flags += 'b';
  if (const commands::TrackingState* tracking = client.tracking.get()) {
    flags += 't';
    if (tracking->is_redirect_broken) flags += 'R';
    if (tracking->is_broadcast) flags += 'B';
  }
  if (transaction != nullptr && transaction->is_dirty()) flags += 'd';
  if (client.is_closing) flags += 'c';
  if (connection.is_unix_socket()) flags += 'U';
  if (client.is_no_evict) flags += 'e';
  if (client.is_no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

}  // namespace

std::string ClientDirectory::Line(const Session& session) const {
  const commands::ClientState& client = session.client;
  const int64_t now_ms = server_.clock().WallMs();
  const auto number = [](uint64_t value) { return std::to_string(value); };
  const uint64_t output_bytes = session.published.output_bytes.load(std::memory_order_relaxed);
  std::string line = "id=" + number(client.id);
  line += " addr=" + session.address + " laddr=" + session.local_address;
  line += " fd=" + std::to_string(session.connection().fd());
  line += " name=" + client.name;
  line += " age=" + std::to_string((now_ms - client.created_ms) / 1000);
  line += " idle=" + std::to_string((now_ms - client.last_command_ms) / 1000);
  line += " flags=" + Flags(client, session.connection());
  line += " db=" + std::to_string(client.db);
  const commands::Transaction* transaction = client.transaction.get();
  const bool is_in_transaction = transaction != nullptr && transaction->is_open;
  const auto subscriptions = [&](commands::ChannelKind kind) {
    return number(client.subscriptions == nullptr ? 0 : client.subscriptions->count(kind));
  };
  line += " sub=" + subscriptions(commands::ChannelKind::kChannel);
  line += " psub=" + subscriptions(commands::ChannelKind::kPattern);
  line += " ssub=" + subscriptions(commands::ChannelKind::kShard) + " multi=";
  line += is_in_transaction ? number(transaction->queue().size()) : "-1";
  line += " qbuf=";
  line += number(session.published.input_bytes.load(std::memory_order_relaxed));
  line += " qbuf-free=0 argv-mem=0 multi-mem=";
  line += number(transaction != nullptr ? transaction->footprint_bytes() : 0) + " rbs=0 rbp=0";
  line += " obl=" + number(output_bytes) + " oll=0 omem=" + number(output_bytes);
  line += " tot-mem=" + number(session.published.memory_bytes.load(std::memory_order_relaxed));
  line += output_bytes == 0 ? " events=r" : " events=rw";
  line += " cmd=" + (client.last_command == nullptr ? "NULL" : *client.last_command);
  line += " user=" + client.user + " redir=";
  line += client.tracking == nullptr ? "-1" : number(client.tracking->redirect_id);
  line += " resp=";
  line += client.resp == proto::RespVersion::kResp3 ? "3" : "2";
  line += " lib-name=" + client.library_name + " lib-ver=" + client.library_version + "\n";
  return line;
}

bool ClientDirectory::Matches(const Session& session,
                              const commands::ClientFilter& filter) const {
  const commands::ClientState& client = session.client;
  if (client.is_closing || session.published.is_gone.load(std::memory_order_relaxed)) return false;
  if (filter.except_id == client.id) return false;
  if (!filter.ids.empty() &&
      std::find(filter.ids.begin(), filter.ids.end(), client.id) == filter.ids.end()) {
    return false;
  }
  // Masters and replicas are connections of kinds that do not exist yet.
  const std::string_view type = client.subscription_count == 0 ? "normal" : "pubsub";
  if (filter.type && !commands::EqualsIgnoreCase(*filter.type, type)) return false;
  if (filter.address && *filter.address != session.address) return false;
  if (filter.local_address && *filter.local_address != session.local_address) return false;
  if (filter.user && *filter.user != client.user) return false;
  if (filter.age_seconds_min &&
      (server_.clock().WallMs() - client.created_ms) / 1000 < *filter.age_seconds_min) {
    return false;
  }
  return true;
}

std::string ClientDirectory::List(const commands::ClientFilter& filter) {
  std::string lines;
  server_.clients().ForEach([&](const Session& session) {
    if (Matches(session, filter)) lines += Line(session);
  });
  return lines;
}

std::string ClientDirectory::Describe(uint64_t id) {
  std::string line;
  server_.clients().VisitOne(id, [&](const Session& session) { line = Line(session); });
  return line;
}

// A client of another worker is marked now, while all workers stand still, so that it executes nothing more
// and is listed no more; its own worker closes it.
size_t ClientDirectory::Kill(const commands::ClientFilter& filter, uint64_t self_id,
                             bool* is_self_killed) {
  size_t count = 0;
  server_.clients().ForEach([&](Session& session) {
    if (!Matches(session, filter)) return;
    ++count;
    if (session.client.id == self_id) {
      *is_self_killed = true;
      return;
    }
    session.client.is_closing = true;
    if (session.client.waiter != nullptr) {
      commands::Executor::CancelWait(server_.engine(), *session.client.waiter,
                                     /*is_exclusive=*/true);
    }
    server_.network().PostTo(session.connection().id(),
                             [](net::Connection& connection) { connection.CloseNow(); });
  });
  return count;
}

void ClientDirectory::Replace(const std::shared_ptr<const commands::AclUser>& user) {
  server_.clients().ForEach([&](Session& session) {
    if (session.client.user == user->name) AclStore::Become(session.client, user);
  });
}

bool ClientDirectory::Close(std::string_view user_name, uint64_t self_id) {
  commands::ClientFilter filter;
  filter.user = user_name;
  bool is_self = false;
  Kill(filter, self_id, &is_self);
  return is_self;
}

// A subscription outlives no right to it.
void ClientDirectory::CloseSubscribers(const commands::AclUser& user) {
  using commands::ChannelKind;
  const auto is_allowed = [&](const commands::ClientState& client, ChannelKind kind) {
    const auto name_kind = kind == ChannelKind::kPattern ? commands::ChannelName::kPattern
                                                         : commands::ChannelName::kChannel;
    return std::ranges::all_of(
        server_.pubsub().NamesOf(client, kind),
        [&](const std::string& name) { return commands::MayUseChannel(user, name, name_kind); });
  };
  server_.clients().ForEach([&](Session& session) {
    const commands::ClientState& client = session.client;
    if (client.user != user.name || client.is_closing || client.subscription_count == 0) return;
    if (is_allowed(client, ChannelKind::kChannel) && is_allowed(client, ChannelKind::kPattern) &&
        is_allowed(client, ChannelKind::kShard)) {
      return;
    }
    session.client.is_closing = true;
    server_.network().PostTo(session.connection().id(),
                             [](net::Connection& connection) { connection.CloseNow(); });
  });
}

void ClientDirectory::Pause(int64_t until_ms, commands::PauseKind kind) {
  const bool is_active = paused() != Paused::kNothing;
  const bool was_all = is_active && is_all_paused_.load();
  is_all_paused_.store(kind == commands::PauseKind::kAll || was_all);
  paused_until_ms_.store(is_active ? std::max(paused_until_ms_.load(), until_ms) : until_ms);
}

void ClientDirectory::Unpause() {
  paused_until_ms_.store(0);
  is_all_paused_.store(false);
  server_.network().PostToAll([](net::Worker& worker) {
    static_cast<SessionWorker&>(worker.delegate()).ResumePaused();
  });
}

ClientDirectory::Paused ClientDirectory::paused() const {
  const int64_t until_ms = paused_until_ms_.load(std::memory_order_relaxed);
  if (until_ms == 0) [[likely]] return Paused::kNothing;
  if (server_.clock().WallMs() >= until_ms) return Paused::kNothing;
  return is_all_paused_.load(std::memory_order_relaxed) ? Paused::kAll : Paused::kWrites;
}

bool ClientDirectory::Unblock(uint64_t id, bool is_error) {
  std::shared_ptr<commands::Waiter> waiter;
  server_.clients().VisitOne(id, [&](Session& session) { waiter = session.client.waiter; });
  if (waiter == nullptr) return false;
  if (!commands::Executor::CancelWait(server_.engine(), *waiter, /*is_exclusive=*/true)) {
    return false;
  }
  Deliver(*waiter, is_error ? "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"
                            : std::string(commands::NothingReply(*waiter)));
  return true;
}

void ClientDirectory::Deliver(const commands::Waiter& waiter, std::string reply) {
  server_.clients().VisitOne(waiter.client.id, [&](Session& session) {
    server_.network().PostTo(
        session.connection().id(), [ticket = waiter.ticket, command_index = waiter.command->index,
                                    reply = std::move(reply)](net::Connection& connection) {
          auto& worker = static_cast<SessionWorker&>(connection.worker().delegate());
          if (reply.starts_with('-')) worker.CountFailedCall(command_index, reply);
          worker.EndWait(connection.state<Session>(), ticket, reply);
        });
  });
}

void ClientDirectory::Monitor(uint64_t id) {
  server_.clients().ForEach([&](Session& session) {
    if (session.client.id != id || session.client.is_monitor) return;
    session.client.is_monitor = true;
    server_.CountMonitors(1);
    static_cast<SessionWorker&>(session.connection().worker().delegate()).AddMonitor(session);
  });
}

void ClientDirectory::Unmonitor(uint64_t id) {
  server_.clients().ForEach([&](Session& session) {
    if (session.client.id != id || !session.client.is_monitor) return;
    session.client.is_monitor = false;
    server_.CountMonitors(-1);
    static_cast<SessionWorker&>(session.connection().worker().delegate()).RemoveMonitor(session);
  });
}

}  // namespace ringtail::server
