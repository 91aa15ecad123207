// The compilers' 128-bit integers under names that -Wpedantic accepts; for wide arithmetic.
#pragma once

namespace ringtail {
__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;
}  // namespace ringtail
