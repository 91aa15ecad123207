#include "commands/acl_user.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/glob.h"
#include "base/sha256.h"

namespace ringtail::commands {
namespace {

// Where the channels are that a command uses.
struct ChannelArgs {
  std::string_view command;
  bool is_list;  // up to the last argument; else the first alone
  ChannelName kind;
};
// Leaving a channel needs no right to it.
constexpr std::array<ChannelArgs, 5> kChannelArgs = {{
    {"SUBSCRIBE", true, ChannelName::kChannel},
    {"PSUBSCRIBE", true, ChannelName::kPattern},
    {"SSUBSCRIBE", true, ChannelName::kChannel},
    {"PUBLISH", false, ChannelName::kChannel},
    {"SPUBLISH", false, ChannelName::kChannel},
}};

const ChannelArgs* ChannelArgsOf(const CommandSpec& spec) {
  if ((spec.flags & kPubsub) == 0) return nullptr;
  const auto at = std::ranges::find(kChannelArgs, spec.name, &ChannelArgs::command);
  return at == kChannelArgs.end() ? nullptr : &*at;
}

uint8_t NeededAccess(unsigned key_flags) {
  uint8_t access = 0;
  if ((key_flags & kKeyAccess) != 0) access |= kAclReads;
  if ((key_flags & (kKeyInsert | kKeyDelete | kKeyUpdate)) != 0) access |= kAclWrites;
  return access;
}

// The keys of a request, looked for when the first selector asks.
class RequestKeys {
 public:
  RequestKeys(const CommandTable::Entry& command, Args args) : command_(command), args_(args) {}

  std::span<const KeyPosition> Find() {
    if (is_found_) return view_;
    is_found_ = true;
    // Arguments in which no keys can be found are the handler's to refuse, before it touches any.
    if (FindKeys(*command_.spec, args_, positions_)) view_ = positions_.view();
    return view_;
  }

