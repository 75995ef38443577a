// The protos of this tree against the contract that was recorded in contract.txt: nothing of it is broken, and all of it is recorded.
// Reads files only.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/checks/proto/contract.h"

namespace zoomwatch::proto_check {
namespace {

using ::testing::IsEmpty;

class ProtoCompatibility : public testing::Test {
 protected:
  void SetUp() override {
    const char* const source = std::getenv("ZOOMWATCH_SOURCE_DIR");
    ASSERT_NE(source, nullptr) << "run this through ctest, or set ZOOMWATCH_SOURCE_DIR";
    std::ifstream file(std::string(source) + "/tests/checks/proto/contract.txt");
    std::ostringstream text;
    text << file.rdbuf();
    ASSERT_TRUE(file) << "contract.txt cannot be read";
    const absl::StatusOr<Contract> recorded = ParseContract(text.str());
    ASSERT_TRUE(recorded.ok()) << recorded.status();
    const absl::StatusOr<Contract> current = ReadProtoFolder(std::string(source) + "/proto");
    ASSERT_TRUE(current.ok()) << current.status();
    recorded_ = *recorded;
    current_ = *current;
  }

  Contract recorded_, current_;
};

TEST_F(ProtoCompatibility, NothingThatWasRecordedIsBroken) {
  EXPECT_THAT(FindBreaks(recorded_, current_), IsEmpty())
      << "programs of another version would misunderstand this one; see proto/README.md";
}

TEST_F(ProtoCompatibility, AdditionsAreRecorded) {
  EXPECT_THAT(FindAdditions(recorded_, current_), IsEmpty()) << "to record them: scripts/accept-proto-additions";
}

}  // namespace
}  // namespace zoomwatch::proto_check
