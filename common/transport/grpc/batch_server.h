// gRPC services that hand arriving batches to a BatchHandler. See common/transport/event_sink.h for the contract.
// Refuses before the handler sees it: more than kMaxBatchItems items, no item, a batch_id longer than kMaxBatchIdBytes.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "common/transport/event_sink.h"
#include "zoomwatch/detect/v1/detect_service.pb.h"
#include "zoomwatch/ingest/v1/raw_webhook.pb.h"

namespace zoomwatch {

// The handler must outlive the server that the service is registered with.
std::unique_ptr<grpc::Service> MakeIngestService(BatchHandler<ingest::v1::RawWebhook>& handler);
std::unique_ptr<grpc::Service> MakeDetectService(BatchHandler<detect::v1::EventItem>& handler);

}  // namespace zoomwatch
