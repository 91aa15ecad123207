// Keeps docs/commands.md what the command table says.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "commands/introspection.h"
#include "tests/unit/project_root.h"

namespace ringtail::commands {
namespace {

constexpr std::string_view kHead =
    "# Commands\n"
    "\n"
    "Made from the command table; a unit test compares the two and says how to make this anew.\n"
    "Arity counts the command's own words; a negative one means \"at least\". Since is a version\n"
    "of the server that a command comes from, which is Redis for most. `COMMAND DOCS` answers the\n"
    "same, and the complexity.\n";

std::string UpperName(const CommandTable::Entry& entry) {
  if (entry.container == nullptr) return std::string(entry.spec->name);
  return std::string(entry.container->spec->name) + " " + std::string(entry.spec->name);
}

std::string Cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string Render(const CommandTable& table) {
  std::map<std::string, std::map<std::string, std::string>> groups;
  for (const auto& entry : table.entries()) {
    const CommandSpec& spec = *entry.spec;
    std::string summary(spec.summary);
    if (!spec.deprecated_since.empty()) {
      summary += " Deprecated";
      if (!spec.replaced_by.empty()) summary += "; use " + std::string(spec.replaced_by);
      summary += ".";
    }
    const std::string name = UpperName(entry);
    groups[std::string(GroupOf(entry))][name] = "| " + name + " | " +
                                                std::to_string(spec.arity) + " | " +
                                                std::string(spec.since) + " | " + Cell(summary) +
                                                " |\n";
  }
  std::string page(kHead);
  for (const auto& [group, rows] : groups) {
    page += "\n## " + group + "\n\n| command | arity | since | summary |\n|---|---|---|---|\n";
    for (const auto& [name, row] : rows) page += row;
  }
  return page;
}

TEST(CommandDocs, ThePageSaysWhatTheTableSays) {
  const auto path = (ProjectRoot() / "docs" / "commands.md").lexically_normal();
  const std::string page = Render(CommandTable::Standard());
  if (const char* wish = std::getenv("RINGTAIL_REGENERATE_DOCS"); wish != nullptr && *wish == '1') {
    std::ofstream(path, std::ios::binary) << page;
  }
  std::ostringstream found;
  found << std::ifstream(path, std::ios::binary).rdbuf();
  EXPECT_TRUE(found.str() == page)
      << path << " is not what the command table says. Make it anew with\n"
      << "  RINGTAIL_REGENERATE_DOCS=1 build/release/tests/unit_commands "
         "--gtest_filter='CommandDocs.*'";
}

}  // namespace
}  // namespace ringtail::commands
