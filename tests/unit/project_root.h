// Where the project's files are, for tests that compare with one of them.
#pragma once

#include <filesystem>

namespace ringtail {

/// The folder that this test's binary was built under: <root>/build/<preset>/tests/unit_x.
inline std::filesystem::path ProjectRoot() {
  return std::filesystem::canonical("/proc/self/exe").parent_path() / ".." / ".." / "..";
}

}  // namespace ringtail
