#include "storage/key_hash.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#define XXH_INLINE_ALL
#include <xxhash.h>
#pragma GCC diagnostic pop

#include "base/random.h"

namespace ringtail::storage {

KeyHasher::KeyHasher() : secret_() { SecureRandomBytes(secret_.data(), secret_.size()); }

KeyHasher::KeyHasher(uint64_t seed) : secret_() {
  Random random(seed);
  for (auto& byte : secret_) byte = static_cast<unsigned char>(random.Next());
}

KeyHash KeyHasher::Hash(std::string_view key) const {
  return KeyHash(XXH3_64bits_withSecret(key.data(), key.size(), secret_.data(), secret_.size()));
}

const KeyHasher& MemberHasher() {
  static const KeyHasher hasher;
  return hasher;
}

}  // namespace ringtail::storage
