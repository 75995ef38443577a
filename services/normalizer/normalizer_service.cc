#include "services/normalizer/normalizer_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "common/log/log.h"
#include "common/log/trace_id.h"
#include "common/status/reasons.h"
#include "common/sync/mutex.h"
#include "services/normalizer/metrics.h"

namespace zoomwatch {

using detect::v1::EventItem;
using ingest::v1::RawWebhook;

// All series, fetched once.
class NormalizerService::Counters {
 public:
  explicit Counters(Metrics& metrics)
      : metrics_(metrics),
        other_(metrics.Counter(kNormalizerEvents, {"other"})),
        unknown_(metrics.Counter(kNormalizerUnknownEvents)),
        redactions_(metrics.Counter(kNormalizerRedactions)),
        delay_(metrics.Histogram(kNormalizerEventDelay)),
        in_flight_(metrics.Gauge(kNormalizerBatchesInFlight)),
        from_event_ts_(metrics.Counter(kNormalizerTimeSources, {"event_ts"})),
        from_payload_(metrics.Counter(kNormalizerTimeSources, {"payload"})),
        from_receive_time_(metrics.Counter(kNormalizerTimeSources, {"receive_time"})) {
    for (const MappingRow& row : MappingTable()) {
      if (!row.category.empty()) categories_.emplace(row.category, &metrics.Counter(kNormalizerEvents, {row.category}));
    }
  }

  void CountItem(const NormalizeReport& report, const EventItem& item) {
    if (report.mapping == nullptr) {
      metrics_.Counter(kNormalizerQuarantined, {NameOf(report.reason.value_or(Reason::kBodyNotJson))}).Increment();
      return;
    }
    if (IsCatchAll(*report.mapping)) {
      other_.Increment();
      unknown_.Increment();
    } else {
      categories_.find(report.mapping->category)->second->Increment();
    }
    if (report.redacted_values > 0) redactions_.Increment(report.redacted_values);
    CountTime(item.event());
  }

  void CountRejected(const std::string& reason) {
    const ReasonRow* row = FindReason(reason);  // another service's text must not open the set of label values
    metrics_.Counter(kNormalizerRejectedItems, {row != nullptr ? row->name : "other"}).Increment();
  }

  void CountBatch(std::string_view result) { metrics_.Counter(kNormalizerBatches, {result}).Increment(); }
  void SetInFlight(int count) { in_flight_.Set(count); }

 private:
  void CountTime(const event::v1::Event& event) {
    switch (event.time_source()) {
      case event::v1::TIME_SOURCE_EVENT_TS:
        from_event_ts_.Increment();
        break;
      case event::v1::TIME_SOURCE_PAYLOAD:
        from_payload_.Increment();
        break;
      default:  // proto3 enums are open; there is no other in what the normalizer sets
        from_receive_time_.Increment();
        return;
    }
    const double delay = static_cast<double>(event.receive_time().seconds() - event.event_time().seconds()) +
                         (event.receive_time().nanos() - event.event_time().nanos()) / 1e9;
    delay_.Observe(std::max(0.0, delay));
  }

  Metrics& metrics_;
  prometheus::Counter& other_;
  prometheus::Counter& unknown_;
  prometheus::Counter& redactions_;
  prometheus::Histogram& delay_;
  prometheus::Gauge& in_flight_;
  prometheus::Counter& from_event_ts_;
  prometheus::Counter& from_payload_;
  prometheus::Counter& from_receive_time_;
  std::map<std::string_view, prometheus::Counter*> categories_;
};

// Normalizers that are not in use. As many exist as batches ever were normalised at one moment.
class NormalizerService::Pool {
 public:
  Pool(const Redactor& redactor, NormalizerOptions options) : redactor_(redactor), options_(options) {}

  std::unique_ptr<Normalizer> Take() {
    {
      MutexLock lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Normalizer> normalizer = std::move(idle_.back());
        idle_.pop_back();
        return normalizer;
      }
    }
    return std::make_unique<Normalizer>(redactor_, options_);
  }

  void Return(std::unique_ptr<Normalizer> normalizer) {
    MutexLock lock(mutex_);
    idle_.push_back(std::move(normalizer));
  }

 private:
  const Redactor& redactor_;
  const NormalizerOptions options_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Normalizer>> idle_ ABSL_GUARDED_BY(mutex_);
};

namespace {

void LogItem(const NormalizeReport& report, const RawWebhook& webhook, const EventItem& item) {
  if (report.mapping == nullptr) {
    Log(Severity::kInfo, "webhook quarantined",
        {{"account", webhook.account_name()}, {"trace_id", TraceIdOf(webhook.traceparent())}, {"reason", item.quarantined().reason()}});
    return;
  }
  Log(Severity::kDebug, "webhook normalized",
      {{"account", webhook.account_name()}, {"trace_id", TraceIdOf(webhook.traceparent())}, {"event_id", item.event().event_id()}});
}

}  // namespace

