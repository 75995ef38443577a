#include "services/detector/rules/absence.h"

#include <gtest/gtest.h>

#include <string>

#include "common/event_table/event_catalog.h"
#include "common/kql/binder.h"
#include "common/status/check.h"

namespace zoomwatch::detector {
namespace {

bool Depends(const std::string& query) {
  const kql::BoundQuery bound = kql::Compile(query, event_table::EventCatalog());
  ZOOMWATCH_CHECK(bound.root != nullptr);
  return DependsOnAbsence(*bound.root);
}

TEST(DependsOnAbsenceTest, JoinsThatKeepRowsWithoutAPartner) {
  const std::string other = " (ZoomLogs | project User) on User";
  for (const char* kind : {"leftanti", "rightanti", "leftouter", "rightouter", "fullouter"}) {
    EXPECT_TRUE(Depends("ZoomLogs | project User | join kind=" + std::string(kind) + other)) << kind;
  }
  for (const char* kind : {"inner", "innerunique", "leftsemi", "rightsemi"}) {
    EXPECT_FALSE(Depends("ZoomLogs | project User | join kind=" + std::string(kind) + other)) << kind;
  }
}

TEST(DependsOnAbsenceTest, NothingIsMissingOfWhatTheQueryWrites) {
  EXPECT_FALSE(Depends("ZoomLogs | project User | join kind=leftanti (datatable(User: string)['ann']) on User"));
  EXPECT_FALSE(Depends("datatable(User: string)['ann'] | join kind=rightanti (ZoomLogs | project User) on User"));
  EXPECT_TRUE(Depends("datatable(User: string)['ann'] | join kind=leftanti (ZoomLogs | project User) on User"));
  EXPECT_TRUE(Depends("ZoomLogs | project User | join kind=leftanti (datatable(User: string)['ann'] | where User in ((ZoomLogs | project User))) on User"))
      << "the table says which rows there are";
  EXPECT_FALSE(Depends("ZoomLogs | where User !in ('ann', 'ben')"));
  EXPECT_FALSE(Depends("let known = datatable(User: string)['ann']; ZoomLogs | where User !in (known)"));
  EXPECT_FALSE(Depends("ZoomLogs | where User == toscalar(print 'ann')"));
}

TEST(DependsOnAbsenceTest, TablesInConditions) {
  EXPECT_TRUE(Depends("ZoomLogs | where User !in ((ZoomLogs | project User))"));
  EXPECT_FALSE(Depends("ZoomLogs | where Event == 'a' and User in ((ZoomLogs | project User))"));
  EXPECT_TRUE(Depends("ZoomLogs | where not(User in ((ZoomLogs | project User)))"));
  EXPECT_TRUE(Depends("ZoomLogs | where User in ((ZoomLogs | project User)) or Event == 'a'")) << "more than needed; never less";
  EXPECT_TRUE(Depends("ZoomLogs | extend New = User !in ((ZoomLogs | project User)) | where New"));
  EXPECT_TRUE(Depends("ZoomLogs | where strlen(User) > toscalar(ZoomLogs | summarize avg(strlen(User)))"));
  EXPECT_TRUE(Depends("ZoomLogs | where User in ((ZoomLogs | where Event !in ((ZoomLogs | project Event)) | project User))")) << "deeper";
  EXPECT_FALSE(Depends("ZoomLogs | summarize Times = count() by User | where Times > 3"));
}

}  // namespace
}  // namespace zoomwatch::detector
