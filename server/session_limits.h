// What sessions are held to; made from the configuration, one copy a worker.
//
// Thread rule: a value.
#pragma once

#include <array>
#include <cstdint>

#include "proto/request_parser.h"
#include "server/config/config.h"

namespace ringtail::server {

struct SessionLimits {
  proto::ParserLimits parser;
  uint64_t query_buffer_bytes_max = 1024 * 1024 * 1024;
  std::array<OutputLimit, kClientClassCount> output;  ///< by ClientClass
  int64_t idle_timeout_ms = 0;
  int64_t partial_request_timeout_ms = 0;
  uint64_t unauthenticated_query_bytes_max = 64 * 1024;
  uint64_t unauthenticated_output_bytes_max = 64 * 1024;
  int64_t unauthenticated_timeout_ms = 0;
  uint64_t client_memory_bytes_max = 0;               ///< of all clients together; 0: no limit
};

}  // namespace ringtail::server
