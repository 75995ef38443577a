#include "services/detector/hunt/hunt_service.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/event_table/event_catalog.h"
#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/log/log.h"
#include "common/status/grpc_status.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/sync/mutex.h"
#include "services/detector/hunt/event_tables.h"
#include "services/detector/hunt/hunt_metrics.h"
#include "services/detector/hunt/hunt_writer.h"
#include "zoomwatch/hunt/v1/hunt_service.grpc.pb.h"

namespace zoomwatch::detector {
namespace {

using hunt::v1::HuntRequest;
using hunt::v1::HuntResponse;
using kql::Ticks;

constexpr std::size_t kMaxQueryBytes = std::size_t{1} << 20;
// The message of an error travels in a header, which carries not much more.
constexpr std::size_t kMaxExplanationBytes = 1000;

// The tables as they are before the event at that sequence.
event_table::EventCatalog CatalogOf(const EventLog& log, std::uint64_t end_sequence) {
  event_table::LegacyNames names;
  for (const auto& [name, sequence] : *log.Columns()) {
    if (sequence < end_sequence) names.insert(name);
  }
  return event_table::EventCatalog(std::make_shared<const event_table::LegacyNames>(std::move(names)));
}

absl::Status Invalid(const std::string& message) { return Error(Reason::kQueryInvalid, message); }

absl::StatusOr<Ticks> TicksOf(std::string_view field, const google::protobuf::Timestamp& time) {
  constexpr std::int64_t kFirst = (kql::kMinDateTime - kql::kUnixEpoch) / kql::kTicksPerSecond;
  constexpr std::int64_t kLast = (kql::kMaxDateTime - kql::kUnixEpoch) / kql::kTicksPerSecond;
  if (time.seconds() < kFirst || time.seconds() > kLast || time.nanos() < 0 || time.nanos() > 999'999'999) {
    return Invalid(fmt::format("{}: {} s and {} ns is no time of the years 1 to 9999", field, time.seconds(), time.nanos()));
  }
  return kql::kUnixEpoch + time.seconds() * kql::kTicksPerSecond + time.nanos() / 100;
}

// All mistakes that fit.
absl::Status Mistakes(std::string_view query, const std::vector<kql::Diagnostic>& diagnostics) {
  std::string text;
  int left_out = 0;
  for (const kql::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != kql::Severity::kError) continue;
    const std::string explained = kql::Explain(query, diagnostic);
    if (left_out == 0 && text.size() + explained.size() <= kMaxExplanationBytes) text += explained;
    else if (text.empty()) text = fmt::format("query:{}:{}: {}\n", diagnostic.line, diagnostic.column, diagnostic.message);
    else ++left_out;
  }
  if (left_out > 0) text += fmt::format("and {} more", left_out);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return Invalid(text);
}

struct TimeRange {
  Ticks now = 0;
  Ticks from = kql::kMinDateTime;  // exclusive
  Ticks to = kql::kMaxDateTime;    // inclusive
};

absl::StatusOr<TimeRange> RangeOf(const HuntRequest& request, const Clock& clock) {
  TimeRange range;
  range.now = kql::kUnixEpoch + absl::ToUnixMicros(clock.Now()) * kql::kTicksPerMicrosecond;
  if (request.has_now()) {
    ZOOMWATCH_ASSIGN_OR_RETURN(range.now, TicksOf("now", request.now()));
  }
  if (request.has_from_time()) {
    ZOOMWATCH_ASSIGN_OR_RETURN(range.from, TicksOf("from_time", request.from_time()));
    --range.from;
  }
  if (request.has_to_time()) {
    ZOOMWATCH_ASSIGN_OR_RETURN(range.to, TicksOf("to_time", request.to_time()));
    --range.to;
  }
  return range;
}

// The limits of a query have no reason of their own; what comes from elsewhere has one.
absl::Status WithReason(const absl::Status& status) {
  if (!absl::IsResourceExhausted(status) || ReasonOf(status).has_value()) return status;
  return Error(Reason::kQueryLimit, std::string(status.message()));
}

std::string_view ResultOf(const absl::Status& status) {
  if (status.ok()) return "ok";
  if (absl::IsCancelled(status)) return "cancelled";
  if (absl::IsDeadlineExceeded(status)) return "deadline";
  switch (ReasonOf(status).value_or(Reason::kStorageFailed)) {
    case Reason::kQueryInvalid: return "invalid";
    case Reason::kQueryLimit: return "limit";
    case Reason::kOverloaded: return "overloaded";
    case Reason::kShuttingDown: return "stopping";
    default: return "failed";
  }
}

}  // namespace

class HuntService::Server final : public hunt::v1::HuntService::Service {
 public:
  Server(HuntOptions options, EventLog& log, const Clock& clock, Metrics& metrics)
      : options_(std::move(options)), log_(log), clock_(clock), metrics_(metrics) {}

  grpc::Status Hunt(grpc::ServerContext* context, const HuntRequest* request, grpc::ServerWriter<HuntResponse>* stream) override {
    const absl::Duration begin = clock_.Monotonic();
    absl::Status status = Enter(context);
    const bool entered = status.ok();
    if (entered) {
      status = WithReason(Run(*context, *request, *stream, begin));
      metrics_.Histogram(kHuntSeconds).Observe(absl::ToDoubleSeconds(clock_.Monotonic() - begin));
    }
    metrics_.Counter(kHunts, {ResultOf(status)}).Increment();
    if (entered) Leave(context);  // after it was counted: who sees that none runs finds all of them in the counters
    // The text stays out: people search for names.
    Log(Severity::kInfo, "hunt", {{"peer", context->peer()},
                                  {"result", ResultOf(status)},
                                  {"query_bytes", request->query().size()},
                                  {"seconds", absl::ToDoubleSeconds(clock_.Monotonic() - begin)}});
    return ToGrpcStatus(status);
  }

