// EventSink over gRPC: one unary call a batch, several in flight. See common/transport/event_sink.h for the contract.
#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "absl/time/time.h"
#include "common/transport/event_sink.h"
#include "zoomwatch/detect/v1/detect_service.pb.h"
#include "zoomwatch/ingest/v1/raw_webhook.pb.h"

namespace zoomwatch {

// `deadline` holds for each call. The destructor cancels calls in flight and waits for their `done`s.
std::unique_ptr<EventSink<ingest::v1::RawWebhook>> MakeIngestClient(std::shared_ptr<grpc::Channel> channel,
                                                                    absl::Duration deadline);
std::unique_ptr<EventSink<detect::v1::EventItem>> MakeDetectClient(std::shared_ptr<grpc::Channel> channel,
                                                                   absl::Duration deadline);

}  // namespace zoomwatch
