#include "tests/fakes/azure_monitor/event_stream.h"

#include <gtest/gtest.h>

namespace zoomwatch::fakes {
namespace {

TEST(EventStream, DeclaresTheTableOfEvents) {
  const Stream stream = EventStream();
  EXPECT_EQ(stream.name, "Custom-ZoomLogs_CL");
  ASSERT_NE(stream.Find("TimeGenerated"), nullptr);
  EXPECT_EQ(stream.Find("TimeGenerated")->type, ColumnType::kDateTime);
  ASSERT_NE(stream.Find("Payload"), nullptr);
  EXPECT_EQ(stream.Find("Payload")->type, ColumnType::kDynamic);
}

}  // namespace
}  // namespace zoomwatch::fakes
