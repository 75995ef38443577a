// What the fake has seen and kept: counters and rows. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/http/message.h"
#include "common/sync/mutex.h"
#include "tests/fakes/azure_monitor/call_reader.h"
#include "tests/fakes/azure_monitor/stream.h"

namespace zoomwatch::fakes {

struct StreamState {
  uint64_t calls = 0;  // committed
  uint64_t rows = 0;
  uint64_t bytes = 0;  // of committed bodies after decompression
  RowChanges changes;
};

struct AzureState {
  // Calls by endpoint ("ingestion", "token", "managed_identity", "incident_read", "incident_write", "other") and status. Calls that were cut are under "cut".
  std::map<std::string, std::map<std::string, uint64_t>> answers;
  // Calls of ingestion and incidents that were refused, by the service's error code.
  std::map<std::string, uint64_t> refusals;
  std::map<std::string, StreamState> streams;
  // Of ingestion calls with a valid token, taken or not.
  uint64_t largest_body_bytes = 0;
  uint64_t largest_content_bytes = 0;  // after decompression, as far as that went

  // How many calls of that endpoint got that status; 0 when none.
  uint64_t Answers(const std::string& endpoint, const std::string& status) const;
  std::string ToJson() const;
};

// An ingestion call as it came, for comparing clients.
struct RecordedCall {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case; of Authorization only the scheme
  std::string content;                         // after decompression

  std::string ToJson() const;  // bytes of `content` that are not UTF-8 are not repaired
};

class StateStore {
 public:
  using OnRow = std::function<void(const Stream& stream, std::string_view row)>;

  // Errors: UNAVAILABLE, the file cannot be opened for appending. "" for no file. `on_row` may be null.
  static absl::StatusOr<std::unique_ptr<StateStore>> Open(const std::string& rows_file, size_t keep_rows, OnRow on_row);
  ~StateStore();
  StateStore(const StateStore&) = delete;
  StateStore& operator=(const StateStore&) = delete;

  void CountAnswer(const std::string& endpoint, const std::string& status);
  void CountRefusal(const std::string& code);
  // A call with a valid token, whatever becomes of it.
  void NoteCall(const http::Request& request, std::string_view content);
  // All rows of one call at once: in memory, in the file (with one write), in the counters, and told to `on_row`.
  void Commit(const Stream& stream, CallRows rows, size_t content_bytes);

  AzureState state() const;
  std::vector<std::string> Rows(std::string_view stream) const;
  RecordedCall last_call() const;
  void Forget();

 private:
  StateStore(int file, size_t keep_rows, OnRow on_row) : file_(file), keep_rows_(keep_rows), on_row_(std::move(on_row)) {}

  const int file_;  // -1: none
  const size_t keep_rows_;
  const OnRow on_row_;
  mutable Mutex mutex_;
  AzureState state_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::vector<std::string>, std::less<>> rows_ ABSL_GUARDED_BY(mutex_);
  size_t kept_ ABSL_GUARDED_BY(mutex_) = 0;
  RecordedCall last_call_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace zoomwatch::fakes
