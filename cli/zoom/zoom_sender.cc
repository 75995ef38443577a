#include "cli/zoom/zoom_sender.h"

#include <algorithm>
#include <memory>
#include <queue>
#include <thread>

#include "common/status/reasons.h"
#include "common/sync/mutex.h"

namespace zoomwatch::cli {
namespace {

constexpr absl::Duration kRetryWaits[kMostRetries] = {absl::Minutes(5), absl::Minutes(20), absl::Minutes(60)};
// Longest wait of a worker before it looks again; what it waits for usually wakes it.
constexpr absl::Duration kLongestWait = absl::Seconds(1);
constexpr std::string_view kUserAgent = "Zoom Marketplace/1.0a";

}  // namespace

std::optional<absl::Duration> RetryWait(int attempt, double time_scale) {
  if (attempt < 1 || attempt > kMostRetries) return std::nullopt;
  return kRetryWaits[attempt - 1] * time_scale;
}

bool IsRetried(int status) { return status == 0 || status >= 500; }

struct ZoomSender::Attempt {
  size_t item = 0;  // of the plan
  int number = 0;   // 0: the first
  absl::Duration due;
  std::shared_ptr<const SignedRequest> request;  // absent: to be signed when it goes out
};

// What goes out next, and the counts. Thread-safe.
class ZoomSender::Schedule {
 public:
  Schedule(const ZoomSenderOptions& options, const Traffic& traffic, const Clock& clock)
      : options_(options), plan_(traffic.plan()), clock_(clock), start_(clock.Monotonic()) {
    report_.url = options.url;
    for (const PlannedRequest& planned : plan_) ++report_.kinds[static_cast<size_t>(planned.kind)].planned;
  }

  // Blocks until an attempt is due. nullopt: everything is done, or stopped.
  std::optional<Attempt> Next(const std::stop_token& stop) {
    MutexLock lock(mutex_);
    while (!stop.stop_requested()) {
      const absl::Duration now = clock_.Monotonic();
      if (!retries_.empty() && retries_.top().due <= now) {
        Attempt attempt = retries_.top();
        retries_.pop();
        ++under_way_;
        ++report_.retries;
        return attempt;
      }
      if (next_ < plan_.size() && DueOf(next_) <= now) {
        ++under_way_;
        return Attempt{.item = next_++, .number = 0, .due = now, .request = nullptr};
      }
      if (next_ == plan_.size() && retries_.empty() && under_way_ == 0) break;
      changed_.WaitFor(mutex_, WaitFrom(now));
    }
    return std::nullopt;
  }

  // `retry_in`: the attempt is made again after that. Otherwise it is done: `expected` tells whether well.
  void Done(Attempt attempt, int status, absl::Duration latency, std::string_view failure,
            std::optional<absl::Duration> retry_in, bool expected) {
    MutexLock lock(mutex_);
    --under_way_;
    ++report_.answers[status];
    if (status != 0) report_.latencies_us.push_back(static_cast<uint32_t>(absl::ToInt64Microseconds(latency)));
    if (status == 0 && report_.first_failure.empty()) report_.first_failure = failure;
    if (retry_in.has_value()) {
      ++attempt.number;
      attempt.due = clock_.Monotonic() + *retry_in;
      retries_.push(std::move(attempt));
    } else {
      KindCount& count = report_.kinds[static_cast<size_t>(plan_[attempt.item].kind)];
      ++(expected ? count.expected : count.unexpected);
      if (IsRetried(status)) ++report_.given_up;
    }
    changed_.NotifyAll();
  }

  SendReport TakeReport() {
    MutexLock lock(mutex_);
    report_.duration = clock_.Monotonic() - start_;
    return std::move(report_);
  }

 private:
  struct Later {
    bool operator()(const Attempt& a, const Attempt& b) const { return a.due > b.due; }
  };

  absl::Duration DueOf(size_t item) const {
    return options_.rate > 0 ? start_ + absl::Seconds(static_cast<double>(item) / options_.rate) : start_;
  }

  absl::Duration WaitFrom(absl::Duration now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    absl::Duration wait = kLongestWait;
    if (!retries_.empty()) wait = std::min(wait, retries_.top().due - now);
    if (next_ < plan_.size()) wait = std::min(wait, DueOf(next_) - now);
    return wait;
  }

  const ZoomSenderOptions& options_;
  const std::vector<PlannedRequest>& plan_;
  const Clock& clock_;
  const absl::Duration start_;
  Mutex mutex_;
  CondVar changed_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  std::priority_queue<Attempt, std::vector<Attempt>, Later> retries_ ABSL_GUARDED_BY(mutex_);
  SendReport report_ ABSL_GUARDED_BY(mutex_);
};

ZoomSender::ZoomSender(ZoomSenderOptions options, const Traffic& traffic, const HmacSha256Key& key, HttpClient& http,
                       const Clock& clock)
    : options_(std::move(options)), traffic_(traffic), key_(key), http_(http), clock_(clock) {}

void ZoomSender::Work(Schedule& schedule, const std::stop_token& stop) {
  while (std::optional<Attempt> attempt = schedule.Next(stop)) {
    const PlannedRequest& planned = traffic_.plan()[attempt->item];
    if (attempt->request == nullptr || !options_.keep_signature) {
      attempt->request = std::make_shared<const SignedRequest>(traffic_.Sign(planned, key_, clock_.Now()));
    }
    HttpRequest request{.method = "POST",
                        .url = options_.url,
                        .headers = {},
                        .body = attempt->request->body,
                        .timeout = options_.timeout};
    request.headers = {{"User-Agent", std::string(kUserAgent)}, {"Content-Type", "application/json; charset=utf-8"}};
    if (!attempt->request->signature.empty()) {
      request.headers.emplace_back("x-zm-request-timestamp", attempt->request->timestamp);
      request.headers.emplace_back("x-zm-signature", attempt->request->signature);
    }
    const absl::Duration begin = clock_.Monotonic();
    const absl::StatusOr<HttpResponse> response = http_.Send(request, stop);
    const absl::Duration latency = clock_.Monotonic() - begin;
    const int status = response.ok() ? response->status : 0;
    std::optional<absl::Duration> retry_in;
    if (IsRetried(status) && attempt->number < options_.retries)
      retry_in = RetryWait(attempt->number + 1, options_.time_scale);
    const bool expected =
        response.ok() && traffic_.IsExpected(planned, key_, status, response->body, attempt->number > 0);
    if (!options_.keep_signature) attempt->request.reset();
    schedule.Done(*std::move(attempt), status, latency, response.ok() ? "" : Describe(response.status()), retry_in,
                  expected);
  }
}

SendReport ZoomSender::Run(const std::stop_token& stop) {
  Schedule schedule(options_, traffic_, clock_);
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < options_.concurrency; ++i) {
      workers.emplace_back([&] { Work(schedule, stop); });
    }
  }
  return schedule.TakeReport();
}

}  // namespace zoomwatch::cli
