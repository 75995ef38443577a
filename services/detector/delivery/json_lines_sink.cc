#include "services/detector/delivery/json_lines_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "common/log/log.h"
#include "common/status/reasons.h"

namespace zoomwatch::detector {

JsonLinesSink::~JsonLinesSink() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status JsonLinesSink::Failed(std::string_view what) const {
  return Error(Reason::kSinkFailed, fmt::format("{}: {}: {}", file_, what, std::strerror(errno)));
}

absl::Status JsonLinesSink::SetAside() {
  std::string aside;
  for (int number = 1; aside.empty() || access(aside.c_str(), F_OK) == 0; ++number) {
    aside = fmt::format("{}.uncommitted.{}", file_, number);
  }
  if (rename(file_.c_str(), aside.c_str()) != 0) return Failed("cannot be set aside");
  Log(Severity::kWarning, "the store knows nothing of the rows in the file, which was set aside",
      {{"file", file_}, {"now", aside}});
  close(descriptor_);
  descriptor_ = -1;
  return Open("");
}

absl::Status JsonLinesSink::Open(const std::string& state) {
  uint64_t committed = 0;
  const auto [end, error] = std::from_chars(state.data(), state.data() + state.size(), committed);
  if (!state.empty() && (error != std::errc() || end != state.data() + state.size())) {
    return Error(Reason::kSinkFailed, fmt::format("{}: the store holds the state of another kind of sink", file_));
  }
  std::error_code ignored;  // a folder that cannot be made shows as the failure to open the file
  std::filesystem::create_directories(std::filesystem::path(file_).parent_path(), ignored);
  descriptor_ = open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (descriptor_ < 0) return Failed("cannot be opened");
  if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) return Failed("is in use by another process");
  struct stat status {};
  if (fstat(descriptor_, &status) != 0) return Failed("cannot be examined");
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size < committed) {
    return Error(
        Reason::kSinkFailed,
        fmt::format("{}: {} bytes, but {} were committed; move the file away to start a new one from here, and "
                    "recover the missing rows from a copy",
                    file_, size, committed));
  }
  // Without any commit nothing says whose rows these are: the first ones before a crash, or everything that a lost
  // store had delivered.
  if (state.empty() && size > 0) return SetAside();
  if (size > committed && ftruncate(descriptor_, static_cast<off_t>(committed)) != 0) return Failed("cannot be cut");
  if (fdatasync(descriptor_) != 0) return Failed("cannot be synced");
  length_ = committed;
  return absl::OkStatus();
}

SendOutcome JsonLinesSink::Send(const std::vector<OutgoingRow>& rows, const std::stop_token&) {
  if (absl::Status status = Write(rows); !status.ok())
    return {.next = SendOutcome::Next::kRetry, .status = std::move(status)};
  return {.settled = rows.size()};
}

absl::Status JsonLinesSink::Write(const std::vector<OutgoingRow>& rows) {
  buffer_.clear();
  for (const OutgoingRow& row : rows) {
    buffer_ += row.json;
    buffer_ += '\n';
  }
  // A failed attempt may have written a part; the next one writes over it from the same place.
  size_t written = 0;
  while (written < buffer_.size()) {
    const ssize_t count =
        pwrite(descriptor_, buffer_.data() + written, buffer_.size() - written, static_cast<off_t>(length_ + written));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Failed("cannot be written");
    written += static_cast<size_t>(count);
  }
  if (fdatasync(descriptor_) != 0) return Failed("cannot be synced");
  length_ += buffer_.size();
  return absl::OkStatus();
}

std::string JsonLinesSink::State() const { return fmt::format("{}", length_); }

}  // namespace zoomwatch::detector
