#include "common/transport/grpc/batch_server.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "common/grpc/limits.h"
#include "common/status/grpc_status.h"
#include "common/status/reasons.h"
#include "zoomwatch/detect/v1/detect_service.grpc.pb.h"
#include "zoomwatch/ingest/v1/ingest_service.grpc.pb.h"

namespace zoomwatch {
namespace {

absl::Status CheckBatch(const std::string& batch_id, int items) {
  if (batch_id.size() > static_cast<size_t>(kMaxBatchIdBytes)) {
    return Error(Reason::kBatchMalformed, fmt::format("batch_id: {} bytes exceed {}", batch_id.size(), kMaxBatchIdBytes));
  }
  if (items == 0) return Error(Reason::kBatchMalformed, "the batch has no item");
  if (items > kMaxBatchItems) return Error(Reason::kBatchTooLarge, fmt::format("{} items exceed {}", items, kMaxBatchItems));
  return absl::OkStatus();
}

// The request belongs to gRPC until Finish(), and nobody else reads it: its items may be moved out.
template <typename Item>
std::vector<Item> TakeItems(const google::protobuf::RepeatedPtrField<Item>& items) {
  auto& mutable_items = const_cast<google::protobuf::RepeatedPtrField<Item>&>(items);
  return {std::make_move_iterator(mutable_items.begin()), std::make_move_iterator(mutable_items.end())};
}

template <typename Rejected>
void AddRejected(const std::vector<RejectedItem>& rejected, google::protobuf::RepeatedPtrField<Rejected>* out) {
  for (const RejectedItem& item : rejected) {
    Rejected* entry = out->Add();
    entry->set_index(item.index);
    entry->set_reason(item.reason);
    entry->set_message(item.message);
  }
}

template <typename Item, typename Request, typename Response>
grpc::ServerUnaryReactor* HandleCall(BatchHandler<Item>& handler, grpc::CallbackServerContext* context, const Request* request,
                                     const google::protobuf::RepeatedPtrField<Item>& items, Response* response,
                                     void (*set_counts)(const BatchResult&, Response*)) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const absl::Status status = CheckBatch(request->batch_id(), items.size()); !status.ok()) {
    reactor->Finish(ToGrpcStatus(status));
    return reactor;
  }
  handler.HandleBatch(request->batch_id(), TakeItems(items), [=](absl::StatusOr<BatchResult> result) {
    if (result.ok()) {
      set_counts(*result, response);
      if (!result->rejected.empty()) AddRejected(result->rejected, response->mutable_partial_success()->mutable_rejected());
    }
    reactor->Finish(ToGrpcStatus(result.status()));
  });
  return reactor;
}

class IngestServer final : public ingest::v1::IngestService::CallbackService {
 public:
  explicit IngestServer(BatchHandler<ingest::v1::RawWebhook>& handler) : handler_(handler) {}

  grpc::ServerUnaryReactor* IngestWebhooks(grpc::CallbackServerContext* context,
                                           const ingest::v1::IngestWebhooksRequest* request,
                                           ingest::v1::IngestWebhooksResponse* response) override {
    return HandleCall(handler_, context, request, request->webhooks(), response,
                      +[](const BatchResult& result, ingest::v1::IngestWebhooksResponse* out) {
                        out->set_accepted_count(result.accepted_count);
                      });
  }

 private:
  BatchHandler<ingest::v1::RawWebhook>& handler_;
};

class DetectServer final : public detect::v1::DetectService::CallbackService {
 public:
  explicit DetectServer(BatchHandler<detect::v1::EventItem>& handler) : handler_(handler) {}

  grpc::ServerUnaryReactor* IngestEvents(grpc::CallbackServerContext* context, const detect::v1::IngestEventsRequest* request,
                                         detect::v1::IngestEventsResponse* response) override {
    return HandleCall(handler_, context, request, request->items(), response,
                      +[](const BatchResult& result, detect::v1::IngestEventsResponse* out) {
                        out->set_accepted_count(result.accepted_count);
                        out->set_duplicate_count(result.duplicate_count);
                      });
  }

 private:
  BatchHandler<detect::v1::EventItem>& handler_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeIngestService(BatchHandler<ingest::v1::RawWebhook>& handler) {
  return std::make_unique<IngestServer>(handler);
}

std::unique_ptr<grpc::Service> MakeDetectService(BatchHandler<detect::v1::EventItem>& handler) {
  return std::make_unique<DetectServer>(handler);
}

}  // namespace zoomwatch
