#include "cli/ledger_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "common/log/log.h"

namespace zoomwatch::cli {
namespace {

using ledger::v1::AccountLedger;
using ledger::v1::RouteCount;

void Add(const AccountLedger& from, AccountLedger& to) {
  to.set_accepted_count(to.accepted_count() + from.accepted_count());
  to.set_spooled_count(to.spooled_count() + from.spooled_count());
  to.set_forwarded_count(to.forwarded_count() + from.forwarded_count());
  to.set_delivered_count(to.delivered_count() + from.delivered_count());
  to.set_duplicate_count(to.duplicate_count() + from.duplicate_count());
  to.set_quarantined_count(to.quarantined_count() + from.quarantined_count());
  to.set_pending_count(to.pending_count() + from.pending_count());
  to.set_not_sent_count(to.not_sent_count() + from.not_sent_count());
  std::map<std::string, RouteCount> routes;
  for (const AccountLedger* half : {static_cast<const AccountLedger*>(&to), &from}) {
    for (const RouteCount& route : half->routes()) {
      RouteCount& sum = routes[route.name()];
      sum.set_name(route.name());
      sum.set_row_count(sum.row_count() + route.row_count());
      sum.set_byte_count(sum.byte_count() + route.byte_count());
    }
  }
  to.clear_routes();
  for (auto& entry : routes) *to.add_routes() = std::move(entry.second);
}

std::string Row(const AccountLedger& account, std::string_view name, std::string_view verdict) {
  return fmt::format("  {:<20}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}   {}\n", name, account.accepted_count(),
                     account.delivered_count(), account.not_sent_count(), account.duplicate_count(),
                     account.quarantined_count(), account.pending_count(), account.spooled_count(), verdict);
}

void AppendRoutes(const AccountLedger& account, std::string& out) {
  const char* separator = "";
  for (const RouteCount& route : account.routes()) {
    out += fmt::format(R"({}{{"route":)", separator);
    AppendJsonString(out, route.name());
    out += fmt::format(R"(,"rows":{},"bytes":{}}})", route.row_count(), route.byte_count());
    separator = ",";
  }
}

std::string Verdict(const AccountLedger& account) {
  const int64_t difference = Difference(account);
  if (difference == 0) return "balances";
  return difference > 0 ? fmt::format("{} missing", difference) : fmt::format("{} too many", -difference);
}

}  // namespace

std::vector<AccountLedger> AddLedgers(const std::vector<AccountLedger>& a, const std::vector<AccountLedger>& b) {
  std::map<std::string, AccountLedger> sums;
  for (const auto* half : {&a, &b}) {
    for (const AccountLedger& account : *half) {
      AccountLedger& sum = sums[account.account_name()];
      sum.set_account_name(account.account_name());
      Add(account, sum);
    }
  }
  std::vector<AccountLedger> result;
  for (auto& entry : sums) result.push_back(std::move(entry.second));
  return result;
}

int64_t Difference(const AccountLedger& account) {
  return account.accepted_count() - account.delivered_count() - account.not_sent_count() - account.duplicate_count() -
         account.quarantined_count() - account.pending_count() - account.spooled_count();
}

bool Balances(const std::vector<AccountLedger>& accounts) {
  return std::all_of(accounts.begin(), accounts.end(),
                     [](const AccountLedger& account) { return Difference(account) == 0; });
}

std::string LedgerTable(const std::vector<AccountLedger>& accounts) {
  if (accounts.empty()) return "  no webhook was ever accepted\n";
  std::string out = fmt::format("  {:<20}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}\n", "account", "accepted",
                                "= delivered", "+ not sent", "+ duplicate", "+ quarant.", "+ pending", "+ spooled");
  AccountLedger total;
  for (const AccountLedger& account : accounts) {
    out += Row(account, account.account_name(), Verdict(account));
    Add(account, total);
  }
  if (accounts.size() > 1) out += Row(total, "(all)", "");
  const bool only_main = total.routes_size() == 1 && total.routes(0).name() == "main";
  if (total.routes_size() == 0 || only_main) return out;
  out += fmt::format("\n  {:<20}{:>12}{:>16}\n", "route", "rows", "bytes of JSON");
  for (const RouteCount& route : total.routes()) {
    out += fmt::format("  {:<20}{:>12}{:>16}\n", route.name(), route.row_count(), route.byte_count());
  }
  return out;
}

std::string LedgerJson(const std::vector<AccountLedger>& accounts) {
  std::string out = R"({"accounts":[)";
  const char* separator = "";
  for (const AccountLedger& account : accounts) {
    out += fmt::format(R"({}{{"account":)", separator);
    AppendJsonString(out, account.account_name());
    out += fmt::format(
        R"(,"accepted":{},"delivered":{},"not_sent":{},"duplicate":{},"quarantined":{},"pending":{},"spooled":{},"difference":{},"routes":[)",
        account.accepted_count(), account.delivered_count(), account.not_sent_count(), account.duplicate_count(),
        account.quarantined_count(), account.pending_count(), account.spooled_count(), Difference(account));
    AppendRoutes(account, out);
    out += "]}";
    separator = ",";
  }
  return out + fmt::format(R"(],"balances":{}}})", Balances(accounts));
}

}  // namespace zoomwatch::cli
