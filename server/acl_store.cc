#include "server/acl_store.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "commands/errors.h"
#include "server/config/rewrite.h"
#include "server/logging.h"

namespace ringtail::server {

using commands::AclRuleError;
using commands::AclUser;
using commands::Args;
using commands::ClientState;

AclStore::AclStore(const commands::CommandTable& table, const Clock& clock, AclClients& clients)
    : rules_(table), clock_(clock), clients_(clients) {
  users_.emplace("default", std::make_shared<const AclUser>(rules_.DefaultUser(defaults())));
}

void AclStore::Configure(const SecurityConfig& security) {
  is_new_user_on_all_channels_ = security.acl_pubsub_default == AclPubsubDefault::kAllChannels;
  log_.SetLengthMax(static_cast<size_t>(security.acl_log_entries_max));
}

// As in Redis, what declares the default user has the last word over requirepass.
Result<void> AclStore::Start(const Config& config) {
  const SecurityConfig& security = config.security;
  path_ = security.acl_path;
  if (!path_.empty() && !security.acl_users.empty()) {
    return Error{
        "Users are declared in the configuration file, and an ACL file is configured as well. That "
        "invites mistakes and security holes: define either an ACL file or the users in the "
        "configuration file, but not both."};
  }
  if (!path_.empty()) {
    auto users = ReadFile();
    if (!users.ok()) {
      return Error{"Aborting startup because of ACL errors: " + users.error().message};
    }
    users_ = std::move(users).value();
  }
  for (const std::string& line : security.acl_users) {
    TRY_VOID(AddConfiguredUser(rules_, defaults(), line, users_));
  }
  NoteDefault();
  return {};
}

void AclStore::NoteDefault() {
  const std::lock_guard lock(mutex_);
  const AclUser& user = *users_.find("default")->second;
  is_default_open_ = user.needs_no_password;
  is_password_required_ = !user.needs_no_password || !user.is_on;
}

void AclStore::SetDefaultPassword(std::string_view password) {
  AclUser user = *Find("default");
  user.password_hashes.clear();
  user.needs_no_password = password.empty();
  if (!password.empty()) (void)rules_.Apply(user, ">" + std::string(password), defaults());
  Put(std::move(user));
}

std::vector<std::string> AclStore::ConfigLines() const {
  if (!path_.empty()) return {};
  const std::lock_guard lock(mutex_);
  return AclLines(rules_, users_);
}

// ---- Clients

void AclStore::Become(ClientState& client, std::shared_ptr<const AclUser> user) {
  client.is_restricted = !user->is_unrestricted();
  client.acl_user = std::move(user);
}

void AclStore::LetIn(ClientState& client, std::shared_ptr<const AclUser> user) {
  client.is_authenticated = true;
  client.user = user->name;
  Become(client, std::move(user));
}

bool AclStore::LogIn(ClientState& client, std::string_view name, std::string_view password) {
  auto user = Find(name);
  if (user == nullptr || !user->Admits(password)) return false;
  LetIn(client, std::move(user));
  return true;
}

bool AclStore::LogInAs(ClientState& client, std::string_view name) {
  auto user = Find(name);
  if (user == nullptr || !user->is_on) return false;
  LetIn(client, std::move(user));
  return true;
}

void AclStore::Greet(ClientState& client) {
  auto user = Find("default");
  client.is_authenticated = user->needs_no_password && user->is_on;
  client.user = "default";
  Become(client, std::move(user));
}

// What is left of a client whose user is gone may do nothing until it is closed.
void AclStore::CloseClientsOf(std::string_view name, ClientState& self) {
  if (!clients_.Close(name, self.id)) return;
  self.is_closing = true;
  Greet(self);
  self.is_authenticated = false;
}

// ---- Users

std::shared_ptr<const AclUser> AclStore::Find(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto at = users_.find(name);
  return at == users_.end() ? nullptr : at->second;
}

std::vector<std::shared_ptr<const AclUser>> AclStore::Users() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const AclUser>> users;
  for (const auto& [name, user] : users_) users.push_back(user);
  return users;
}

// Clients are told without the lock: they are found under one of their own.
void AclStore::Put(AclUser changed) {
  const auto user = std::make_shared<const AclUser>(std::move(changed));
  {
    const std::lock_guard lock(mutex_);
    users_.insert_or_assign(user->name, user);
  }
  NoteDefault();
  clients_.Replace(user);
}

std::string AclStore::SetUser(std::string_view name, Args words) {
  const auto merged = commands::MergeSelectors(words);
  if (merged.unmatched_index) {
    return "ERR Unmatched parenthesis in acl selector starting at '" +
           std::string(words[*merged.unmatched_index]) + "'.";
  }
  const auto known = Find(name);
  AclUser user = known != nullptr ? *known : rules_.NewUser(name, defaults());
  const auto failure = rules_.ApplyAll(user, merged.rules, defaults());
  if (failure.error != AclRuleError::kNone) {
    const std::string& rule = merged.rules[failure.index];
    return "ERR Error in ACL SETUSER modifier '" + rule.substr(0, rule.find('\0')) +
           "': " + std::string(commands::AclRuleErrorText(failure.error));
  }
  if (known != nullptr) clients_.CloseSubscribers(user);
  Put(std::move(user));
  return {};
}

size_t AclStore::Delete(Args names, ClientState& self) {
  size_t count = 0;
  for (const std::string_view name : names) {
    {
      const std::lock_guard lock(mutex_);
      const auto at = users_.find(name);
      if (at == users_.end()) continue;
      users_.erase(at);
    }
    ++count;
    CloseClientsOf(name, self);
  }
  return count;
}

// ---- The file

Result<AclUsers> AclStore::ReadFile() const {
  errno = 0;
  std::ifstream file(path_, std::ios::binary);
  std::string text;
  if (file) text.assign(std::istreambuf_iterator<char>(file), {});
  if (!file || file.bad()) {
    return Error{"Error loading ACLs, opening file '" + path_ +
                 "': " + std::strerror(errno == 0 ? EIO : errno)};
  }
  return ReadAclText(rules_, defaults(), text, path_);
}

std::string AclStore::Load(ClientState& self) {
  if (path_.empty()) return std::string(commands::errors::kAclNoFile);
  auto loaded = ReadFile();
  if (!loaded.ok()) return "ERR " + loaded.error().message;
  AclUsers old;
  std::shared_ptr<const AclUser> default_user;
  {
    const std::lock_guard lock(mutex_);
    old = std::exchange(users_, std::move(loaded).value());
    default_user = users_.find("default")->second;
  }
  NoteDefault();
  clients_.CloseSubscribers(*default_user);
  clients_.Replace(default_user);
  for (const auto& [name, user] : old) {
    if (name != "default") CloseClientsOf(name, self);
  }
  return {};
}

std::string AclStore::Save() {
  if (path_.empty()) return std::string(commands::errors::kAclNoFile);
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& line : AclLines(rules_, users_)) text += line + "\n";
  }
  const auto written = ReplaceFile(path_, text);
  if (written.ok()) return {};
  LOG(WARNING) << "Saving the ACL file '" << path_ << "': " << written.error().message;
  return std::string(commands::errors::kAclSaveFailed);
}

// ---- The log

void AclStore::Record(const commands::AclIncident& incident) {
  std::string client = clients_.Describe(incident.client_id);
  if (client.ends_with('\n')) client.pop_back();
  log_.Add(incident, std::move(client), clock_.WallMs());
}

std::vector<commands::AclLogEntry> AclStore::Log(size_t count_max) {
  return log_.Newest(count_max);
}

}  // namespace ringtail::server
