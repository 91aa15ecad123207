// Taking elements off a list's end, and moving them to another's: what LPOP, LMPOP, LMOVE and
// their waiting kin share.
//
//   const auto from = ListEndArg(ctx, args[3]);
//   if (!from) return;                                       // has answered what is wrong
//   KeyRef key = ctx.Write(args[1]);
//   ReplyPopped(ctx, key, *from, count);
//
// Thread rule: as for CommandContext.
#pragma once

#include <optional>
#include <string_view>

#include "commands/context.h"
#include "storage/list_value.h"

namespace ringtail::commands::lists {

using storage::ListEnd;

/// The limits in force for lists.
storage::ListLimits LimitsOf(CommandContext& ctx);
/// LEFT or RIGHT; else answers a syntax error.
std::optional<ListEnd> ListEndArg(CommandContext& ctx, std::string_view arg);
std::string_view NameOf(ListEnd end);

/// The events of elements put on and taken off an end.
void NotifyPush(CommandContext& ctx, std::string_view key, ListEnd end);
void NotifyPop(CommandContext& ctx, std::string_view key, ListEnd end);

/// Takes `count` elements, at most all, off an end, and publishes that; the key goes with the last.
void TakeOff(CommandContext& ctx, KeyRef& key, ListEnd end, size_t count);
/// Answers the elements of an end as an array, outermost first, and takes them off.
void ReplyPopped(CommandContext& ctx, KeyRef& key, ListEnd end, size_t count);

/// LMPOP's arguments from the number of keys on; else has answered what is wrong.
struct PopManyArgs {
  Args keys;
  ListEnd end = ListEnd::kHead;
  int64_t count = 1;
};
std::optional<PopManyArgs> ParsePopMany(CommandContext& ctx, Args args, size_t key_count_index);
/// Pops from the first of the keys that is a list, answers it and logs an LPOP or RPOP. True if it
/// has answered.
bool PopMany(CommandContext& ctx, const PopManyArgs& pop);

/// From which end of the source to which of the destination.
struct Route {
  std::string_view source;
  std::string_view destination;
  ListEnd from;
  ListEnd to;
};
/// The names and the two words of args[1] to args[4]; else has answered what is wrong.
std::optional<Route> ParseRoute(CommandContext& ctx, Args args);
/// Moves an element and answers it, or what is wrong. False, having answered nothing: there is no
/// source.
bool MoveOne(CommandContext& ctx, const Route& route);

/// LMOVEM's block behind the ends.
struct MoveManyArgs {
  Route route;
  int64_t count = 1;
  bool is_exact = false;    ///< so many or none
  bool is_reversed = false; ///< each goes over the one before it
};
std::optional<MoveManyArgs> ParseMoveMany(CommandContext& ctx, Args args, size_t options_index);
/// Moves elements and answers them, or what is wrong. False, having answered nothing: the source
/// has too few.
bool MoveMany(CommandContext& ctx, const MoveManyArgs& move);

}  // namespace ringtail::commands::lists
