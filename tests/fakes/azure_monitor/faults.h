// What goes wrong on request: an ordered list of faults that calls run into. Thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sync/mutex.h"
#include "tests/fakes/azure_monitor/answer.h"
#include "tests/fakes/azure_monitor/call_reader.h"

namespace zoomwatch::fakes {

// Which endpoint.
enum class FaultTarget { kIngestion, kToken, kManagedIdentity, kIncidentRead, kIncidentWrite };

enum class FaultAction {
  // Before anything of the call is looked at:
  kCutInBody,        // the head is read, then the connection is reset
  kAnswer,           // `status`, and nothing is done
  kCutBeforeCommit,  // the whole call is read, then the connection is reset
  kPass,             // nothing but the delay
  // When all checks have passed and the rows are committed (for tokens: when the token is given):
  kCommitThenCut,           // the connection is reset without an answer
  kCommitThenCutInAnswer,   // half of the answer's head is sent, then the connection is reset
  kCommitThenAnswer,        // `status` instead of 204, as a gateway does that has lost patience
  // Calls that have a row whose `column` matches are answered with `status`; nothing of them is kept. Ingestion only.
  kRefuseRows,
};

struct Fault {
  FaultTarget target = FaultTarget::kIngestion;
  FaultAction action = FaultAction::kAnswer;
  int skip = 0;              // so many calls pass first
  int count = 1;             // so many calls run into it; 0: all, until it is removed
  absl::Duration delay;      // before the action; InfiniteDuration(): until the faults are cleared
  int status = 503;          // of an answer
  std::optional<int> retry_after_seconds;
  std::string code;          // "": one that goes with the status
  std::string message;
  std::string column;        // of kRefuseRows
  std::string matches;       // RE2, found anywhere in the value

  Refusal answer() const;
};

// A fault from JSON, with the names
//   target: "ingestion" (default), "token", "managed_identity", "incident_read" (GET), "incident_write" (PUT)
//   action: "answer" (default), "cut_in_body", "cut_before_commit", "pass", "commit_then_cut", "commit_then_cut_in_answer",
//           "commit_then_answer", "refuse_rows"
//   skip, count, delay_ms (-1: until cleared), status, retry_after, code, message, column, matches
// or several as an array. Errors: INVALID_ARGUMENT; unknown names are errors.
absl::StatusOr<std::vector<Fault>> ReadFaults(std::string_view json);

class Faults {
 public:
  enum class Stage { kHead, kCall, kCommit };

  Faults();
  ~Faults();

  // Errors: INVALID_ARGUMENT, `matches` is no RE2. Then it is not added.
  absl::Status Add(Fault fault);
  void Clear();
  // How many faults still have calls to run into them; those for all calls count as one.
  size_t pending() const;

  // The fault that a call to `target` runs into at that stage: the first of the list, which is then used up by one. Waits for its
  // delay. nullopt: none.
  std::optional<Fault> Take(FaultTarget target, Stage stage);

  // Finds rows that a fault refuses; null when there is no such fault. `this` must outlive it.
  std::unique_ptr<RowInspector> MakeRowInspector();

  // Ends all delays, also those to come.
  void Stop();

 private:
  struct Entry;
  class Inspector;
  void Wait(absl::Duration delay) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);  // gives the mutex away meanwhile
  bool UseUp(size_t index) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<std::shared_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
  int clearings_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace zoomwatch::fakes
