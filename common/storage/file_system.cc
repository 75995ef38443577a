#include "common/storage/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch::storage {
namespace {

constexpr int kFileMode = 0600;    // webhooks hold personal data
constexpr int kFolderMode = 0700;

absl::Status SystemError(std::string_view what, const std::string& path, int error) {
  const std::string message = fmt::format("{} {}: {}", what, path, std::generic_category().message(error));
  if (error == ENOENT) return absl::NotFoundError(message);
  return Error(Reason::kStorageFailed, message);
}

class PosixFile final : public File {
 public:
  PosixFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  ~PosixFile() override { close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  absl::Status WriteAt(uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return SystemError("write", path_, written < 0 ? errno : EIO);
      offset += static_cast<uint64_t>(written);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* buffer) override {
    size_t total = 0;
    while (total < size) {
      const ssize_t got = pread(descriptor_, buffer + total, size - total, static_cast<off_t>(offset + total));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return SystemError("read", path_, errno);
      if (got == 0) break;
      total += static_cast<size_t>(got);
    }
    return total;
  }

  absl::Status SyncData() override {
    return fdatasync(descriptor_) == 0 ? absl::OkStatus() : SystemError("fdatasync", path_, errno);
  }

  absl::StatusOr<uint64_t> Size() override {
    struct stat info {};
    if (fstat(descriptor_, &info) != 0) return SystemError("stat", path_, errno);
    return static_cast<uint64_t>(info.st_size);
  }

 private:
  const std::string path_;
  const int descriptor_;
};

class PosixFolderLock final : public FolderLock {
 public:
  explicit PosixFolderLock(int descriptor) : descriptor_(descriptor) {}
  ~PosixFolderLock() override { close(descriptor_); }
  PosixFolderLock(const PosixFolderLock&) = delete;
  PosixFolderLock& operator=(const PosixFolderLock&) = delete;

 private:
  const int descriptor_;
};

class PosixFiles final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<File>> Create(const std::string& path) override {
    return OpenFile(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC);
  }
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) override {
    return OpenFile(path, O_RDWR | O_CLOEXEC);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return rename(from.c_str(), to.c_str()) == 0 ? absl::OkStatus() : SystemError("rename", from, errno);
  }
  absl::Status Remove(const std::string& path) override {
    return unlink(path.c_str()) == 0 ? absl::OkStatus() : SystemError("remove", path, errno);
  }

  absl::Status MakeFolder(const std::string& path) override {
    if (mkdir(path.c_str(), kFolderMode) == 0) return SyncFolder(ParentOf(path));
    if (errno == EEXIST) return absl::OkStatus();
    if (errno != ENOENT) return SystemError("make folder", path, errno);
    const std::string parent = ParentOf(path);
    if (parent == path) return SystemError("make folder", path, ENOENT);
    ZOOMWATCH_RETURN_IF_ERROR(MakeFolder(parent));
    if (mkdir(path.c_str(), kFolderMode) != 0 && errno != EEXIST) return SystemError("make folder", path, errno);
    return SyncFolder(parent);
  }

  absl::Status SyncFolder(const std::string& path) override {
    const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return SystemError("open folder", path, errno);
    const int result = fsync(descriptor);
    const int error = errno;
    close(descriptor);
    return result == 0 ? absl::OkStatus() : SystemError("fsync", path, error);
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override {
    DIR* const folder = opendir(path.c_str());
    if (folder == nullptr) return SystemError("list", path, errno);
    std::vector<std::string> names;
    while (const dirent* const entry = readdir(folder)) {
      std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(std::move(name));
    }
    closedir(folder);
    std::sort(names.begin(), names.end());
    return names;
  }

  absl::StatusOr<std::unique_ptr<FolderLock>> Lock(const std::string& folder) override {
    const std::string path = folder + "/LOCK";
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
    if (descriptor < 0) return SystemError("open", path, errno);
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return std::make_unique<PosixFolderLock>(descriptor);
    const int error = errno;
    close(descriptor);
    if (error != EWOULDBLOCK) return SystemError("lock", path, error);
    return Error(Reason::kStoreLocked, fmt::format("{}: another process has the folder open", folder));
  }

 private:
  static std::string ParentOf(const std::string& path) {
    const size_t end = path.find_last_not_of('/');
    if (end == std::string::npos) return "/";
    const size_t slash = path.rfind('/', end);
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
  }

  static absl::StatusOr<std::unique_ptr<File>> OpenFile(const std::string& path, int flags) {
    const int descriptor = open(path.c_str(), flags, kFileMode);
    if (descriptor < 0) return SystemError("open", path, errno);
    return std::make_unique<PosixFile>(path, descriptor);
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  static PosixFiles files;
  return files;
}

absl::StatusOr<std::string> ReadWholeFile(FileSystem& files, const std::string& path, uint64_t max_bytes) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, files.Open(path));
  ZOOMWATCH_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size > max_bytes) {
    return Error(Reason::kStorageFailed, fmt::format("{}: {} bytes exceeds {}", path, size, max_bytes));
  }
  std::string bytes(size, '\0');
  ZOOMWATCH_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(0, bytes.size(), bytes.data()));
  bytes.resize(got);
  return bytes;
}

absl::Status ReplaceFile(FileSystem& files, const std::string& folder, const std::string& name, std::string_view bytes) {
  const std::string path = folder + "/" + name;
  const std::string temporary = path + ".tmp";
  {
    ZOOMWATCH_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, files.Create(temporary));
    ZOOMWATCH_RETURN_IF_ERROR(file->WriteAt(0, bytes));
    ZOOMWATCH_RETURN_IF_ERROR(file->SyncData());
  }
  ZOOMWATCH_RETURN_IF_ERROR(files.Rename(temporary, path));
  return files.SyncFolder(folder);
}

}  // namespace zoomwatch::storage
