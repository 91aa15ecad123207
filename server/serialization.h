// Implements DUMP and RESTORE for the commands by way of persistence/, with the limits that are in
// force.
//
//   services.serialization = &serialization;
//
// Thread rule: any worker; what is changed by CONFIG SET is read afresh each time.
#pragma once

#include <string>
#include <string_view>

#include "commands/serialization_service.h"
#include "commands/services.h"

namespace ringtail::server {

class Serialization final : public commands::SerializationService {
 public:
  explicit Serialization(const commands::Limits& limits) : limits_(limits) {}

  std::string Dump(const storage::Entry& entry) override;
  bool IsIntact(std::string_view payload) override;
  Result<storage::Entry*> Restore(std::string_view payload, std::string_view name) override;
  std::string DumpLibraries(std::span<const std::string_view> sources) override;
  Result<std::vector<std::string>> RestoreLibraries(std::string_view payload) override;

 private:
  const commands::Limits& limits_;
};

}  // namespace ringtail::server
