// One call of HuntService, gathered: what the stream brings, as values. Blocks until the query has ended.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/result_printer.h"
#include "common/kql/plan.h"
#include "common/kql/schema.h"
#include "zoomwatch/hunt/v1/hunt_service.grpc.pb.h"

namespace zoomwatch::cli {

struct HuntResult {
  kql::Schema schema;
  ResultRows rows;
  std::optional<kql::Rendering> rendering;
  std::vector<std::string> warnings;  // about the query, each with its place
  hunt::v1::Summary summary;
};

// `on_progress` is called for each Progress. Errors: those of the service; DEADLINE_EXCEEDED when the query has not ended within
// `timeout`; INTERNAL when the answer is not as hunt_service.proto says.
absl::StatusOr<HuntResult> CallHunt(hunt::v1::HuntService::StubInterface& stub, const hunt::v1::HuntRequest& request,
                                    absl::Duration timeout, const std::function<void(const hunt::v1::Progress&)>& on_progress);

}  // namespace zoomwatch::cli
