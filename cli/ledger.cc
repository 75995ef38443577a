// `zoomwatch ledger`: where every accepted webhook went, as the services count it.
#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <memory>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/ledger_report.h"
#include "cli/service_channel.h"
#include "common/retry/sleeper.h"
#include "common/status/grpc_status.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/time/clock.h"
#include "zoomwatch/ledger/v1/ledger_service.grpc.pb.h"

namespace zoomwatch::cli {
namespace {

constexpr absl::Duration kBetweenReadings = absl::Milliseconds(200);

constexpr auto kFlags = WithConnectionFlags({
    {"address", "HOST:PORT",
     "gRPC port of a service: of the receiver and of the detector, which have a half each, or of `zoomwatch run`.",
     true, true},
    {"wait", "DURATION", "Read again for so long until it balances and nothing waits. Default 3s."},
    {"json", "", "Print one JSON object."},
    kTimeoutFlag,
});

constexpr Example kExamples[] = {
    {"of the three services",
     "zoomwatch ledger --address receiver:8446 --address detector:8445 --ca-file ca.pem --certificate-file "
     "operator.pem "
     "--private-key-file operator.key"},
    {"of zoomwatch run", "zoomwatch ledger --address localhost:9191 --plaintext"},
    {"wait up to a minute until everything is delivered",
     "zoomwatch ledger --address localhost:9191 --plaintext --wait 1m --json"},
};

using Accounts = std::vector<ledger::v1::AccountLedger>;
using Stub = std::unique_ptr<ledger::v1::LedgerService::Stub>;

absl::StatusOr<Accounts> ReadLedger(const std::vector<std::string>& addresses, const std::vector<Stub>& stubs,
                                    absl::Duration timeout) {
  Accounts sum;
  for (size_t i = 0; i < stubs.size(); ++i) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(SystemClock::Get().Now() + timeout));
    ledger::v1::GetLedgerResponse response;
    const absl::Status status = FromGrpcStatus(stubs[i]->GetLedger(&context, {}, &response));
    if (!status.ok()) return Annotate(status, addresses[i]);
    sum = AddLedgers(sum, {response.accounts().begin(), response.accounts().end()});
  }
  return sum;
}

bool NothingWaits(const Accounts& accounts) {
  for (const ledger::v1::AccountLedger& account : accounts) {
    if (account.pending_count() != 0 || account.spooled_count() != 0) return false;
  }
  return true;
}

absl::StatusOr<int> Run(Arguments& arguments, const Console& console) {
  const absl::Duration timeout = TimeoutOf(arguments);
  const absl::Duration wait = arguments.Duration("wait", absl::Seconds(3), absl::ZeroDuration(), absl::Hours(24));
  ZOOMWATCH_RETURN_IF_ERROR(arguments.status());
  const Clock& clock = SystemClock::Get();
  std::vector<Stub> stubs;
  for (const std::string& address : arguments.All("address")) {
    ZOOMWATCH_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, OpenChannel(arguments, address));
    stubs.push_back(ledger::v1::LedgerService::NewStub(channel));
  }
  // The halves are not read at one moment, so traffic in between makes them differ: read until they agree.
  const absl::Duration end = clock.Monotonic() + wait;
  Accounts accounts;
  while (true) {
    ZOOMWATCH_ASSIGN_OR_RETURN(accounts, ReadLedger(arguments.All("address"), stubs, timeout));
    if ((Balances(accounts) && NothingWaits(accounts)) || clock.Monotonic() >= end) break;
    SystemSleeper::Get().Sleep(kBetweenReadings, {});
  }
  console.out << (arguments.Has("json") ? LedgerJson(accounts) + "\n" : LedgerTable(accounts));
  return Balances(accounts) ? kExitOk : kExitFailed;
}

}  // namespace

const CommandSpec& LedgerCommand() {
  static constexpr CommandSpec kSpec = {
      .name = "ledger",
      .summary = "where every accepted webhook went, and whether that adds up",
      .description =
          "For each Zoom account: accepted = delivered + not sent + duplicate + quarantined + pending + spooled. The "
          "receiver counts what "
          "it accepted and still has in its spool, the detector what became of the rest; all counts are since the "
          "stores were made and "
          "survive restarts. With routes (delivery.logs_ingestion.routes) rows and bytes of JSON by route stand below. The same counts are metrics (zoomwatch_receiver_ledger_webhooks, "
          "zoomwatch_detector_ledger_webhooks).\n\n"
          "The services are asked one after the other. While webhooks are flowing, some may be counted in two places "
          "or in none for a "
          "moment; therefore the ledger is read again for a while (--wait) until it balances.",
      .flags = kFlags,
      .positional = {},
      .examples = kExamples,
      .exit_codes = "0: it balances for every account. 1: it does not, or a service did not answer.",
      .run = &Run};
  return kSpec;
}

}  // namespace zoomwatch::cli
