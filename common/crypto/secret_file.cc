#include "common/crypto/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch {
namespace {

absl::Status Unreadable(const std::string& path, const std::string& why) {
  return Error(Reason::kSecretUnreadable, path + ": " + why);
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace

absl::StatusOr<Secret> ReadFileAsSecret(const std::string& path) {
  // Not blocking, so that a named pipe by mistake does not hang the start; regular files ignore the flag.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return Unreadable(path, std::strerror(errno));
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return Unreadable(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return Unreadable(path, "not a regular file");

  if (static_cast<uint64_t>(status.st_size) > kMaxSecretFileBytes) return Unreadable(path, "more than 1048576 bytes");

  // One buffer of full size from the start: a growing string would leave copies of the secret in freed memory.
  std::string content(static_cast<size_t>(status.st_size) + 1, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = read(file.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unreadable(path, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  const Secret wiped(std::move(content));
  if (size > static_cast<size_t>(status.st_size)) return Unreadable(path, "grew while it was read");
  return Secret(std::string(wiped.Reveal().substr(0, size)));
}

absl::StatusOr<Secret> ReadSecretFile(const std::string& path) {
  ZOOMWATCH_ASSIGN_OR_RETURN(const Secret content, ReadFileAsSecret(path));
  constexpr std::string_view kWhitespace = " \t\r\n";
  std::string_view text = content.Reveal();
  const size_t begin = text.find_first_not_of(kWhitespace);
  if (begin == std::string_view::npos) return Error(Reason::kSecretEmpty, path + ": the file is empty");
  text = text.substr(begin, text.find_last_not_of(kWhitespace) - begin + 1);
  return Secret(std::string(text));
}

}  // namespace zoomwatch
