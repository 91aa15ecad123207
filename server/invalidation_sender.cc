#include "server/invalidation_sender.h"

#include <utility>

#include "commands/tracking_state.h"
#include "server/server.h"

namespace ringtail::server {
namespace {

void AppendBulk(std::string& resp, std::string_view text) {
  resp += '$' + std::to_string(text.size()) + "\r\n";
  resp += text;
  resp += "\r\n";
}

std::string_view NullOf(proto::RespVersion version) {
  return version == proto::RespVersion::kResp3 ? "_\r\n" : "$-1\r\n";
}

SessionWorker& WorkerOf(net::Connection& connection) {
  return static_cast<SessionWorker&>(connection.worker().delegate());
}

/// The changed keys but those that the reader changed last itself; null: none are left.
std::shared_ptr<const std::string> KeysFor(const engine::Invalidations::ChangedKeys& keys,
                                           uint64_t spared_writer_id) {
  size_t count = 0;
  std::string names;
  for (const auto& [name, writer_id] : keys) {
    if (spared_writer_id != 0 && writer_id == spared_writer_id) continue;
    ++count;
    AppendBulk(names, name);
  }
  if (count == 0) return nullptr;
  return std::make_shared<const std::string>('*' + std::to_string(count) + "\r\n" + names);
}

}  // namespace

InvalidationSender::InvalidationSender(Server& server)
    : server_(server), outgoing_(server.engine().worker_count()) {
  for (Outgoing& outgoing : outgoing_) outgoing.parcels.resize(outgoing_.size());
}

std::optional<uint64_t> InvalidationSender::AddressOf(uint64_t client_id) {
  std::optional<uint64_t> address;
  server_.clients().VisitOne(client_id, [&](Session& session) {
    if (!session.client.is_closing) address = session.connection().id().packed();
  });
  return address;
}

// One message for each key, as Redis sends them.
void InvalidationSender::Send(engine::WorkerState& worker) {
  engine::Invalidations& found = worker.invalidations;
  const engine::Tracking& tracking = server_.engine().tracking();
  Keys keys;
  size_t made_from = SIZE_MAX;  // offset of the name that `keys` was made from
  for (const auto& item : found.items()) {
    if (item.reader == engine::Invalidations::kEverybody) {
      tracking.ForEach([&](const engine::Tracker& tracker) { SendTo(worker.index, tracker, nullptr); });
      continue;
    }
    if (made_from != item.name_offset || keys == nullptr) {
      std::string resp = "*1\r\n";
      AppendBulk(resp, found.NameOf(item));
      keys = std::make_shared<const std::string>(std::move(resp));
      made_from = item.name_offset;
    }
    SendTo(worker.index, tracking.tracker(item.reader), keys);
  }
  found.ClearItems();
}

void InvalidationSender::SendBroadcasts(engine::WorkerState& worker) {
  const engine::Tracking& tracking = server_.engine().tracking();
  for (const auto& [prefix, changed] : worker.invalidations.broadcasts()) {
    const auto* trackers = tracking.FindPrefix(prefix);
    if (trackers == nullptr) continue;
    const Keys all = KeysFor(changed, 0);
    for (const engine::TrackerId id : *trackers) {
      const engine::Tracker& tracker = tracking.tracker(id);
      const Keys keys = tracker.is_quiet_about_itself ? KeysFor(changed, tracker.client_id) : all;
      if (keys != nullptr) SendTo(worker.index, tracker, keys);
    }
  }
  worker.invalidations.broadcasts().clear();
}

void InvalidationSender::SendTo(size_t from_worker, const engine::Tracker& tracker,
                                const Keys& keys) {
  if (!tracker.is_alive.load(std::memory_order_relaxed)) return;
  const auto to = net::ConnectionId::FromPacked(tracker.address);
  if (to.worker_index() == from_worker) {
    net::Worker& own = server_.session_worker(from_worker).net_worker();
    if (net::Connection* connection = own.Find(to)) Deliver(*connection, keys);
    return;
  }
  Outgoing& outgoing = outgoing_[from_worker];
  outgoing.parcels[to.worker_index()].push_back({to, keys});
  outgoing.has_parcels = true;
}

void InvalidationSender::Post(size_t worker_index) {
  Outgoing& outgoing = outgoing_[worker_index];
  outgoing.has_parcels = false;
  for (uint32_t to = 0; to < outgoing.parcels.size(); ++to) {
    if (outgoing.parcels[to].empty()) continue;
    net::Worker& worker = server_.session_worker(to).net_worker();
    worker.Post([this, &worker, parcels = std::exchange(outgoing.parcels[to], {})] {
      for (const Parcel& parcel : parcels) {
        if (net::Connection* connection = worker.Find(parcel.to)) Deliver(*connection, parcel.keys);
      }
    });
  }
}

// On the worker of the client that tracks.
void InvalidationSender::Deliver(net::Connection& connection, const Keys& keys) {
  if (connection.is_closing() || !connection.has_state()) return;
  auto& session = connection.state<Session>();
  const commands::TrackingState* state = session.client.tracking.get();
  if (state == nullptr) return;
  if (state->redirect_id != 0) return Redirect(session, keys);
  Write(connection, keys, NullOf(session.client.resp), /*is_redirected=*/false);
}

void InvalidationSender::Redirect(Session& session, const Keys& keys) {
  const commands::TrackingState& state = *session.client.tracking;
  const auto to = net::ConnectionId::FromPacked(state.redirect_address);
  net::Worker& worker = session.connection().worker();
  const std::string_view null = NullOf(session.client.resp);
  if (to.worker_index() == worker.index()) {
    net::Connection* connection = worker.Find(to);
    if (connection == nullptr || connection->is_closing()) {
      return Break(session.connection(), state.redirect_id);
    }
    return Write(*connection, keys, null, /*is_redirected=*/true);
  }
  net::Worker& other = server_.session_worker(to.worker_index()).net_worker();
  other.Post([this, &other, to, keys, null, from = session.connection().id(), id = state.redirect_id] {
    net::Connection* connection = other.Find(to);
    if (connection != nullptr && !connection->is_closing()) {
      return Write(*connection, keys, null, /*is_redirected=*/true);
    }
    server_.network().PostTo(from, [id](net::Connection& broken) { Break(broken, id); });
  });
}

// The client that is told instead is gone: this one is to know that nobody tells it any more.
void InvalidationSender::Break(net::Connection& connection, uint64_t redirect_id) {
  if (connection.is_closing() || !connection.has_state()) return;
  auto& session = connection.state<Session>();
  commands::TrackingState* state = session.client.tracking.get();
  if (state == nullptr || state->redirect_id != redirect_id) return;
  state->is_redirect_broken = true;
  if (session.client.resp != proto::RespVersion::kResp3) return;
  std::string push = ">2\r\n";
  AppendBulk(push, "tracking-redir-broken");
  push += ':' + std::to_string(redirect_id) + "\r\n";
  connection.output().Append(push);
  WorkerOf(connection).EnforceOutputLimit(session);
}

void InvalidationSender::Write(net::Connection& connection, const Keys& keys,
                               std::string_view null, bool is_redirected) {
  if (!connection.has_state()) return;
  auto& session = connection.state<Session>();
  if (session.client.resp == proto::RespVersion::kResp3) {
    connection.output().Append(">2\r\n$10\r\ninvalidate\r\n");
  } else if (is_redirected && session.client.subscription_count != 0) {
    connection.output().Append("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n");
  } else {
    return;  // RESP2 knows no messages beside replies.
  }
  connection.output().Append(keys == nullptr ? null : std::string_view(*keys));
  WorkerOf(connection).EnforceOutputLimit(session);
}

}  // namespace ringtail::server
