// `zoomwatch volume` against a running pipeline.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/cli/program.h"

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;
using testing::ProgramResult;
using testing::RunProgram;

class VolumeTest : public testing::PipelineFolder {
 protected:
  ProgramResult Volume(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"volume", "--address", host_ + ":9191", "--plaintext"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunProgram("zoomwatch", arguments);
  }
};

TEST_F(VolumeTest, MeasuresWhatWasDeliveredAndWhatOtherRoutesWouldDo) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_EQ(RunProgram("zoomwatch", {"send", "--url", url(), "--secret-file", dir_.file("token"), "--generate", "100"}).code, 0);
  const std::vector<std::string> rows = WaitForRows(100);
  ASSERT_EQ(rows.size(), 100u);
  size_t bytes = 0, meeting_rows = 0, meeting_bytes = 0;
  for (const std::string& row : rows) {
    bytes += row.size();
    if (row.find("\"Event\":\"meeting.") == std::string::npos) continue;
    ++meeting_rows;
    meeting_bytes += row.size();
  }
  ASSERT_GT(meeting_rows, 0u);
  Write("routes.yaml", "routes:\n  - {name: lake, events: [\"meeting.*\"], stream: Custom-Lake_CL}\n");
  const ProgramResult volume = Volume({"--json", "--routes", dir_.file("routes.yaml")});
  EXPECT_EQ(volume.code, 0) << volume.error;
  const std::string sent = "\"rows\":100,\"bytes\":" + std::to_string(bytes) + ",";
  EXPECT_THAT(volume.out, HasSubstr("\"events\":100,\"bytes\":" + std::to_string(bytes) + ","));
  EXPECT_THAT(volume.out, HasSubstr("\"without_routes\":[{\"route\":\"main\",\"stream\":\"\",\"not_sent\":false," + sent));
  EXPECT_THAT(volume.out, HasSubstr("\"current\":[{\"route\":\"main\",\"stream\":\"\",\"not_sent\":false," + sent));
  EXPECT_THAT(volume.out, HasSubstr("\"rows\":" + std::to_string(100 - meeting_rows) + ",\"bytes\":" + std::to_string(bytes - meeting_bytes) + ","));
  EXPECT_THAT(volume.out, HasSubstr("{\"route\":\"lake\",\"stream\":\"Custom-Lake_CL\",\"not_sent\":false,\"rows\":" + std::to_string(meeting_rows) +
                                    ",\"bytes\":" + std::to_string(meeting_bytes) + ","));
  const ProgramResult table = Volume();
  EXPECT_EQ(table.code, 0) << table.error;
  EXPECT_THAT(table.out, HasSubstr("100 events received from "));
  EXPECT_THAT(table.out, HasSubstr("Azure bills 10^9 bytes of a string form"));
  EXPECT_THAT(table.out, HasSubstr("The range is short"));
  const ProgramResult before = Volume({"--json", "--until", "2020-01-01T00:00:00Z"});
  EXPECT_EQ(before.code, 1) << "nothing is stored from then: " << before.out;
}

TEST_F(VolumeTest, NamesWhatIsWrongWithProposedRoutes) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Write("routes.yaml", "routes:\n  - {name: lake, where: 'Evnt == 1', stream: Custom-Lake_CL}\n");
  const ProgramResult unknown = Volume({"--routes", dir_.file("routes.yaml")});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.error, HasSubstr("routes[0].where:1:1: error KS142"));
  Write("routes.yaml", "routes:\n  - {name: lake, event: [a.b], stream: Custom-Lake_CL}\n");
  const ProgramResult misspelt = Volume({"--routes", dir_.file("routes.yaml")});
  EXPECT_EQ(misspelt.code, 1);
  EXPECT_THAT(misspelt.error, HasSubstr("did you mean events?"));
  EXPECT_EQ(Volume({"--since", "yesterday"}).code, 2);
  EXPECT_EQ(Volume({"--since", "1h", "--until", "2h"}).code, 2);
}

}  // namespace
}  // namespace zoomwatch
