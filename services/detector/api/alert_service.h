// AlertService (proto/zoomwatch/alert/v1): the alerts of the store for other services, as a stream and as pages.
//
// Tokens are positions in the store. A subscriber has a thread while it is connected; there are at most kMaxSubscribers.
// Threading: thread-safe. Ownership: the store outlives the service, which outlives its server.
#pragma once

#include <grpcpp/server_context.h>

#include <atomic>
#include <stop_token>

#include "services/detector/alerts/alert_store.h"
#include "zoomwatch/alert/v1/alert_service.grpc.pb.h"

namespace zoomwatch::detector {

class AlertService final : public alert::v1::AlertService::Service {
 public:
  static constexpr int kMaxSubscribers = 32;

  explicit AlertService(AlertStore& store) : store_(store) {}

  // Ends the streams with SHUTTING_DOWN, so that a server that stops need not wait for them. Idempotent.
  void Stop() { stop_.request_stop(); }

  grpc::Status SubscribeAlerts(grpc::ServerContext* context, const alert::v1::SubscribeAlertsRequest* request,
                               grpc::ServerWriter<alert::v1::SubscribeAlertsResponse>* writer) override;
  grpc::Status ListAlerts(grpc::ServerContext* context, const alert::v1::ListAlertsRequest* request,
                          alert::v1::ListAlertsResponse* response) override;
  grpc::Status GetAlert(grpc::ServerContext* context, const alert::v1::GetAlertRequest* request,
                        alert::v1::GetAlertResponse* response) override;

 private:
  absl::Status Subscribe(grpc::ServerContext& context, const alert::v1::SubscribeAlertsRequest& request,
                         grpc::ServerWriter<alert::v1::SubscribeAlertsResponse>& writer);
  absl::Status List(const grpc::ServerContext& context, const alert::v1::ListAlertsRequest& request, alert::v1::ListAlertsResponse& response);
  // The first alert to send.
  absl::StatusOr<std::uint64_t> BeginOf(const alert::v1::SubscribeAlertsRequest& request) const;

  AlertStore& store_;
  std::stop_source stop_;
  std::atomic<int> subscribers_ = 0;
};

}  // namespace zoomwatch::detector
