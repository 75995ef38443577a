// The ledger put together from the services' halves, and how it is printed. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "zoomwatch/ledger/v1/ledger_service.pb.h"

namespace zoomwatch::cli {

// All counts of both added up by account, in the order of the names.
std::vector<ledger::v1::AccountLedger> AddLedgers(const std::vector<ledger::v1::AccountLedger>& a,
                                                  const std::vector<ledger::v1::AccountLedger>& b);

// accepted - (delivered + not sent + duplicate + quarantined + pending + spooled): 0 when it balances. Positive:
// webhooks are in no place that was asked. Negative: in two at one time, as those are that the detector has stored and
// the receiver has no answer for yet.
int64_t Difference(const ledger::v1::AccountLedger& account);

bool Balances(const std::vector<ledger::v1::AccountLedger>& accounts);

std::string LedgerTable(const std::vector<ledger::v1::AccountLedger>& accounts);
std::string LedgerJson(const std::vector<ledger::v1::AccountLedger>& accounts);

}  // namespace zoomwatch::cli
