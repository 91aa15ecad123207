#include "base/random.h"

#include <sys/random.h>

#include <cstdlib>

namespace ringtail {

void SecureRandomBytes(void* out, size_t size) {
  auto* bytes = static_cast<unsigned char*>(out);
  while (size > 0) {
    const ssize_t got = getrandom(bytes, size, 0);
    if (got <= 0) std::abort();  // Only EINTR is possible for these sizes; a broken kernel is not survivable.
    bytes += got;
    size -= static_cast<size_t>(got);
  }
}

}  // namespace ringtail
