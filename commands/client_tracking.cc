#include "commands/client_tracking.h"

#include <algorithm>
#include <vector>

#include "commands/tracking_service.h"
#include "commands/tracking_state.h"

namespace ringtail::commands {
namespace {

// Of a node in the client's set, and of one in the engine's map.
constexpr size_t kPrefixOverheadBytes = 64;

struct Options {
  int64_t redirect_id = 0;
  uint64_t redirect_address = 0;
  bool is_broadcast = false;
  bool is_opt_in = false;
  bool is_opt_out = false;
  bool is_quiet_about_itself = false;
  std::vector<std::string_view> prefixes;
};

// REDIRECT id: the client must be there now, though it may go later.
bool ReadRedirect(CommandContext& ctx, std::string_view arg, Options& options) {
  if (options.redirect_id != 0) {
    ctx.reply().Error(errors::kTrackingRedirectTwice);
    return false;
  }
  const auto id = ctx.IntArg(arg);
  if (!id) return false;
  TrackingService* service = ctx.services().tracking;
  const auto address = service == nullptr || *id <= 0
                           ? std::nullopt
                           : service->AddressOf(static_cast<uint64_t>(*id));
  if (!address) {
    ctx.reply().Error(errors::kTrackingRedirectUnknown);
    return false;
  }
  options.redirect_id = *id;
  options.redirect_address = *address;
  return true;
}

/// The words after ON or OFF; false after having answered an error.
bool ReadOptions(CommandContext& ctx, Args args, Options& options) {
  for (size_t i = 3; i < args.size(); ++i) {
    const bool has_more = i + 1 < args.size();
    if (EqualsIgnoreCase(args[i], "REDIRECT") && has_more) {
      if (!ReadRedirect(ctx, args[++i], options)) return false;
    } else if (EqualsIgnoreCase(args[i], "BCAST")) {
      options.is_broadcast = true;
    } else if (EqualsIgnoreCase(args[i], "OPTIN")) {
      options.is_opt_in = true;
    } else if (EqualsIgnoreCase(args[i], "OPTOUT")) {
      options.is_opt_out = true;
    } else if (EqualsIgnoreCase(args[i], "NOLOOP")) {
      options.is_quiet_about_itself = true;
    } else if (EqualsIgnoreCase(args[i], "PREFIX") && has_more) {
      options.prefixes.push_back(args[++i]);
    } else {
      ctx.SyntaxError();
      return false;
    }
  }
  return true;
}

bool Overlap(std::string_view one, std::string_view other) {
  return one.size() < other.size() ? other.starts_with(one) : one.starts_with(other);
}

/// Whether the prefixes are disjoint from one another and from those that the client has; else
/// answers.
bool AreDisjoint(CommandContext& ctx, const Options& options) {
  const TrackingState* present = ctx.client().tracking.get();
  for (size_t i = 0; i < options.prefixes.size(); ++i) {
    const std::string_view prefix = options.prefixes[i];
    if (present != nullptr) {
      for (const std::string& other : present->prefixes) {
        if (!Overlap(prefix, other)) continue;
        return ctx.reply().Error(errors::PrefixOverlap(prefix, "an existing prefix", other)), false;
      }
    }
    for (const std::string_view other : std::span(options.prefixes).subspan(i + 1)) {
      if (!Overlap(prefix, other)) continue;
      return ctx.reply().Error(errors::PrefixOverlap(prefix, "another provided prefix", other)),
             false;
    }
  }
  return true;
}

/// Whether the options go together, and with what the client has on; else answers.
bool AreCompatible(CommandContext& ctx, const Options& options) {
  const TrackingState* present = ctx.client().tracking.get();
  const auto refuse = [&](std::string_view error) { return ctx.reply().Error(error), false; };
  if (!options.is_broadcast && !options.prefixes.empty()) {
    return refuse(errors::kTrackingPrefixWithoutBroadcast);
  }
  if (present != nullptr && present->is_broadcast != options.is_broadcast) {
    return refuse(errors::kTrackingBroadcastSwitch);
  }
  if (options.is_broadcast && (options.is_opt_in || options.is_opt_out)) {
    return refuse(errors::kTrackingOptionsWithBroadcast);
  }
  if (options.is_opt_in && options.is_opt_out) return refuse(errors::kTrackingBothOptions);
  if (present != nullptr && ((options.is_opt_in && present->is_opt_out) ||
                             (options.is_opt_out && present->is_opt_in))) {
    return refuse(errors::kTrackingOptionSwitch);
  }
  return !options.is_broadcast || AreDisjoint(ctx, options);
}

void Start(CommandContext& ctx, const Options& options) {
  Engine& engine = ctx.engine();
  ClientState& client = ctx.client();
  if (client.tracking == nullptr) {
    client.tracking = std::make_unique<TrackingState>();
    TrackingService* service = ctx.services().tracking;
    const auto address = service == nullptr ? std::nullopt : service->AddressOf(client.id);
    client.tracking->tracker = engine.AddTracker(client.id, address.value_or(0));
  }
  TrackingState& state = *client.tracking;
  state.redirect_id = static_cast<uint64_t>(options.redirect_id);
  state.redirect_address = options.redirect_address;
  state.is_redirect_broken = false;
  state.is_broadcast = options.is_broadcast;
  state.is_opt_in = options.is_opt_in;
  state.is_opt_out = options.is_opt_out;
  state.is_quiet_about_itself = options.is_quiet_about_itself;
  engine.SetTrackerQuietAboutItself(state.tracker, state.is_quiet_about_itself);
  if (!options.is_broadcast) return;
  std::vector<std::string_view> prefixes = options.prefixes;
  if (prefixes.empty()) prefixes.push_back("");  // every key
  for (const std::string_view prefix : prefixes) {
    if (state.prefixes.emplace(prefix).second) {
      state.prefix_bytes += 2 * (prefix.size() + kPrefixOverheadBytes);
    }
    engine.AddTrackerPrefix(state.tracker, prefix);
  }
}

}  // namespace

void StopTracking(Engine& engine, ClientState& client) {
  if (client.tracking == nullptr) return;
  engine.RetireTracker(client.tracking->tracker);
  client.tracking.reset();
}

void ClientTracking(CommandContext& ctx, Args args) {
  Options options;
  if (!ReadOptions(ctx, args, options)) return;
  if (EqualsIgnoreCase(args[2], "ON")) {
    if (!AreCompatible(ctx, options)) return;
    Start(ctx, options);
  } else if (EqualsIgnoreCase(args[2], "OFF")) {
    StopTracking(ctx.engine(), ctx.client());
  } else {
    return ctx.SyntaxError();
  }
  ctx.reply().Ok();
}

void ClientCaching(CommandContext& ctx, Args args) {
  TrackingState* state = ctx.client().tracking.get();
  if (state == nullptr) return ctx.reply().Error(errors::kCachingWithoutTracking);
  if (EqualsIgnoreCase(args[2], "YES")) {
    if (!state->is_opt_in) return ctx.reply().Error(errors::kCachingYesWithoutOptIn);
  } else if (EqualsIgnoreCase(args[2], "NO")) {
    if (!state->is_opt_out) return ctx.reply().Error(errors::kCachingNoWithoutOptOut);
  } else {
    return ctx.SyntaxError();
  }
  state->is_caching_given = true;
  ctx.reply().Ok();
}

void ClientGetRedir(CommandContext& ctx, Args) {
  const TrackingState* state = ctx.client().tracking.get();
  ctx.reply().Integer(state == nullptr ? -1 : static_cast<int64_t>(state->redirect_id));
}

void ClientTrackingInfo(CommandContext& ctx, Args) {
  const TrackingState* state = ctx.client().tracking.get();
  std::vector<std::string_view> flags = {state == nullptr ? "off" : "on"};
  if (state != nullptr) {
    if (state->is_broadcast) flags.push_back("bcast");
    if (state->is_opt_in) flags.push_back("optin");
    if (state->is_opt_in && state->is_caching_given) flags.push_back("caching-yes");
    if (state->is_opt_out) flags.push_back("optout");
    if (state->is_opt_out && state->is_caching_given) flags.push_back("caching-no");
    if (state->is_quiet_about_itself) flags.push_back("noloop");
    if (state->is_redirect_broken) flags.push_back("broken_redirect");
  }
  ctx.reply().Map(3);
  ctx.reply().Bulk("flags");
  ctx.reply().Set(flags.size());
  for (const std::string_view flag : flags) ctx.reply().Bulk(flag);
  ctx.reply().Bulk("redirect");
  ctx.reply().Integer(state == nullptr ? -1 : static_cast<int64_t>(state->redirect_id));
  ctx.reply().Bulk("prefixes");
  if (state == nullptr) return ctx.reply().EmptyArray();
  ctx.reply().Array(state->prefixes.size());
  for (const std::string& prefix : state->prefixes) ctx.reply().Bulk(prefix);
}

}  // namespace ringtail::commands
