#include "tests/fakes/azure_monitor/faults.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <boost/json.hpp>

#include "absl/status/status.h"
#include "common/time/clock.h"
#include "tests/fakes/azure_monitor/jwt.h"

namespace zoomwatch::fakes {
namespace {

struct ActionName {
  std::string_view name;
  FaultAction action;
};
constexpr ActionName kActions[] = {
    {"answer", FaultAction::kAnswer},
    {"cut_in_body", FaultAction::kCutInBody},
    {"cut_before_commit", FaultAction::kCutBeforeCommit},
    {"pass", FaultAction::kPass},
    {"commit_then_cut", FaultAction::kCommitThenCut},
    {"commit_then_cut_in_answer", FaultAction::kCommitThenCutInAnswer},
    {"commit_then_answer", FaultAction::kCommitThenAnswer},
    {"refuse_rows", FaultAction::kRefuseRows},
};

struct TargetName {
  std::string_view name;
  FaultTarget target;
};
constexpr TargetName kTargets[] = {
    {"ingestion", FaultTarget::kIngestion},
    {"token", FaultTarget::kToken},
    {"managed_identity", FaultTarget::kManagedIdentity},
    {"incident_read", FaultTarget::kIncidentRead},
    {"incident_write", FaultTarget::kIncidentWrite},
};

constexpr std::string_view kNames[] = {"target", "action",      "skip", "count",   "delay_ms", "status",
                                       "code",   "retry_after", "message", "column", "matches"};

std::optional<Faults::Stage> StageOf(FaultAction action) {
  switch (action) {
    case FaultAction::kCutInBody: return Faults::Stage::kHead;
    case FaultAction::kAnswer:
    case FaultAction::kCutBeforeCommit:
    case FaultAction::kPass: return Faults::Stage::kCall;
    case FaultAction::kCommitThenCut:
    case FaultAction::kCommitThenCutInAnswer:
    case FaultAction::kCommitThenAnswer: return Faults::Stage::kCommit;
    case FaultAction::kRefuseRows: return std::nullopt;
  }
  return std::nullopt;
}

std::string_view DefaultCode(int status) {
  switch (status) {
    case 400: return "InvalidRequest";
    case 401: return "InvalidAuthenticationToken";
    case 403: return "OperationFailed";
    case 404: return "NotFound";
    case 413: return "ContentLengthLimitExceeded";
    case 429: return "TooManyRequests";
    case 503: return "ServiceUnavailable";
    default: return "Error";
  }
}

absl::StatusOr<Fault> ReadFault(const boost::json::object& object) {
  Fault fault;
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames)) {
      return absl::InvalidArgumentError(fmt::format("fault: unknown name '{}'", name));
    }
  }
  if (const std::string_view target = TextIn(object, "target"); !target.empty()) {
    const auto found = std::find_if(std::begin(kTargets), std::end(kTargets), [&](const TargetName& row) { return row.name == target; });
    if (found == std::end(kTargets)) return absl::InvalidArgumentError(fmt::format("fault: unknown target '{}'", target));
    fault.target = found->target;
  }
  if (const std::string_view action = TextIn(object, "action"); !action.empty()) {
    const auto found = std::find_if(std::begin(kActions), std::end(kActions), [&](const ActionName& row) { return row.name == action; });
    if (found == std::end(kActions)) return absl::InvalidArgumentError(fmt::format("fault: unknown action '{}'", action));
    fault.action = found->action;
  }
  const bool refuses_rows = fault.action == FaultAction::kRefuseRows;
  fault.skip = static_cast<int>(IntegerIn(object, "skip").value_or(0));
  fault.count = static_cast<int>(IntegerIn(object, "count").value_or(refuses_rows ? 0 : 1));
  fault.status = static_cast<int>(IntegerIn(object, "status").value_or(refuses_rows ? 400 : 503));
  if (fault.status < 200 || fault.status > 599) return absl::InvalidArgumentError(fmt::format("fault: status {}", fault.status));
  const int64_t delay = IntegerIn(object, "delay_ms").value_or(0);
  fault.delay = delay < 0 ? absl::InfiniteDuration() : absl::Milliseconds(delay);
  if (const auto seconds = IntegerIn(object, "retry_after")) fault.retry_after_seconds = static_cast<int>(*seconds);
  fault.code = TextIn(object, "code");
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (!std::all_of(fault.code.begin(), fault.code.end(), is_letter)) {
    return absl::InvalidArgumentError("fault: code: letters and digits only, it goes into a header");
  }
  fault.message = TextIn(object, "message");
  fault.column = TextIn(object, "column");
  fault.matches = TextIn(object, "matches");
  if (refuses_rows && fault.column.empty()) return absl::InvalidArgumentError("fault: refuse_rows needs a column");
  return fault;
}

}  // namespace

