// A user of the access control list: how it proves who it is, and what it may do.
//
//   const AclVerdict verdict = CheckCommand(user, command, args);
//   if (!verdict.is_allowed()) return Reject(errors::NoPermission(verdict.denial, command.full_name));
//
// A user has selectors, the root and any number of others; a command is allowed if one of them allows it with
// all of its keys and channels. A selector's commands are bits over the command table, so the question costs a
// bit test, and a pattern for each key. Clients share immutable users; changing one is making another
// (acl_rules.h). Thread rule: values; a user that is shared is const.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "commands/registry.h"

namespace ringtail::commands {

/// What a key pattern grants.
enum AclKeyAccess : uint8_t { kAclReads = 1, kAclWrites = 2, kAclReadsAndWrites = 3 };

/// Why not. The order is Redis's: of several selectors' reasons the greatest is told.
enum class AclDenial : uint8_t { kNone, kCommand, kKey, kAuthentication, kChannel };

/// The answer to "may it?", and which argument was the obstacle.
struct AclVerdict {
  AclDenial denial = AclDenial::kNone;
  uint32_t arg_index = 0;
  bool is_allowed() const { return denial == AclDenial::kNone; }
};

/// A glob pattern; one without wildcards, or with a star at its end only, is matched without the matcher.
class AclPattern {
 public:
  explicit AclPattern(std::string_view text);
  bool Matches(std::string_view name) const;
  const std::string& text() const { return text_; }

 private:
  enum class Form : uint8_t { kLiteral, kPrefix, kGlob };
  std::string text_;
  Form form_ = Form::kGlob;
};

struct AclKeyPattern {
  AclPattern pattern;
  uint8_t access = kAclReadsAndWrites;
};

/// Commands with the keys and channels that they may touch.
struct AclSelector {
  /// Nothing was taken away since +@all, so no bit needs looking at.
  bool is_all_commands = false;
  /// Commands that a later version brings are allowed too; how the rules are described depends on it.
  bool has_future_commands = false;
  bool is_all_keys = false;
  bool is_all_channels = false;
  std::vector<uint64_t> commands;  ///< a bit for each index of the command table
  /// First arguments with which a command is allowed that is not allowed as such ("+select|0").
  std::map<uint16_t, std::vector<std::string>> first_args;
  std::vector<AclKeyPattern> keys;
  std::vector<AclPattern> channels;

  bool Has(uint16_t command_index) const {
    return (commands[command_index / 64] >> (command_index % 64) & 1) != 0;
  }
};

struct AclUser {
  enum class PayloadCheck : uint8_t { kUnsaid, kSanitized, kSkipped };

  std::string name;
  bool is_on = false;
  bool needs_no_password = false;
  PayloadCheck payload_check = PayloadCheck::kUnsaid;
  std::vector<std::string> password_hashes;  ///< SHA-256 in hexadecimal
  std::vector<AclSelector> selectors;        ///< the root first

  /// Whether there is nothing that it may not do, so that nothing has to be asked.
  bool is_unrestricted() const;
  /// Whether it may come in with this password. Takes the same time whatever is wrong with the password.
  bool Admits(std::string_view password) const;
};

/// Whether the user may execute this request. Which of its arguments are keys FindKeys says.
AclVerdict CheckCommand(const AclUser& user, const CommandTable::Entry& command, Args args);

/// Whether the user may execute this request and, besides, access any key at all in the way of these key flags:
/// for commands whose further keys follow from data (SORT BY, SORT GET).
bool MayTouchAnyKey(const AclUser& user, const CommandTable::Entry& command, Args args,
                    unsigned key_flags);

/// Whether one of the user's selectors grants the channel; a pattern to subscribe to has to be granted literally.
enum class ChannelName { kChannel, kPattern };
bool MayUseChannel(const AclUser& user, std::string_view channel, ChannelName kind);

}  // namespace ringtail::commands
