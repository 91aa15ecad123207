// Arguments that stream commands share: ids, intervals of ids, what to trim, what becomes of
// references.
//
//   const auto id = streams::IdArg(ctx, args[2]);
//   if (!id) return;                                   // has answered what is wrong with it
//
// Ids are read as Redis reads them: as C strings, with strtoull's tolerance where the strict form
// fails. Thread rule: as for handlers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/context.h"
#include "storage/stream.h"

namespace ringtail::commands::streams {

using storage::Stream;
using storage::StreamEntry;
using storage::StreamId;
using storage::StreamRange;
using storage::StreamTrim;

/// The stream of a key that is there and holds one.
inline Stream& StreamOf(const KeyRef& key) { return storage::ObjectOf<Stream>(*key.entry()); }

// Ids.

/// An argument as a C string: up to its first zero byte.
inline std::string_view AsCString(std::string_view arg) { return arg.substr(0, arg.find('\0')); }
/// An id of the form ms-seq or ms, to which `missing_seq` is added then. Nothing if it is none.
std::optional<StreamId> ParseId(std::string_view arg, uint64_t missing_seq);
/// The same; answers if it is none.
std::optional<StreamId> IdArg(CommandContext& ctx, std::string_view arg);
/// All of the arguments as ids; answers if one is none.
std::optional<std::vector<StreamId>> IdArgs(CommandContext& ctx, Args args);
/// An id's text in decimal.
std::string IdText(StreamId id);

/// Where to begin: - or + or an id, which `(` in front excludes. Answers if it is none.
std::optional<StreamId> IntervalStart(CommandContext& ctx, std::string_view arg);
/// Where to end, included.
std::optional<StreamId> IntervalEnd(CommandContext& ctx, std::string_view arg);

// What becomes of references to entries that are deleted.

enum class References : uint8_t {
  kKeep,           ///< they stay in the groups' lists
  kDelete,         ///< they go too
  kAcknowledged,   ///< entries stay that some group has not read or not acknowledged
};
/// The policy that a word names.
std::optional<References> ParseReferences(std::string_view word);
std::string_view NameOf(References references);
/// Whether a group has still to read or to acknowledge the entry.
bool IsReferenced(const Stream& stream, StreamId id);
/// Takes the entry off the lists of all groups; whether it was on one.
bool DropReferences(Stream& stream, StreamId id);

// Options of XADD and XTRIM.

struct TrimOptions {
  StreamTrim trim = {};
  std::string_view threshold = {};   ///< as it came
  References references = References::kKeep;
  bool is_key_required = false;      ///< NOMKSTREAM
  size_t next_arg = 0;               ///< XADD: where the id is

  /// XADD's id, in full or only its milliseconds.
  enum class IdForm : uint8_t { kAuto, kAutoSeq, kWhole };
  IdForm id_form = IdForm::kAuto;
  StreamId id = {};
};
enum class TrimCommand : uint8_t { kXAdd, kXTrim };

/// Parses from args[2] on; false after having answered what is wrong.
bool ParseTrimOptions(CommandContext& ctx, Args args, TrimCommand command, TrimOptions& options);
/// Trims; how many entries went.
int64_t Trim(Stream& stream, const TrimOptions& options);
/// Adds the words that trim exactly what Trim has just trimmed.
void AppendTrimEffect(const Stream& stream, const TrimOptions& options,
                      std::vector<std::string>& words);

/// Logs these words.
void LogEffect(CommandContext& ctx, const std::vector<std::string>& words);

}  // namespace ringtail::commands::streams
