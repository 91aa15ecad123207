// Reads RESP2 and RESP3 replies into a tree: for tests, and for links to other servers.
//
//   ReplyTree tree;
//   ReplyStep step = ParseReply(bytes, tree);
//   if (step.outcome == ReplyOutcome::kReply) Use(tree.children[0].text);
//
// Every length is checked against the bytes that are there before anything is allocated for it, and
// nesting is limited, so a hostile peer gets an error and not our memory. Pure functions, any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringtail::proto {

enum class ReplyType : uint8_t {
  kSimpleString,
  kError,  // also RESP3's blob error
  kInteger,
  kBulk,
  kNull,       // $-1 and _
  kNullArray,  // *-1
  kArray,
  kMap,  // children: key, value, key, value
  kSet,
  kPush,
  kDouble,
  kBoolean,
  kBigNumber,
  kVerbatim,  // text without the format, which is in `format`
};

/// One reply. Only the fields of its type mean something.
struct ReplyTree {
  ReplyType type = ReplyType::kNull;
  int64_t integer = 0;  // kInteger, kBoolean
  double number = 0;    // kDouble
  std::string text;     // strings, errors, big numbers, verbatim text, a double's digits
  std::string format;   // kVerbatim: three letters
  std::vector<ReplyTree> children;    // aggregates
  std::vector<ReplyTree> attributes;  // key, value, ... that preceded the reply

  bool operator==(const ReplyTree&) const = default;
};

enum class ReplyOutcome : uint8_t { kReply, kNeedMore, kError };

struct ReplyStep {
  ReplyOutcome outcome;
  size_t consumed;         // kReply: bytes of the reply
  std::string_view error;  // kError: what is wrong; lives for ever
};

struct ReplyParserLimits {
  uint32_t depth_max = 32;
  int64_t bulk_bytes_max = 512LL * 1024 * 1024;
};

/// Reads the reply at the start of `bytes`. O(bytes) each time: a reply in many pieces is read
/// anew.
ReplyStep ParseReply(std::string_view bytes, ReplyTree& tree, const ReplyParserLimits& limits = {});

/// The tree as one line, for failed tests and logs: [1, "a", (error ERR x)].
std::string DescribeReply(const ReplyTree& tree);

}  // namespace ringtail::proto