  void Stop() {
    MutexLock lock(mutex_);
    stopping_ = true;
    const absl::Duration end = clock_.Monotonic() + options_.stop_grace;
    while (!running_.empty() && clock_.Monotonic() < end) left_.WaitFor(mutex_, end - clock_.Monotonic());
    // They wait for a caller who does not read.
    for (grpc::ServerContext* context : running_) context->TryCancel();
  }

 private:
  absl::Status Enter(grpc::ServerContext* context) {
    MutexLock lock(mutex_);
    if (stopping_) return Error(Reason::kShuttingDown, "hunting: the detector is stopping");
    if (running_.size() >= static_cast<std::size_t>(options_.max_hunts)) {
      return Error(Reason::kOverloaded, fmt::format("hunting: {} queries are running", running_.size()));
    }
    running_.insert(context);
    metrics_.Gauge(kHuntsRunning).Set(static_cast<double>(running_.size()));
    return absl::OkStatus();
  }

  void Leave(grpc::ServerContext* context) {
    MutexLock lock(mutex_);
    running_.erase(context);
    metrics_.Gauge(kHuntsRunning).Set(static_cast<double>(running_.size()));
    left_.NotifyAll();
  }

  // Whether the query may go on.
  absl::Status Check(grpc::ServerContext& context, absl::Duration begin) {
    if (clock_.Monotonic() - begin >= options_.max_duration) {
      return absl::ResourceExhaustedError(fmt::format("the query ran for max_duration {}", absl::FormatDuration(options_.max_duration)));
    }
    if (clock_.Now() >= absl::FromChrono(context.deadline())) return absl::DeadlineExceededError("the query took too long");
    if (context.IsCancelled()) return absl::CancelledError("the caller is gone");
    MutexLock lock(mutex_);
    return stopping_ ? Error(Reason::kShuttingDown, "hunting: the detector is stopping") : absl::OkStatus();
  }

  absl::Status Run(grpc::ServerContext& context, const HuntRequest& request, grpc::ServerWriter<HuntResponse>& stream,
                   absl::Duration begin) {
    if (request.query().empty() || request.query().size() > kMaxQueryBytes) {
      return Invalid(fmt::format("query: has {} bytes, not 1 to {}", request.query().size(), kMaxQueryBytes));
    }
    if (request.max_rows() < 0) return Invalid("max_rows: is negative");
    ZOOMWATCH_ASSIGN_OR_RETURN(const TimeRange range, RangeOf(request, clock_));
    const std::uint64_t end_sequence = log_.EndSequence();
    const kql::BoundQuery query = kql::Compile(request.query(), CatalogOf(log_, end_sequence));
    if (query.root == nullptr || kql::HasErrors(query.diagnostics)) return Mistakes(request.query(), query.diagnostics);

    HuntWriter writer(stream, clock_);
    ZOOMWATCH_RETURN_IF_ERROR(writer.WriteSchema(request.query(), query));
    if (request.check_only()) return writer.Finish({});
    const auto check = [&]() -> absl::Status {
      ZOOMWATCH_RETURN_IF_ERROR(Check(context, begin));
      return writer.Tick();
    };
    EventTables tables(log_, range.from, range.to, end_sequence, [&](const ReadProgress& progress) {
      writer.SetProgress(progress);
      return check();
    });
    const kql::ExecutionOptions execution{
        .now = range.now, .limits = LimitsOf(request), .check = check, .monotonic = [this] { return clock_.Monotonic(); }};
    ZOOMWATCH_ASSIGN_OR_RETURN(const kql::ExecutionStatistics statistics,
                               kql::Execute(query, tables, execution, [&](const kql::Block& block) { return writer.AddRows(block); }));
    metrics_.Counter(kHuntScannedEvents).Increment(static_cast<double>(statistics.scanned.rows));
    return writer.Finish(statistics);
  }

  kql::ExecutionLimits LimitsOf(const HuntRequest& request) const {
    kql::ExecutionLimits limits{.max_memory_bytes = options_.max_memory_bytes,
                                .max_result_rows = options_.max_result_rows,
                                .max_result_bytes = options_.max_result_bytes};
    if (request.max_rows() > 0) limits.max_result_rows = std::min(limits.max_result_rows, static_cast<std::uint64_t>(request.max_rows()));
    return limits;
  }

  const HuntOptions options_;
  EventLog& log_;
  const Clock& clock_;
  Metrics& metrics_;
  Mutex mutex_;
  CondVar left_;
  std::set<grpc::ServerContext*> running_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

HuntService::HuntService(HuntOptions options, EventLog& log, const Clock& clock, Metrics& metrics)
    : server_(std::make_unique<Server>(std::move(options), log, clock, metrics)) {}
HuntService::~HuntService() = default;
grpc::Service* HuntService::service() { return server_.get(); }
void HuntService::Stop() { server_->Stop(); }

}  // namespace zoomwatch::detector
