// CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO; their rows are with those of CLIENT.
#pragma once

#include "commands/context.h"

namespace ringtail::commands {

/// CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX p ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]; in
/// exclusive mode.
void ClientTracking(CommandContext& ctx, Args args);
/// CLIENT CACHING YES|NO
void ClientCaching(CommandContext& ctx, Args args);
void ClientGetRedir(CommandContext& ctx, Args args);
void ClientTrackingInfo(CommandContext& ctx, Args args);

/// Ends a client's tracking, if it has any.
void StopTracking(Engine& engine, ClientState& client);

}  // namespace ringtail::commands
