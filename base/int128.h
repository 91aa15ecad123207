// The compilers' 128-bit integer under a name that -Wpedantic accepts; for wide multiplications.
#pragma once

namespace ringtail {
__extension__ typedef unsigned __int128 Uint128;
}  // namespace ringtail
