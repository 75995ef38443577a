// The LedgerService of a process: answers with what `read` returns.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "zoomwatch/ledger/v1/ledger_service.pb.h"

namespace zoomwatch {

// `read` is called on a network thread for each request: it must not block, must be thread-safe, and must outlive the server.
std::unique_ptr<grpc::Service> MakeLedgerService(
    std::function<absl::StatusOr<std::vector<ledger::v1::AccountLedger>>()> read);

}  // namespace zoomwatch
