// Alerts on disk, with the position of the rules in the event log: both in one write, so that after a crash the rules go on where
// their alerts end, and no alert is lost or made twice.
//
// Threading: all methods are thread-safe; Commit() from one thread at a time. Ownership: the clock outlives the store.
// Alerts are numbered from 1 without gaps; a number is never given twice. Revisions of one finding (rule and identity) count up, and
// may begin anew when its last alert is older than the retention and kFindingsMatter. A finding that cannot be read back is forgotten,
// which is better than rules that stand still: it may come again, as revision 1. Alerts that were delivered, of which incidents
// were made where they are to be, and that are older than the retention are removed, oldest first.
// Incidents have a position of their own beside that of delivery. It begins behind the alerts that are there when the store is first
// opened with it, and is forgotten when the store is opened without: an alert that came meanwhile makes no incident.
// Errors: STORE_LOCKED, STORAGE_CORRUPT, STORAGE_FAILED; after a failed write everything fails until the store is opened anew.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/kql/types.h"
#include "common/storage/keyed_store.h"
#include "common/sync/mutex.h"
#include "common/time/clock.h"
#include "services/detector/alerts/delivered_alerts.h"
#include "zoomwatch/alert/v1/alert.pb.h"

namespace zoomwatch::detector {

struct AlertStoreOptions {
  std::string directory;
  // How long alerts are kept for readers after they were delivered.
  absl::Duration retention = absl::Hours(24 * 90);
  // Whether incidents are made of alerts.
  bool incidents = false;
};

// For how long a finding may keep the same rule from another alert: the longest queryPeriod and suppressionDuration, with a reserve.
inline constexpr absl::Duration kFindingsMatter = absl::Hours(24 * 16);

// Up to where the rules have evaluated the event log.
struct RulesPosition {
  std::uint64_t sequence = 0;  // last event that the rules have seen
  kql::Ticks clock = 0;        // of the rules; 0: they never ran
};

// The last alert of a finding.
struct KnownFinding {
  std::string rule_id;
  std::uint64_t identity = 0;
  kql::Ticks time = 0;
  int revision = 0;
};

// An alert to store.
struct NewAlert {
  alert::v1::Alert alert;  // without sequence and revision, which the store gives
  std::uint64_t identity = 0;
  kql::Ticks time = 0;
};

class AlertStore {
 public:
  static absl::StatusOr<std::unique_ptr<AlertStore>> Open(AlertStoreOptions options, const Clock& clock);
  // The same over a given store (tests). REQUIRES: it was opened with AlertStoreFamilies().
  static absl::StatusOr<std::unique_ptr<AlertStore>> Open(AlertStoreOptions options, std::unique_ptr<storage::KeyedStore> store,
                                                          const Clock& clock);

  RulesPosition position() const;
  // The findings with alerts after that time, by rule and identity. Removes those that have become too old.
  absl::StatusOr<std::vector<KnownFinding>> KnownFindings(kql::Ticks after);

  // Forgets all of them: identities of rows are of one event log and mean other rows in another one.
  absl::Status ForgetFindings();

  // Stores position and alerts. An alert whose id is known already is left out.
  absl::Status Commit(const RulesPosition& position, std::vector<NewAlert> alerts);

  // Up to `max_items` alerts from `sequence` on, in order. OUT_OF_RANGE: the alert at `sequence` was removed by retention.
  absl::StatusOr<std::vector<alert::v1::Alert>> ReadFrom(std::uint64_t sequence, std::size_t max_items);
  // Waits until the alert at `sequence` is there. False: time ran out, or `stop` was requested.
  bool WaitForAlerts(std::uint64_t sequence, absl::Duration timeout, const std::stop_token& stop);
  // NOT_FOUND: no such alert, or no more.
  absl::StatusOr<alert::v1::Alert> Find(std::string_view alert_id);

  enum class Order { kNewestFirst, kOldestFirst };
  // Alerts that wait for delivery, in this order, at most `max_items`. Newest first becomes oldest first when delivery was interrupted
  // too often (delivered_alerts.h).
  absl::StatusOr<std::vector<alert::v1::Alert>> ReadWaiting(Order order, std::size_t max_items);
  // Waits until `count` alerts wait for delivery. False: as WaitForAlerts().
  bool WaitForWaiting(std::size_t count, absl::Duration timeout, const std::stop_token& stop);
  // How many alerts wait for delivery.
  std::uint64_t WaitingCount() const;
  std::string SinkState() const;
  struct RefusedAlert {
    std::uint64_t sequence = 0;
    std::string reason, message;
  };
  // These alerts need nothing more. Refused ones, of the same, stay in the store; why is kept beside them. REQUIRES: all of them wait.
  absl::Status CommitDelivered(const std::vector<std::uint64_t>& sequences, std::string sink_state, const std::vector<RefusedAlert>& refused);

  // The same for incidents. Of refused alerts the reason is in Alert.incident_refusal from then on. REQUIRES: options.incidents.
  std::uint64_t IncidentPosition() const;
  std::string IncidentSinkState() const;
  absl::Status CommitIncidents(std::uint64_t up_to_sequence, std::string sink_state, const std::vector<RefusedAlert>& refused);

  // Oldest alert that is kept, or EndSequence().
  std::uint64_t FirstSequence() const;
  // The sequence that the next alert will get.
  std::uint64_t EndSequence() const;
  // The error that made the store refuse writes, or OK.
  absl::Status health() const;

 private:
  struct State {
    RulesPosition position;
    std::uint64_t next = 1, first = 1, incidents = 0;
    DeliveredAlerts delivered;
    std::string sink_state, incident_sink_state;
  };
  AlertStore(AlertStoreOptions options, std::unique_ptr<storage::KeyedStore> store, const Clock& clock);
  absl::Status Load();
  // False: it cannot be read.
  static bool ParseState(std::string_view value, State& state);
  // The parts of Load() about what was delivered behind the position, and about incidents. `state` has the rest.
  absl::Status LoadDelivered(State& state);
  absl::Status LoadIncidents(State& state);
  void PutState(const State& state, storage::KeyedBatch& batch) const;
  // Writes the batch with the state, and takes the state over.
  absl::Status Write(storage::KeyedBatch& batch, State state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  // Removes alerts that need nothing more and are too old.
  absl::Status Retain(storage::KeyedBatch& batch, State& state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  State Snapshot() const;

  const AlertStoreOptions options_;
  const std::unique_ptr<storage::KeyedStore> store_;
  const Clock& clock_;
  Mutex write_mutex_;  // before mutex_
  mutable Mutex mutex_;
  CondVar stored_;
  State state_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

std::vector<storage::FamilyOptions> AlertStoreFamilies();

}  // namespace zoomwatch::detector
