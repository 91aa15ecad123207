// Who a client is: the question behind AUTH, HELLO and RESET.
//
//   if (!auth->LogIn(ctx.client(), "bob", "secret")) return ctx.reply().Error(errors::kWrongPass);
//
// Thread rule: any thread; a client is passed by its own worker, within a batch.
#pragma once

#include <string_view>

namespace ringtail::commands {

struct ClientState;

class AuthService {
 public:
  virtual ~AuthService() = default;
  /// Makes the client that user, authenticated, if the user is on and has this password; else changes nothing.
  virtual bool LogIn(ClientState& client, std::string_view user, std::string_view password) = 0;
  /// Makes the client what every new client is: the default user, authenticated if that needs no password.
  virtual void Greet(ClientState& client) = 0;
  /// Whether clients have to authenticate at all: the default user has a password, or is off.
  virtual bool is_password_required() const = 0;
  /// Whether the default user has no password, on or off: then AUTH with a password alone makes no sense.
  virtual bool is_default_open() const = 0;
};

}  // namespace ringtail::commands