struct NormalizerService::Work {
  std::vector<std::vector<EventItem>> parts;
  std::vector<std::vector<int>> positions;  // of the items of each part in the batch
  Done done;

  Mutex mutex;
  size_t parts_left ABSL_GUARDED_BY(mutex) = 0;
  absl::Status failure ABSL_GUARDED_BY(mutex);
  BatchResult result ABSL_GUARDED_BY(mutex);
};

NormalizerService::NormalizerService(NormalizerServiceOptions options, Sink& sink, Metrics& metrics)
    : options_(options),
      sink_(sink),
      counters_(std::make_unique<Counters>(metrics)),
      pool_(std::make_unique<Pool>(redactor_, options.normalizer)) {}

NormalizerService::~NormalizerService() = default;

void NormalizerService::HandleBatch(const std::string& batch_id, std::vector<RawWebhook> webhooks, Done done) {
  const int in_flight = in_flight_.fetch_add(1) + 1;
  if (in_flight > options_.max_batches_in_flight) {
    in_flight_.fetch_sub(1);
    counters_->CountBatch("overloaded");
    done(Error(Reason::kOverloaded, fmt::format("batches in flight: limit {} reached", options_.max_batches_in_flight)));
    return;
  }
  counters_->SetInFlight(in_flight);
  const auto work = std::make_shared<Work>();
  work->done = std::move(done);
  NormalizeAll(webhooks, *work);
  std::vector<RawWebhook>().swap(webhooks);  // the bodies are in the events now
  SendParts(batch_id, work);
}

void NormalizerService::NormalizeAll(const std::vector<RawWebhook>& webhooks, Work& work) {
  std::unique_ptr<Normalizer> normalizer = pool_->Take();
  size_t part_bytes = 0;
  MutexLock lock(work.mutex);
  for (size_t i = 0; i < webhooks.size(); ++i) {
    const RawWebhook& webhook = webhooks[i];
    const int position = static_cast<int>(i);
    if (webhook.webhook_id().empty() || webhook.account_name().empty() || !webhook.has_receive_time()) {
      counters_->CountRejected(std::string(NameOf(Reason::kItemMalformed)));
      work.result.rejected.push_back({position, std::string(NameOf(Reason::kItemMalformed)),
                                      "webhook_id, account_name or receive_time is absent"});
      continue;
    }
    EventItem item;
    const NormalizeReport report = normalizer->Normalize(webhook, item);
    counters_->CountItem(report, item);
    LogItem(report, webhook, item);
    const size_t bytes = item.ByteSizeLong() + 8;  // tag and length in the batch
    if (work.parts.empty() || part_bytes + bytes > kMaxSinkBatchBytes) {
      work.parts.emplace_back().reserve(webhooks.size() - i);
      work.positions.emplace_back();
      part_bytes = 0;
    }
    part_bytes += bytes;
    work.parts.back().push_back(std::move(item));
    work.positions.back().push_back(position);
  }
  work.parts_left = work.parts.size();
  pool_->Return(std::move(normalizer));
}

void NormalizerService::SendParts(const std::string& batch_id, const std::shared_ptr<Work>& work) {
  if (work->parts.empty()) {
    Finish(*work);
    return;
  }
  const size_t count = work->parts.size();
  for (size_t part = 0; part < count; ++part) {
    sink_.Send(batch_id, work->parts[part], [this, work, part](absl::StatusOr<BatchResult> result) {
      OnPartDone(*work, part, std::move(result));
    });
  }
}

void NormalizerService::OnPartDone(Work& work, size_t part, absl::StatusOr<BatchResult> result) {
  {
    MutexLock lock(work.mutex);
    if (!result.ok()) {
      work.failure = result.status();
    } else {
      work.result.accepted_count += result->accepted_count;
      work.result.duplicate_count += result->duplicate_count;
      for (RejectedItem& rejected : result->rejected) {
        counters_->CountRejected(rejected.reason);
        const auto index = static_cast<size_t>(rejected.index);
        if (rejected.index < 0 || index >= work.positions[part].size()) {
          work.failure = Error(Reason::kBatchMalformed, "the detector rejected an item that was not sent");
          break;
        }
        rejected.index = work.positions[part][index];
        work.result.rejected.push_back(std::move(rejected));
      }
    }
    if (--work.parts_left > 0) return;
  }
  Finish(work);
}

void NormalizerService::Finish(Work& work) {
  absl::StatusOr<BatchResult> answer = BatchResult();
  {
    MutexLock lock(work.mutex);
    if (!work.failure.ok()) {
      answer = work.failure;
    } else {
      std::sort(work.result.rejected.begin(), work.result.rejected.end(),
                [](const RejectedItem& a, const RejectedItem& b) { return a.index < b.index; });
      answer = std::move(work.result);
    }
  }
  counters_->CountBatch(answer.ok() ? "ok" : "failed");
  counters_->SetInFlight(in_flight_.fetch_sub(1) - 1);
  const Done done = std::move(work.done);
  done(std::move(answer));
}

}  // namespace zoomwatch