 private:
  const CommandTable::Entry& command_;
  Args args_;
  KeyPositions positions_;
  std::span<const KeyPosition> view_;
  bool is_found_ = false;
};

bool AllowsCommand(const AclSelector& selector, const CommandTable::Entry& command, Args args) {
  if (selector.is_all_commands || (command.spec->flags & kNoAuth) != 0) return true;
  if (selector.Has(command.index)) return true;
  const auto allowed = selector.first_args.find(command.index);
  if (allowed == selector.first_args.end() || args.size() < 2) return false;
  return std::ranges::any_of(allowed->second, [&](std::string_view first) {
    return EqualsIgnoreCase(args[1], first);
  });
}

bool AllowsKey(const AclSelector& selector, std::string_view key, unsigned key_flags) {
  const uint8_t needed = NeededAccess(key_flags);
  return std::ranges::any_of(selector.keys, [&](const AclKeyPattern& granted) {
    return (granted.access & needed) == needed && granted.pattern.Matches(key);
  });
}

bool AllowsChannel(const AclSelector& selector, std::string_view channel, ChannelName kind) {
  if (selector.is_all_channels) return true;
  return std::ranges::any_of(selector.channels, [&](const AclPattern& granted) {
    return kind == ChannelName::kPattern ? granted.text() == channel : granted.Matches(channel);
  });
}

// The common case, one key at a fixed place, does without looking for keys.
AclVerdict CheckKeys(const AclSelector& selector, const CommandTable::Entry& command, Args args,
                     RequestKeys& keys) {
  const KeyPosition single{command.single_key, command.spec->keys[0].flags};
  const bool is_single = command.single_key != 0 && command.spec->key_finder == nullptr &&
                         command.single_key < args.size();
  for (const KeyPosition position : is_single ? std::span(&single, 1) : keys.Find()) {
    if ((position.flags & kKeyNotKey) != 0) continue;
    if (!AllowsKey(selector, args[position.arg_index], position.flags)) {
      return {AclDenial::kKey, position.arg_index};
    }
  }
  return {};
}

AclVerdict Check(const AclSelector& selector, const CommandTable::Entry& command, Args args,
                 RequestKeys& keys) {
  if (!AllowsCommand(selector, command, args)) return {AclDenial::kCommand, 0};
  if (!selector.is_all_keys && command.has_keys) {
    const AclVerdict verdict = CheckKeys(selector, command, args, keys);
    if (!verdict.is_allowed()) return verdict;
  }
  if (selector.is_all_channels) return {};
  if (const ChannelArgs* channels = ChannelArgsOf(*command.spec); channels != nullptr) {
    const size_t end = channels->is_list ? args.size() : std::min<size_t>(args.size(), 2);
    for (size_t i = 1; i < end; ++i) {
      if (!AllowsChannel(selector, args[i], channels->kind)) {
        return {AclDenial::kChannel, static_cast<uint32_t>(i)};
      }
    }
  }
  return {};
}

bool GrantsAnyKey(const AclSelector& selector, unsigned key_flags) {
  if (selector.is_all_keys) return true;
  const uint8_t needed = NeededAccess(key_flags);
  return std::ranges::any_of(selector.keys, [&](const AclKeyPattern& granted) {
    return (granted.access & needed) == needed && granted.pattern.text() == "*";
  });
}

// Every byte is looked at, wherever a guess goes wrong.
bool EqualsInConstantTime(std::string_view guess, std::string_view hash) {
  if (guess.size() != hash.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < guess.size(); ++i) {
    difference |= static_cast<unsigned char>(guess[i] ^ hash[i]);
  }
  return difference == 0;
}

}  // namespace

AclPattern::AclPattern(std::string_view text) : text_(text) {
  const size_t special = text.find_first_of("*?[\\");
  if (special == std::string_view::npos) {
    form_ = Form::kLiteral;
  } else if (special + 1 == text.size() && text.back() == '*') {
    form_ = Form::kPrefix;
  }
}

// Redis 7.0 grants the empty name to the empty pattern only, not to stars.
bool AclPattern::Matches(std::string_view name) const {
  if (name.empty()) return text_.empty();
  switch (form_) {
    case Form::kLiteral:
      return name == text_;
    case Form::kPrefix:
      return name.starts_with(std::string_view(text_).substr(0, text_.size() - 1));
    case Form::kGlob:
      break;
  }
  return GlobMatch(text_, name, GlobCase::kSensitive);
}

bool AclUser::is_unrestricted() const {
  return std::ranges::any_of(selectors, [](const AclSelector& selector) {
    return selector.is_all_commands && selector.is_all_keys && selector.is_all_channels;
  });
}

bool AclUser::Admits(std::string_view password) const {
  if (!is_on) return false;
  if (needs_no_password) return true;
  const std::string hash = Sha256Hex(password);
  bool is_known = false;
  for (const std::string& known : password_hashes) is_known |= EqualsInConstantTime(hash, known);
  return is_known;
}

AclVerdict CheckCommand(const AclUser& user, const CommandTable::Entry& command, Args args) {
  RequestKeys keys(command, args);
  AclVerdict told{AclDenial::kCommand, 0};
  for (const AclSelector& selector : user.selectors) {
    const AclVerdict verdict = Check(selector, command, args, keys);
    if (verdict.is_allowed()) return verdict;
    if (verdict.denial > told.denial ||
        (verdict.denial == told.denial && verdict.arg_index > told.arg_index)) {
      told = verdict;
    }
  }
  return told;
}

bool MayTouchAnyKey(const AclUser& user, const CommandTable::Entry& command, Args args,
                    unsigned key_flags) {
  RequestKeys keys(command, args);
  return std::ranges::any_of(user.selectors, [&](const AclSelector& selector) {
    return GrantsAnyKey(selector, key_flags) && Check(selector, command, args, keys).is_allowed();
  });
}

bool MayUseChannel(const AclUser& user, std::string_view channel, ChannelName kind) {
  return std::ranges::any_of(user.selectors, [&](const AclSelector& selector) {
    return AllowsChannel(selector, channel, kind);
  });
}

}  // namespace ringtail::commands
