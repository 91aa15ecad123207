#include "server/config/document.h"

#include <algorithm>

#include "base/memory_units.h"
#include "server/config/directives.h"

namespace ringtail::server {
namespace {

constexpr const char kIntroduction[] =
    R"(# Configuration

Ringtail reads a redis.conf: `ringtail-server /path/to/redis.conf --directive value`. What is on the
command line comes after the file and so wins; `-` reads standard input. A line is a directive and
its values; `#` begins a comment line; `"..."` and `'...'` hold blanks. Bytes may be written with
units: `1k` is 1000, `1kb` 1024, likewise `m`, `mb`, `g`, `gb`. A wrong line stops the start and is
shown with its number and file.

Every directive of Redis 7.0 is known, with Redis's default. The last column says what may change
it after the start: **any** time by CONFIG SET, **start** only, or **protected**: by CONFIG SET
where `enable-protected-configs` permits. *No effect yet* marks directives kept for a part of
Ringtail that this version does not have; setting one of them, or of the last group, to anything
but its default is answered with a warning in the log.

This file is generated from the table in server/config; a test keeps the two equal.
)";

const char* MutabilityWord(Mutability mutability) {
  switch (mutability) {
    case Mutability::kAnytime:
      return "any";
    case Mutability::kProtected:
      return "protected";
    case Mutability::kAtStart:
      return "start";
  }
  return "";
}

std::string DefaultCell(const Directive& directive) {
  std::string value = directive.default_text;
  if (value.empty()) return "";
  if (std::holds_alternative<Memory>(directive.kind)) {
    value = FormatMemoryBytes(ParseMemoryBytes(value).value_or(0));
  }
  return "`" + value + "`";
}

std::string Row(const Directive& directive) {
  std::string row = "| `" + std::string(directive.name) + "`";
  if (directive.alias != nullptr) row += " (also `" + std::string(directive.alias) + "`)";
  row +=
      " | " + DescribeKind(directive) + " | " + DefaultCell(directive) + " | " + directive.summary;
  if (directive.effect == Effect::kLater) row += " *No effect yet.*";
  if (directive.effect == Effect::kNone) row += " *No effect.*";
  return row + " | " + MutabilityWord(directive.mutability) + " |\n";
}

}  // namespace

std::string ConfigurationDocument() {
  std::string text = kIntroduction;
  for (const DirectiveGroup& group : DirectiveGroups()) {
    text += "\n## " + std::string(group.title) + "\n\n";
    text += "| directive | value | default | what it does | change |\n|---|---|---|---|---|\n";
    for (const Directive& directive : group.directives) text += Row(directive);
  }
  text += "\n## Only in files and on the command line\n\n| word | what it does |\n|---|---|\n";
  for (const FileWord& word : FileWords()) {
    text += "| `" + std::string(word.name) + "` | " + word.summary + " |\n";
  }
  return text;
}

}  // namespace ringtail::server
