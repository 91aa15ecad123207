// The classes of keyspace events: the bits of notify-keyspace-events, as Redis numbers them.
//
//   ctx.Notify(kNotifyString, "set", key);
//
// An event is published when its class is among those configured, on the channels of the key (`K`) and of the
// event (`E`), as far as these are configured. Thread rule: constants.
#pragma once

#include <cstdint>

namespace ringtail::commands {

enum KeyspaceEvent : uint32_t {
  kNotifyKeyspace = 1U << 0,  ///< K: on __keyspace@<db>__:<key>
  kNotifyKeyevent = 1U << 1,  ///< E: on __keyevent@<db>__:<event>
  kNotifyGeneric = 1U << 2,   ///< g
  kNotifyString = 1U << 3,    ///< $
  kNotifyList = 1U << 4,      ///< l
  kNotifySet = 1U << 5,       ///< s
  kNotifyHash = 1U << 6,      ///< h
  kNotifyZset = 1U << 7,      ///< z
  kNotifyExpired = 1U << 8,   ///< x
  kNotifyEvicted = 1U << 9,   ///< e
  kNotifyStream = 1U << 10,   ///< t
  kNotifyKeyMiss = 1U << 11,  ///< m
  kNotifyNew = 1U << 14,      ///< n
};

}  // namespace ringtail::commands
