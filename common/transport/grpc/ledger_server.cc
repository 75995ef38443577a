#include "common/transport/grpc/ledger_server.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <utility>

#include "common/status/grpc_status.h"
#include "zoomwatch/ledger/v1/ledger_service.grpc.pb.h"

namespace zoomwatch {
namespace {

class LedgerServer final : public ledger::v1::LedgerService::CallbackService {
 public:
  explicit LedgerServer(std::function<absl::StatusOr<std::vector<ledger::v1::AccountLedger>>()> read) : read_(std::move(read)) {}

  grpc::ServerUnaryReactor* GetLedger(grpc::CallbackServerContext* context, const ledger::v1::GetLedgerRequest*,
                                      ledger::v1::GetLedgerResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    const auto accounts = read_();
    if (accounts.ok()) response->mutable_accounts()->Add(accounts->begin(), accounts->end());
    reactor->Finish(ToGrpcStatus(accounts.status()));
    return reactor;
  }

 private:
  const std::function<absl::StatusOr<std::vector<ledger::v1::AccountLedger>>()> read_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeLedgerService(
    std::function<absl::StatusOr<std::vector<ledger::v1::AccountLedger>>()> read) {
  return std::make_unique<LedgerServer>(std::move(read));
}

}  // namespace zoomwatch
