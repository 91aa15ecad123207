// Who may do what: the question behind AUTH, HELLO and, for every command, the executor's one check.
//
// Thread rule: any thread.
#pragma once

#include <string_view>

namespace ringtail::commands {

enum class AuthOutcome { kOk, kWrongPassword, kNoPasswordSet };

class AuthService {
 public:
  virtual ~AuthService() = default;
  /// Whether this user may come in with this password. kNoPasswordSet: the default user needs none, which
  /// the one-argument AUTH answers with an error.
  virtual AuthOutcome Authenticate(std::string_view user, std::string_view password) = 0;
  /// Whether clients have to authenticate at all.
  virtual bool is_password_required() const = 0;
};

}  // namespace ringtail::commands
