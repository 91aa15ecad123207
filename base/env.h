// Files, as everything that keeps data on disk sees them; tests put one in its place that fails.
//
//   Env& env = PosixEnv();
//   TRY(auto file, env.CreateFile(path));
//   TRY_VOID(file->Append(bytes));
//   TRY_VOID(file->Sync());
//   TRY_VOID(env.RenameFile(path, final_path));
//   TRY_VOID(env.SyncFolder(folder));             // only then is the rename on disk
//
// An error names the file and says what the system said. Thread rule: an Env from any thread; a file
// belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ringtail {

/// A file that is read from its beginning on; closed by its end.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  /// Reads as many bytes as there are and fit; 0 at the end of the file.
  virtual Result<size_t> Read(std::span<char> room) = 0;
  virtual Result<uint64_t> Size() = 0;
};

/// A file that grows; closed by its end, which says nothing about what is on disk.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  /// After an error some of the bytes may be there.
  virtual Result<void> Append(std::string_view bytes) = 0;
  /// Returns when everything appended is on disk.
  virtual Result<void> Sync() = 0;
};

class Env {
 public:
  virtual ~Env() = default;
  virtual Result<std::unique_ptr<ReadableFile>> OpenFile(const std::string& path) = 0;
  /// An empty file, over whatever was there.
  virtual Result<std::unique_ptr<WritableFile>> CreateFile(const std::string& path) = 0;
  /// Goes on behind what a file holds; made if it is not there.
  virtual Result<std::unique_ptr<WritableFile>> AppendToFile(const std::string& path) = 0;
  /// Over whatever was there.
  virtual Result<void> RenameFile(const std::string& from, const std::string& to) = 0;
  virtual Result<void> RemoveFile(const std::string& path) = 0;
  virtual Result<void> TruncateFile(const std::string& path, uint64_t size) = 0;
  virtual bool HasFile(const std::string& path) = 0;
  /// No error if it is there already.
  virtual Result<void> CreateFolder(const std::string& path) = 0;
  /// The names in a folder, in no order, without "." and "..".
  virtual Result<std::vector<std::string>> ListFolder(const std::string& path) = 0;
  /// Returns when files that came, went or were renamed in the folder have done so on disk.
  virtual Result<void> SyncFolder(const std::string& path) = 0;
};

/// The system's; lives as long as the process.
Env& PosixEnv();

/// "/a/b" of "/a/b/c", "." of "c".
std::string FolderOf(std::string_view path);

/// A file that takes another's place whole or not at all, whenever the machine stops.
///
///   TRY(auto file, ReplacementFile::Create(env, "dump.rdb"));
///   TRY_VOID(file.Append(bytes));
///   TRY_VOID(file.Commit());
///
/// Until Commit the bytes are in a file beside it (path.<pid>.tmp), which goes away with this object.
class ReplacementFile {
 public:
  static Result<ReplacementFile> Create(Env& env, const std::string& path);
  ~ReplacementFile();
  ReplacementFile(ReplacementFile&& other) noexcept = default;
  ReplacementFile& operator=(ReplacementFile&& other) = delete;

  Result<void> Append(std::string_view bytes) { return file_->Append(bytes); }
  Result<void> Sync() { return file_->Sync(); }
  /// Syncs, renames, syncs the folder. After an error the old file may still be the one that is there.
  Result<void> Commit();

 private:
  ReplacementFile(Env& env, const std::string& path, std::string temporary_path,
                  std::unique_ptr<WritableFile> file)
      : env_(&env), path_(path), temporary_path_(std::move(temporary_path)), file_(std::move(file)) {}

  Env* env_;
  std::string path_;
  std::string temporary_path_;
  std::unique_ptr<WritableFile> file_;  // null once it has been committed or moved from
};

}  // namespace ringtail
