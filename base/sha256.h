// SHA-256 as hexadecimal text: how passwords are kept and compared.
//
//   Sha256Hex("secret")      "2bb80d537b1da3e3..." (64 lower-case digits)
//
// Thread rule: a pure function.
#pragma once

#include <string>
#include <string_view>

namespace ringtail {

/// FIPS 180-4's SHA-256 of `bytes`, computed by OpenSSL.
std::string Sha256Hex(std::string_view bytes);

}  // namespace ringtail
