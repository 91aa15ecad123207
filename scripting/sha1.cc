#include "scripting/sha1.h"

#include <openssl/evp.h>

#include <cstddef>
#include <cstdint>

namespace ringtail::scripting {
namespace {

// Looked up once: finding a digest by its name costs more than digesting a small script.
const EVP_MD* Sha1() {
  static const EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  return digest;
}

}  // namespace

Sha1Hex ComputeSha1Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, Sha1(), nullptr);
  Sha1Hex hex;
  for (size_t i = 0; i < hex.size() / 2; ++i) {
    hex[i * 2] = kDigits[digest[i] >> 4];
    hex[i * 2 + 1] = kDigits[digest[i] & 15];
  }
  return hex;
}

}  // namespace ringtail::scripting
