// Asks for a cache line before it is needed.
//
//   PrefetchForWriting(&lock);
//
// Thread rule: any thread, any address; nothing is read or written as far as the program can tell.
#pragma once

namespace ringtail {

/// Brings a line here for writing, away from the core that has it. The compiler's own builtin does that
/// only for processors it was told to be new; prefetchw does nothing on those that lack it.
inline void PrefetchForWriting(const void* at) {
#if defined(__x86_64__)
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(at)));
#else
  __builtin_prefetch(at, 1);
#endif
}

}  // namespace ringtail
