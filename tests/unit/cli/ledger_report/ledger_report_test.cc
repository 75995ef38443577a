#include "cli/ledger_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace zoomwatch::cli {
namespace {

ledger::v1::AccountLedger Received(const std::string& name, int64_t accepted, int64_t spooled) {
  ledger::v1::AccountLedger account;
  account.set_account_name(name);
  account.set_accepted_count(accepted);
  account.set_spooled_count(spooled);
  account.set_forwarded_count(accepted - spooled);
  return account;
}

ledger::v1::AccountLedger Stored(const std::string& name, int64_t delivered, int64_t not_sent, int64_t duplicate,
                                 int64_t quarantined, int64_t pending) {
  ledger::v1::AccountLedger account;
  account.set_account_name(name);
  account.set_delivered_count(delivered);
  account.set_not_sent_count(not_sent);
  account.set_duplicate_count(duplicate);
  account.set_quarantined_count(quarantined);
  account.set_pending_count(pending);
  return account;
}

TEST(LedgerReport, AddsTheHalvesByAccountInTheOrderOfTheNames) {
  const auto sums = AddLedgers({Received("b", 10, 1)}, {Stored("b", 4, 0, 2, 1, 2), Stored("a", 0, 5, 0, 0, 0)});
  ASSERT_EQ(sums.size(), 2u);
  EXPECT_EQ(sums[0].account_name(), "a");
  EXPECT_EQ(sums[0].not_sent_count(), 5);
  EXPECT_EQ(sums[1].account_name(), "b");
  EXPECT_EQ(sums[1].accepted_count(), 10);
  EXPECT_EQ(sums[1].spooled_count(), 1);
  EXPECT_EQ(sums[1].forwarded_count(), 9);
  EXPECT_EQ(sums[1].delivered_count(), 4);
  EXPECT_EQ(sums[1].duplicate_count(), 2);
  EXPECT_EQ(sums[1].quarantined_count(), 1);
  EXPECT_EQ(sums[1].pending_count(), 2);
  EXPECT_EQ(Difference(sums[1]), 0);
}

TEST(LedgerReport, BalancesOnlyWhenEveryAccountDoes) {
  EXPECT_TRUE(Balances({}));
  EXPECT_TRUE(Balances(AddLedgers({Received("a", 6, 1)}, {Stored("a", 1, 1, 1, 1, 1)})));
  const auto sums =
      AddLedgers({Received("a", 6, 1), Received("b", 3, 0)}, {Stored("a", 2, 1, 1, 1, 1), Stored("b", 2, 0, 0, 0, 0)});
  EXPECT_EQ(Difference(sums[0]), -1);
  EXPECT_EQ(Difference(sums[1]), 1);
  EXPECT_FALSE(Balances(sums)) << "faults of two accounts do not make up for each other";
}

TEST(LedgerReport, PrintsATable) {
  const auto sums =
      AddLedgers({Received("a", 7, 1), Received("b", 3, 0)}, {Stored("a", 1, 1, 1, 1, 2), Stored("b", 2, 0, 0, 0, 0)});
  EXPECT_EQ(
      LedgerTable(sums),
      "  account                 accepted = delivered  + not sent + duplicate  + quarant.   + pending   + spooled\n"
      "  a                              7           1           1           1           1           2           1   "
      "balances\n"
      "  b                              3           2           0           0           0           0           0   1 "
      "missing\n"
      "  (all)                         10           3           1           1           1           2           1   "
      "\n");
  EXPECT_EQ(LedgerTable({}), "  no webhook was ever accepted\n");
}

TEST(LedgerReport, PrintsJson) {
  EXPECT_EQ(
      LedgerJson(AddLedgers({Received("a", 2, 0)}, {Stored("a", 2, 0, 1, 0, 0)})),
      R"({"accounts":[{"account":"a","accepted":2,"delivered":2,"not_sent":0,"duplicate":1,"quarantined":0,"pending":0,)"
      R"("spooled":0,"difference":-1,"routes":[]}],"balances":false})");
  EXPECT_EQ(LedgerJson({}), R"({"accounts":[],"balances":true})");
}

// An account's half with these rows of 10 bytes each by route.
ledger::v1::AccountLedger Routed(const std::string& name, const std::map<std::string, int64_t>& routes) {
  ledger::v1::AccountLedger account;
  account.set_account_name(name);
  for (const auto& [route, rows] : routes) {
    ledger::v1::RouteCount& count = *account.add_routes();
    count.set_name(route);
    count.set_row_count(rows);
    count.set_byte_count(10 * rows);
  }
  return account;
}

TEST(LedgerReport, AddsUpAndPrintsRoutes) {
  const auto sums = AddLedgers({Received("a", 0, 0), Routed("b", {{"main", 3}})}, {Routed("a", {{"lake", 2}, {"main", 1}}), Routed("b", {{"main", 4}})});
  EXPECT_THAT(LedgerTable(sums), ::testing::EndsWith("\n"
                                                     "  route                       rows   bytes of JSON\n"
                                                     "  lake                           2              20\n"
                                                     "  main                           8              80\n"));
  EXPECT_THAT(LedgerJson(sums), ::testing::HasSubstr(R"("routes":[{"route":"lake","rows":2,"bytes":20},{"route":"main","rows":1,"bytes":10}]})"));
  EXPECT_THAT(LedgerJson(sums), ::testing::HasSubstr(R"("routes":[{"route":"main","rows":7,"bytes":70}]})"));
  EXPECT_THAT(LedgerTable(AddLedgers({}, {Routed("a", {{"main", 1}})})), ::testing::Not(::testing::HasSubstr("route"))) << "nothing to tell apart";
}

}  // namespace
}  // namespace zoomwatch::cli
