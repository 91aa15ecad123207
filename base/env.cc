#include "base/env.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace ringtail {
namespace {

constexpr mode_t kFileMode = 0644;
constexpr mode_t kFolderMode = 0755;

Error Failed(const char* what, const std::string& path) {
  return Error{std::string("cannot ") + what + " " + path + ": " + std::strerror(errno)};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  Result<size_t> Read(std::span<char> room) override {
    for (;;) {
      const ssize_t count = ::read(fd_.get(), room.data(), room.size());
      if (count >= 0) return static_cast<size_t>(count);
      if (errno != EINTR) return Failed("read", path_);
    }
  }
  Result<uint64_t> Size() override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return Failed("look at", path_);
    return static_cast<uint64_t>(status.st_size);
  }

 private:
  const Descriptor fd_;
  const std::string path_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  Result<void> Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
      if (count >= 0) {
        bytes.remove_prefix(static_cast<size_t>(count));
      } else if (errno != EINTR) {
        return Failed("write to", path_);
      }
    }
    return {};
  }
  Result<void> Sync() override {
    if (::fdatasync(fd_.get()) != 0) return Failed("sync", path_);
    return {};
  }

 private:
  const Descriptor fd_;
  const std::string path_;
};

class PosixEnvironment final : public Env {
 public:
  Result<std::unique_ptr<ReadableFile>> OpenFile(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return Failed("open", path);
    return std::unique_ptr<ReadableFile>(std::make_unique<PosixReadableFile>(fd, path));
  }
  Result<std::unique_ptr<WritableFile>> CreateFile(const std::string& path) override {
    return Writable(path, O_TRUNC, "create");
  }
  Result<std::unique_ptr<WritableFile>> AppendToFile(const std::string& path) override {
    return Writable(path, O_APPEND, "open");
  }
  Result<void> RenameFile(const std::string& from, const std::string& to) override {
    if (std::rename(from.c_str(), to.c_str()) != 0) return Failed("rename", from + " to " + to);
    return {};
  }
  Result<void> RemoveFile(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return Failed("remove", path);
    return {};
  }
  Result<void> TruncateFile(const std::string& path, uint64_t size) override {
    if (::truncate(path.c_str(), static_cast<off_t>(size)) != 0) return Failed("truncate", path);
    return {};
  }
  bool HasFile(const std::string& path) override {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0;
  }
  Result<void> CreateFolder(const std::string& path) override {
    if (::mkdir(path.c_str(), kFolderMode) != 0 && errno != EEXIST) return Failed("create", path);
    return {};
  }
  Result<std::vector<std::string>> ListFolder(const std::string& path) override {
    DIR* const folder = ::opendir(path.c_str());
    if (folder == nullptr) return Failed("list", path);
    std::vector<std::string> names;
    while (const dirent* item = ::readdir(folder)) {
      const std::string_view name = item->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(folder);
    return names;
  }
  Result<void> SyncFolder(const std::string& path) override {
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0) return Failed("open", path);
    if (::fsync(folder.get()) != 0) return Failed("sync", path);
    return {};
  }

 private:
  static Result<std::unique_ptr<WritableFile>> Writable(const std::string& path, int flags,
                                                        const char* what) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, kFileMode);
    if (fd < 0) return Failed(what, path);
    return std::unique_ptr<WritableFile>(std::make_unique<PosixWritableFile>(fd, path));
  }
};

}  // namespace

Env& PosixEnv() {
  static PosixEnvironment env;
  return env;
}

std::string FolderOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

Result<ReplacementFile> ReplacementFile::Create(Env& env, const std::string& path) {
  std::string temporary_path = path + "." + std::to_string(::getpid()) + ".tmp";
  TRY(auto file, env.CreateFile(temporary_path));
  return ReplacementFile(env, path, std::move(temporary_path), std::move(file));
}

// Nobody can be told if the removal fails; the next one of this name writes over it.
ReplacementFile::~ReplacementFile() {
  if (file_ != nullptr) static_cast<void>(env_->RemoveFile(temporary_path_));
}

Result<void> ReplacementFile::Commit() {
  TRY_VOID(file_->Sync());
  TRY_VOID(env_->RenameFile(temporary_path_, path_));
  file_.reset();
  return env_->SyncFolder(FolderOf(path_));
}

}  // namespace ringtail
