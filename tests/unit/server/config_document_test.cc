#include "server/config/document.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/unit/project_root.h"

namespace ringtail::server {
namespace {

std::string DocumentPath() { return ProjectRoot() / "docs" / "configuration.md"; }

// `RINGTAIL_WRITE_DOCS=1 unit_server --gtest_filter='ConfigDocument.*'` writes the document.
TEST(ConfigDocument, IsWhatTheTableSays) {
  if (std::getenv("RINGTAIL_WRITE_DOCS") != nullptr) {
    std::ofstream(DocumentPath()) << ConfigurationDocument();
  }
  std::ifstream file(DocumentPath());
  ASSERT_TRUE(file) << DocumentPath();
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(text == ConfigurationDocument())
      << "docs/configuration.md is out of date; run this test with RINGTAIL_WRITE_DOCS=1";
}

}  // namespace
}  // namespace ringtail::server
