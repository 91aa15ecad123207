// MIGRATE's conversation with the other server: RESTORE for each key in one go, then the answers.
//
//   services.migration = &migration;
//
// It blocks its worker, as Redis's blocks Redis: at most timeout_ms for the connection, for each
// 64 KiB sent and for each answer. The keys' partitions stay locked meanwhile, so nobody changes a
// key on its way. Thread rule: any worker.
#pragma once

#include <span>
#include <string>

#include "commands/serialization_service.h"

namespace ringtail::server {

class Migration final : public commands::MigrateService {
 public:
  std::string Migrate(const commands::MigrateTarget& target,
                      std::span<commands::MigratedKey> keys) override;
};

}  // namespace ringtail::server
