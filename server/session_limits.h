// What sessions are held to; made from the configuration, one copy a worker.
//
// Thread rule: a value.
#pragma once

#include <array>
#include <cstdint>

#include "proto/request_parser.h"

namespace ringtail::server {

enum class ClientClass : uint8_t { kNormal, kReplica, kPubsub };

struct OutputLimit {
  uint64_t hard_bytes = 0;
  uint64_t soft_bytes = 0;
  int64_t soft_seconds = 0;
};

struct SessionLimits {
  proto::ParserLimits parser;
  uint64_t query_buffer_bytes_max = 1024 * 1024 * 1024;
  std::array<OutputLimit, 3> output;
  int64_t idle_timeout_ms = 0;
  int64_t partial_request_timeout_ms = 0;
  uint64_t unauthenticated_query_bytes_max = 64 * 1024;
  uint64_t unauthenticated_output_bytes_max = 64 * 1024;
  int64_t unauthenticated_timeout_ms = 0;
};

}  // namespace ringtail::server
