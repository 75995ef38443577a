// The published Zoom queries bind unmodified, without an error or a warning, and give the columns that Microsoft's binder gives them,
// whatever the types of the columns that they look for.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "common/kql/binder.h"
#include "common/testing/rule_query.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

// ZoomLogs: what the published parser makes of an event, and the columns of the retired API as far as the query asks for them.
class ZoomCatalog final : public Catalog {
 public:
  explicit ZoomCatalog(Type virtual_type) : virtual_type_(virtual_type) {}

  std::optional<Schema> FindTable(std::string_view name, const MentionedNames& mentioned) const override {
    if (name != "ZoomLogs") return std::nullopt;
    Schema schema = {{"TimeGenerated", Type::kDateTime}};
    for (const char* column : {"Event", "EventTime", "User", "UserId", "MeetingEvents", "WebinarEvents", "ChannelEvents", "ChatEvents",
                               "UserEvents", "RecordingEvents", "RoomEvents"}) {
      schema.push_back({column, Type::kString});
    }
    for (const std::string& column : mentioned) {
      if (!column.starts_with("payload_")) continue;
      schema.push_back({column, column.ends_with("_s") ? Type::kString : virtual_type_});
    }
    return schema;
  }
  std::vector<std::string> TableNames() const override { return {"ZoomLogs"}; }
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }

 private:
  const Type virtual_type_;
};

TEST(PublishedQueries, BindUnmodifiedWhateverTheTypesOfTheColumnsTheyLookFor) {
  const char* corpus = std::getenv("ZOOMWATCH_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "ZOOMWATCH_CORPUS is not set: the published queries did not run";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(corpus) / "sentinel-zoom")) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    const std::string text = testing::QueryOfRule(entry.path());
    ASSERT_FALSE(text.empty()) << entry.path();
    for (const Type type : {Type::kString, Type::kBool, Type::kReal, Type::kDateTime}) {
      const BoundQuery query = Compile(text, ZoomCatalog(type));
      EXPECT_NE(query.root, nullptr) << entry.path();
      for (const Diagnostic& diagnostic : query.diagnostics) {
        ADD_FAILURE() << entry.path() << " over " << TypeName(type) << ": " << Explain(text, diagnostic);
      }
    }
  }
  EXPECT_EQ(files, 8);
}

TEST(PublishedQueries, HaveTheColumnsThatTheirRulesMap) {
  const char* corpus = std::getenv("ZOOMWATCH_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "ZOOMWATCH_CORPUS is not set: the published queries did not run";
  const std::map<std::string, std::string> expected = {
      {"JoiningMeetingFromAnotherTimeZone.yaml",
       "TimeGenerated:datetime MeetingName:string JoiningUser:string JoinedTimeZone:string SchedTimezone:string MeetingScheduler:string "
       "timestamp:datetime AccountCustomEntity:string "},
      {"MultipleRegistrationDenies.yaml",
       "TimeGenerated:datetime RegisteringUser:string EventName:string ItemId:string EventHost:string EventStart:string "
       "timestamp:datetime AccountCustomEntity:string "},
      {"NewDomainAccess.yaml",
       "TimeGenerated:datetime Event:string User:string NewDomains:string timestamp:datetime AccountCustomEntity:string "},
  };
  for (const auto& [file, columns] : expected) {
    const BoundQuery query = Compile(testing::QueryOfRule(std::filesystem::path(corpus) / "sentinel-zoom" / file), ZoomCatalog(Type::kBool));
    ASSERT_NE(query.root, nullptr) << file;
    std::string found;
    for (const Column& column : query.root->schema) found += fmt::format("{}:{} ", column.name, TypeName(column.type));
    EXPECT_EQ(found, columns) << file;
  }
}

}  // namespace
}  // namespace zoomwatch::kql