Refusal Fault::answer() const {
  return {.status = status,
          .code = code.empty() ? std::string(DefaultCode(status)) : code,
          .message = message.empty() ? "This answer was asked for." : message,
          .retry_after_seconds = retry_after_seconds};
}

absl::StatusOr<std::vector<Fault>> ReadFaults(std::string_view json) {
  boost::system::error_code error;
  const boost::json::value root = boost::json::parse(boost::json::string_view(json.data(), json.size()), error);
  if (error) return absl::InvalidArgumentError("fault: not JSON: " + error.message());
  const boost::json::array entries = root.is_array() ? root.get_array() : boost::json::array{root};
  std::vector<Fault> faults;
  for (const boost::json::value& entry : entries) {
    if (!entry.is_object()) return absl::InvalidArgumentError("fault: not an object");
    absl::StatusOr<Fault> fault = ReadFault(entry.get_object());
    if (!fault.ok()) return fault.status();
    faults.push_back(*std::move(fault));
  }
  return faults;
}

struct Faults::Entry {
  explicit Entry(Fault what) : fault(std::move(what)), pattern(fault.matches, RE2::Quiet), skip(fault.skip), left(fault.count) {}

  const Fault fault;
  const RE2 pattern;
  int skip;  // guarded by Faults::mutex_, as is left
  int left;
};

Faults::Faults() = default;
Faults::~Faults() = default;

absl::Status Faults::Add(Fault fault) {
  auto entry = std::make_shared<Entry>(std::move(fault));
  if (!entry->pattern.ok()) return absl::InvalidArgumentError("fault: matches: " + entry->pattern.error());
  MutexLock lock(mutex_);
  entries_.push_back(std::move(entry));
  return absl::OkStatus();
}

void Faults::Clear() {
  MutexLock lock(mutex_);
  entries_.clear();
  ++clearings_;
  changed_.NotifyAll();
}

void Faults::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  changed_.NotifyAll();
}

size_t Faults::pending() const {
  MutexLock lock(mutex_);
  return entries_.size();
}

bool Faults::UseUp(size_t index) {
  Entry& entry = *entries_[index];
  if (entry.skip > 0) {
    --entry.skip;
    return false;
  }
  if (entry.fault.count > 0 && --entry.left == 0) entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(index));
  return true;
}

std::optional<Fault> Faults::Take(FaultTarget target, Stage stage) {
  // One lock from taking to waiting: who sees that the fault is used up may clear at once, and that must end this delay.
  MutexLock lock(mutex_);
  std::optional<Fault> taken;
  for (size_t i = 0; i < entries_.size() && !taken; ++i) {
    const std::shared_ptr<Entry> entry = entries_[i];
    if (entry->fault.target == target && StageOf(entry->fault.action) == stage && UseUp(i)) taken = entry->fault;
  }
  if (taken && taken->delay > absl::ZeroDuration()) Wait(taken->delay);
  return taken;
}

void Faults::Wait(absl::Duration delay) {
  const absl::Duration end = SystemClock::Get().Monotonic() + delay;
  const int clearings = clearings_;
  while (!stopped_ && clearings_ == clearings) {
    if (delay == absl::InfiniteDuration()) {
      changed_.Wait(mutex_);
      continue;
    }
    const absl::Duration left = end - SystemClock::Get().Monotonic();
    if (left <= absl::ZeroDuration()) return;
    changed_.WaitFor(mutex_, left);
  }
}

class Faults::Inspector final : public RowInspector {
 public:
  Inspector(Faults& faults, std::vector<std::shared_ptr<Entry>> entries) : faults_(faults), entries_(std::move(entries)) {}

  std::optional<Refusal> Inspect(std::string_view column, std::string_view value) override {
    for (const std::shared_ptr<Entry>& entry : entries_) {
      if (entry->fault.column == column && RE2::PartialMatch(value, entry->pattern) && UseUp(entry)) return entry->fault.answer();
    }
    return std::nullopt;
  }

 private:
  // False: it lets this call pass, or another call has used it up.
  bool UseUp(const std::shared_ptr<Entry>& entry) {
    MutexLock lock(faults_.mutex_);
    const auto found = std::find(faults_.entries_.begin(), faults_.entries_.end(), entry);
    return found != faults_.entries_.end() && faults_.UseUp(static_cast<size_t>(found - faults_.entries_.begin()));
  }

  Faults& faults_;
  const std::vector<std::shared_ptr<Entry>> entries_;
};

std::unique_ptr<RowInspector> Faults::MakeRowInspector() {
  std::vector<std::shared_ptr<Entry>> entries;
  MutexLock lock(mutex_);
  for (const std::shared_ptr<Entry>& entry : entries_) {
    if (entry->fault.action == FaultAction::kRefuseRows) entries.push_back(entry);
  }
  if (entries.empty()) return nullptr;
  return std::make_unique<Inspector>(*this, std::move(entries));
}

}  // namespace zoomwatch::fakes
