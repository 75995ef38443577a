#include "services/detector/api/alert_service.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "common/status/grpc_status.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/timestamp.h"
#include "services/detector/api/page_token.h"

namespace zoomwatch::detector {
namespace {

using alert::v1::Alert;
using alert::v1::AlertFilter;

constexpr std::size_t kAlertsPerRead = 64;
constexpr int kDefaultPage = 100;
constexpr int kMaxPage = 1000;
constexpr absl::Duration kBetweenChecks = absl::Milliseconds(250);
constexpr absl::Duration kSignOfLife = absl::Seconds(15);

// The filter outlives it.
class Conditions {
 public:
  explicit Conditions(const AlertFilter& filter) : filter_(filter), rules_(filter.rule_ids().begin(), filter.rule_ids().end()) {}

  bool Hold(const Alert& alert) const {
    if (!rules_.empty() && !rules_.contains(alert.rule_id())) return false;
    if (alert.severity() < filter_.min_severity()) return false;
    if (filter_.has_from_time() && TimeOf(alert.alert_time()) < TimeOf(filter_.from_time())) return false;
    return !filter_.has_to_time() || TimeOf(alert.alert_time()) < TimeOf(filter_.to_time());
  }

 private:
  const AlertFilter& filter_;
  const absl::flat_hash_set<std::string_view> rules_;  // a filter may name very many
};

absl::Status BadToken(std::string_view which) {
  return absl::InvalidArgumentError(std::string(which) + " was not made by this service");
}

// Counts a subscriber while it lives.
class Place {
 public:
  explicit Place(std::atomic<int>& count) : count_(count), number_(++count) {}
  ~Place() { --count_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  int number() const { return number_; }

 private:
  std::atomic<int>& count_;
  const int number_;
};

}  // namespace

grpc::Status AlertService::SubscribeAlerts(grpc::ServerContext* context, const alert::v1::SubscribeAlertsRequest* request,
                                           grpc::ServerWriter<alert::v1::SubscribeAlertsResponse>* writer) {
  return ToGrpcStatus(Subscribe(*context, *request, *writer));
}

grpc::Status AlertService::ListAlerts(grpc::ServerContext* context, const alert::v1::ListAlertsRequest* request,
                                      alert::v1::ListAlertsResponse* response) {
  return ToGrpcStatus(List(*context, *request, *response));
}

grpc::Status AlertService::GetAlert(grpc::ServerContext* /*context*/, const alert::v1::GetAlertRequest* request,
                                    alert::v1::GetAlertResponse* response) {
  auto alert = store_.Find(request->alert_id());
  if (alert.ok()) *response->mutable_alert() = *std::move(alert);
  return ToGrpcStatus(alert.status());
}

absl::StatusOr<std::uint64_t> AlertService::BeginOf(const alert::v1::SubscribeAlertsRequest& request) const {
  const std::uint64_t first = store_.FirstSequence();
  const std::uint64_t end = store_.EndSequence();
  if (request.resume_token().empty()) return request.from_beginning() ? first : end;
  if (request.from_beginning()) return absl::InvalidArgumentError("resume_token does not go with from_beginning");
  const auto position = ParsePageToken(TokenOf::kAlertStream, request.resume_token());
  if (!position || *position >= end) return BadToken("resume_token");
  if (*position + 1 < first) return absl::OutOfRangeError("the alerts after resume_token are no longer kept; begin with from_beginning");
  return *position + 1;
}

absl::Status AlertService::Subscribe(grpc::ServerContext& context, const alert::v1::SubscribeAlertsRequest& request,
                                     grpc::ServerWriter<alert::v1::SubscribeAlertsResponse>& writer) {
  const Place place(subscribers_);
  if (place.number() > kMaxSubscribers) return Error(Reason::kOverloaded, "too many subscribers of alerts");
  ZOOMWATCH_ASSIGN_OR_RETURN(std::uint64_t next, BeginOf(request));
  const Conditions conditions(request.filter());
  const Clock& clock = SystemClock::Get();
  absl::Duration last_sent = clock.Monotonic();
  while (!context.IsCancelled()) {
    if (stop_.stop_requested()) return Error(Reason::kShuttingDown, "the detector is stopping; subscribe again");
    if (store_.WaitForAlerts(next, kBetweenChecks, stop_.get_token())) {
      ZOOMWATCH_ASSIGN_OR_RETURN(std::vector<Alert> alerts, store_.ReadFrom(next, kAlertsPerRead));
      for (Alert& alert : alerts) {
        next = static_cast<std::uint64_t>(alert.sequence()) + 1;
        if (!conditions.Hold(alert)) continue;
        alert::v1::SubscribeAlertsResponse response;
        response.set_resume_token(MakePageToken(TokenOf::kAlertStream, next - 1));
        *response.mutable_alert() = std::move(alert);
        if (!writer.Write(response)) return absl::CancelledError("the subscriber is gone");
        last_sent = clock.Monotonic();
      }
    } else {
      ZOOMWATCH_RETURN_IF_ERROR(store_.health());
    }
    if (clock.Monotonic() - last_sent < kSignOfLife) continue;
    alert::v1::SubscribeAlertsResponse alive;
    alive.set_resume_token(MakePageToken(TokenOf::kAlertStream, next - 1));
    if (!writer.Write(alive)) return absl::CancelledError("the subscriber is gone");
    last_sent = clock.Monotonic();
  }
  return absl::CancelledError("the subscriber is gone");
}

absl::Status AlertService::List(const grpc::ServerContext& context, const alert::v1::ListAlertsRequest& request,
                                alert::v1::ListAlertsResponse& response) {
  if (request.page_size() < 0 || request.page_size() > kMaxPage) return absl::InvalidArgumentError("page_size must be 0 to 1000");
  const int page_size = request.page_size() == 0 ? kDefaultPage : request.page_size();
  std::uint64_t before = store_.EndSequence();
  if (!request.page_token().empty()) {
    const auto position = ParsePageToken(TokenOf::kAlertPages, request.page_token());
    if (!position || *position > before) return BadToken("page_token");
    before = *position;
  }
  const Conditions conditions(request.filter());
  std::size_t bytes = 0;
  while (!context.IsCancelled()) {
    // Read anew: retention goes on meanwhile.
    const std::uint64_t first = store_.FirstSequence();
    if (before <= first) return absl::OkStatus();
    const std::uint64_t begin = std::max(first, before - std::min<std::uint64_t>(before, kAlertsPerRead));
    const auto alerts = store_.ReadFrom(begin, before - begin);
    if (absl::IsOutOfRange(alerts.status())) continue;
    ZOOMWATCH_RETURN_IF_ERROR(alerts.status());
    for (auto alert = alerts->rbegin(); alert != alerts->rend(); ++alert) {
      if (!conditions.Hold(*alert)) continue;
      bytes += alert->ByteSizeLong();
      if (response.alerts_size() == page_size || (response.alerts_size() > 0 && bytes > kMaxPageBytes)) {
        response.set_next_page_token(MakePageToken(TokenOf::kAlertPages, static_cast<std::uint64_t>(alert->sequence()) + 1));
        return absl::OkStatus();
      }
      *response.add_alerts() = *alert;
    }
    before = begin;
  }
  return absl::CancelledError("the caller is gone");
}

}  // namespace zoomwatch::detector
