// The directives whose value is neither a number nor a word nor a text: how each is read and
// printed.
//
//   {.name = "save", .kind = special::Save(), ...}
//
// Thread rule: constants over pure functions.
#pragma once

#include "server/config/directive.h"

namespace ringtail::server::special {

/// Pairs of seconds and changes. Lines of one file add up; the first replaces the default.
Special Save();
/// `class hard soft seconds`, once or more; classes that are not named keep their limits.
Special OutputBufferLimits();
/// Three numbers from -2000 to 2000.
Special OomScores();
/// Percentages from 0 to 100.
Special LatencyPercentiles();
/// Letters for classes of keyspace events.
Special KeyspaceEvents();
/// An existing directory, kept absolute; the start of the process where never set.
Special WorkingDirectory();
/// `host port`, or `no one`.
Special ReplicaOf();

}  // namespace ringtail::server::special
