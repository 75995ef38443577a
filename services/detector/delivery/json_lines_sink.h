// Rows as JSON lines in a file, each exactly once.
//
// The committed state is the length of the file up to which rows are committed. After a crash the file may hold rows
// beyond it, which come again: Open() cuts them off. Lines before the state are never touched. The detector is the
// file's only writer: a lock is held on it, and a file that is shorter than the state is an error and not repaired. A
// file with rows when nothing was ever committed (a crash before the first commit, or a lost store) is set aside as
// <file>.uncommitted.<n>, with a warning, and a new one begins. Not thread-safe. Errors: SINK_FAILED.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/detector/delivery/row_sink.h"

namespace zoomwatch::detector {

class JsonLinesSink final : public RowSink {
 public:
  explicit JsonLinesSink(std::string file) : file_(std::move(file)) {}
  ~JsonLinesSink() override;

  absl::Status Open(const std::string& state) override;
  // All rows or none; an attempt waits for nothing but the disk.
  SendOutcome Send(const std::vector<OutgoingRow>& rows, const std::stop_token& stop) override;
  std::string State() const override;

 private:
  absl::Status Write(const std::vector<OutgoingRow>& rows);
  absl::Status Failed(std::string_view what) const;
  absl::Status SetAside();

  const std::string file_;
  int descriptor_ = -1;
  uint64_t length_ = 0;  // of what was delivered
  std::string buffer_;
};

}  // namespace zoomwatch::detector
