#include "storage/eviction_access.h"

namespace ringtail::storage {

std::optional<uint64_t> IdleSeconds(uint32_t access, const AccessClock& clock) {
  const bool tells = clock.kind == AccessKind::kIdle || clock.kind == AccessKind::kLru;
  if (!tells) return std::nullopt;
  return SecondsSince(access, clock);
}

std::optional<uint32_t> AccessFrequency(uint32_t access, const AccessClock& clock) {
  if (clock.kind == AccessKind::kLfu) return LfuCounter(access, clock);
  if (clock.kind != AccessKind::kAdaptive) return std::nullopt;
  return WaitingOf(access, clock).cls % kAccessFrequencyCount;
}

uint32_t AccessOfIdleSeconds(uint64_t idle_seconds, const AccessClock& clock) {
  const uint32_t access = AccessOfNew(clock);
  if (!IdleSeconds(access, clock).has_value()) return access;
  const auto idle = static_cast<uint32_t>(std::min<uint64_t>(idle_seconds, kSecondMask));
  return access - (idle << 8);
}

uint32_t AccessOfFrequency(uint32_t frequency, const AccessClock& clock) {
  if (clock.kind != AccessKind::kLfu) return AccessOfNew(clock);
  return PackLfu(std::min(frequency, 255U), clock);
}

uint32_t AccessOfNew(const AccessClock& clock) {
  switch (clock.kind) {
    case AccessKind::kIdle:
      return clock.seconds << 8;
    case AccessKind::kLru:
      return PackLru(0, clock);
    case AccessKind::kLfu:
      return PackLfu(kLfuNewCounter, clock);
    case AccessKind::kAdaptive:
      return PackAdaptive(clock.tick, 0);
  }
  return 0;
}

}  // namespace ringtail::storage
