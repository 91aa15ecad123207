// requirepass: one password for the default user.
//
//   PasswordAuth auth;
//   auth.SetPassword(config.security.password);       // "" : nobody has to authenticate
//
// Thread rule: any thread.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "commands/auth_service.h"
#include "commands/client_state.h"

namespace ringtail::server {

class PasswordAuth final : public commands::AuthService {
 public:
  void SetPassword(std::string_view password) {
    std::lock_guard<std::mutex> lock(mutex_);
    password_ = password;
    is_required_.store(!password_.empty(), std::memory_order_relaxed);
  }
  commands::AuthOutcome Authenticate(std::string_view user, std::string_view password) override {
    std::lock_guard<std::mutex> lock(mutex_);
    if (user != "default") return commands::AuthOutcome::kWrongPassword;
    if (password_.empty()) return commands::AuthOutcome::kNoPasswordSet;
    return EqualsInConstantTime(password, password_) ? commands::AuthOutcome::kOk
                                                     : commands::AuthOutcome::kWrongPassword;
  }
  /// Makes a client the user whom its certificate names; false if there is no such user.
  bool AuthenticateAs(std::string_view user, commands::ClientState& client) const {
    if (user != "default") return false;
    client.user = user;
    client.is_authenticated = true;
    return true;
  }
  bool is_password_required() const override {
    return is_required_.load(std::memory_order_relaxed);
  }

 private:
  // Takes the same time wherever a guess goes wrong, so timing tells nothing but the guess's own length.
  static bool EqualsInConstantTime(std::string_view guess, std::string_view password) {
    unsigned difference = guess.size() == password.size() ? 0 : 1;
    for (size_t i = 0; i < guess.size(); ++i) {
      difference |= static_cast<unsigned char>(guess[i] ^ password[i % password.size()]);
    }
    return difference == 0;
  }

  mutable std::mutex mutex_;
  std::string password_;
  std::atomic<bool> is_required_{false};
};

}  // namespace ringtail::server
