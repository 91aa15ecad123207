#include "server/redaction.h"

#include <algorithm>
#include <array>

namespace ringtail::server {
namespace {

constexpr std::string_view kRedacted = "(redacted)";
constexpr std::array<std::string_view, 5> kSecretDirectives = {
    "requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"};

bool IsSecretDirective(std::string_view name) {
  return std::any_of(kSecretDirectives.begin(), kSecretDirectives.end(), [&](std::string_view s) {
    return commands::EqualsIgnoreCase(s, name);
  });
}

}  // namespace

std::vector<std::string_view> Redacted(const commands::CommandTable::Entry& command,
                                       commands::Args args) {
  std::vector<std::string_view> shown(args.begin(), args.end());
  if (command.full_name == "auth") {
    std::fill(shown.begin() + 1, shown.end(), kRedacted);
  } else if (command.full_name == "acl|setuser") {
    std::fill(shown.begin() + std::min<std::ptrdiff_t>(2, std::ssize(shown)), shown.end(), kRedacted);
  } else if (command.full_name == "hello") {
    for (size_t i = 2; i + 2 < shown.size(); ++i) {
      if (!commands::EqualsIgnoreCase(shown[i], "AUTH")) continue;
      shown[i + 1] = shown[i + 2] = kRedacted;
      i += 2;
    }
  } else if (command.full_name == "config|set") {
    for (size_t i = 2; i + 1 < shown.size(); i += 2) {
      if (IsSecretDirective(shown[i])) shown[i + 1] = kRedacted;
    }
  }
  return shown;
}

}  // namespace ringtail::server
