// What one directive is: its names, its kind of value, where the value lives, and what may change
// it.
//
//   constexpr Directive kTimeout = {.name = "timeout",
//                                   .kind = Integer{FIELD(clients.idle_timeout_seconds), 0,
//                                   kIntMax}, .default_text = "0", .summary = "Seconds after which
//                                   an idle client is hung up on."};
//   Result<void> set = SetDirective(kTimeout, {"30"}, Origin::kFile, config);
//   std::string text = PrintDirective(kTimeout, config);
//
// The kinds parse and print exactly as Redis 7.0 does and fail with its texts. A kind without a
// field is one that nothing in Ringtail reads: its value is still checked, kept in Config::unread,
// and shown.
//
// Thread rule: directives are constants; the functions touch only the Config they are given.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "server/config/config.h"

namespace ringtail::server {

constexpr int64_t kIntMax = std::numeric_limits<int32_t>::max();
constexpr int64_t kLongMax = std::numeric_limits<int64_t>::max();

/// Where in a Config a value lives.
template <typename T>
using FieldOf = T& (*)(Config&);

/// `FIELD(memory.sample_count)` is the accessor of that field.
#define FIELD(path) \
  [](Config & config) -> auto& { return config.path; }

struct Bool {
  FieldOf<bool> field = nullptr;
};

struct Integer {
  FieldOf<int64_t> field = nullptr;
  int64_t min = 0;
  int64_t max = kLongMax;
  /// Moves an accepted value to what will really be used, where Redis does that in silence.
  int64_t (*settle)(int64_t) = nullptr;
};

/// A count of bytes, written with or without a unit.
struct Memory {
  FieldOf<uint64_t> field = nullptr;
  uint64_t min = 0;
  uint64_t max = kLongMax;
};

/// A count of bytes, or `n%` of maxmemory.
struct MemoryOrPercent {
  FieldOf<BytesOrPercent> field = nullptr;
};

/// Permission bits, written in octal.
struct FileMode {
  FieldOf<int64_t> field = nullptr;
};

/// One of some words; the field is an enum class that numbers the words in their order.
struct Word {
  std::span<const char* const> words;
  int (*get)(const Config&) = nullptr;
  void (*set)(Config&, int) = nullptr;
};

/// `WORD_FIELD(log.level)` fills the accessors of a Word.
#define WORD_FIELD(path)                                              \
  [](const Config& config) { return static_cast<int>(config.path); }, \
      [](Config& config, int word) { config.path = static_cast<decltype(config.path)>(word); }

/// Some of some words, as bits; the first word stands for none of the others.
struct WordSet {
  std::span<const char* const> words;
  FieldOf<unsigned> field = nullptr;
  /// An error text if these bits exclude each other.
  const char* (*check)(unsigned) = nullptr;
};

struct Text {
  FieldOf<std::string> field = nullptr;
  /// An error text if this value is not acceptable, or nullptr.
  const char* (*check)(std::string_view) = nullptr;
};

/// Several values in one line.
struct TextList {
  FieldOf<std::vector<std::string>> field = nullptr;
  size_t count_max = 0;
  const char* too_many = "";
};

/// Where a value comes from. Lines of a file add up where CONFIG SET replaces (`save`).
enum class Origin { kFile, kCommand };

using Words = std::span<const std::string>;

/// Whatever fits none of the above.
struct Special {
  const char* type_name;
  Result<void> (*set)(Config& config, Words values, Origin origin);
  std::string (*print)(const Config& config);
  /// The lines CONFIG REWRITE writes for all of it, or nullptr if `name print()` is right.
  std::vector<std::string> (*lines)(const Config& config, const Config& defaults) = nullptr;
  bool is_split = true;  // whether one value with spaces in it counts as several
};

using Kind = std::variant<Bool, Integer, Memory, MemoryOrPercent, FileMode, Word, WordSet, Text,
                          TextList, Special>;

/// What may change a directive after the start.
enum class Mutability {
  kAnytime,
  kProtected,  // CONFIG SET only where `enable-protected-configs` permits
  kAtStart,
};

/// Whether setting a directive to what it already is changes anything.
enum class Reference {
  kNothing,
  kFile,  // it names a file that may hold something else by now, which is then read again
};

/// What setting a directive does.
enum class Effect {
  kHonoured,
  kLater,  // kept for a part of Ringtail that this version does not have yet
  kNone,   // there is nothing in Ringtail that it could steer
};

/// Whether CONFIG GET with a pattern shows the directive.
enum class Listing { kShown, kHidden };

struct Directive {
  const char* name;
  const char* alias = nullptr;
  Kind kind;
  const char* default_text;
  Mutability mutability = Mutability::kAnytime;
  Effect effect = Effect::kHonoured;
  const char* summary;
  Listing listing = Listing::kShown;
  Reference reference = Reference::kNothing;
};

/// Sets the directive in `config` from the words after its name, or says in Redis's words why not.
/// `config` may be partly changed after a failure of a Special; callers work on a copy.
Result<void> SetDirective(const Directive& directive, Words values, Origin origin, Config& config);

/// The value as CONFIG GET shows it.
std::string PrintDirective(const Directive& directive, const Config& config);

/// The lines that set this value in a configuration file; none if it is an unset text.
std::vector<std::string> DirectiveLines(const Directive& directive, const Config& config);

/// The kind of value in a word or two, with its range, for documentation and --help.
std::string DescribeKind(const Directive& directive);

}  // namespace ringtail::server
