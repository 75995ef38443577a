#include "cli/zoom/traffic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/receiver/signature_verifier.h"
#include "services/receiver/url_validation.h"

namespace zoomwatch::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const absl::Time kStart = absl::FromUnixSeconds(1777888800);
const absl::Time kNow = kStart + absl::Seconds(30);

class TrafficTest : public ::testing::Test {
 protected:
  Traffic Make(TrafficOptions options, std::vector<std::string> bodies) {
    return *Traffic::Make(options, BodySource(std::move(bodies), kStart), kStart);
  }
  static std::vector<std::string> Plan(const Traffic& traffic) {
    std::vector<std::string> plan;
    for (const PlannedRequest& planned : traffic.plan())
      plan.push_back(std::string(RowOf(planned.kind).name) + " " + std::to_string(planned.index));
    return plan;
  }
  // Whether our key made the signature.
  bool IsSigned(const SignedRequest& request) const {
    const auto signature = receiver::ParseSignature(request.signature, request.timestamp);
    if (!signature.ok()) return false;
    const HmacSha256Key* keys[] = {&key_};
    return receiver::FindSigningKey(keys, *signature, request.body).has_value();
  }

  const HmacSha256Key key_{Secret("traffic-test")};
};

TEST_F(TrafficTest, SendsBodiesInTheirOrderByteForByte) {
  const Traffic traffic = Make({}, {"{\"a\": 1}\n", "b"});
  EXPECT_THAT(Plan(traffic), ElementsAre("event 0", "event 1"));
  const SignedRequest request = traffic.Sign(traffic.plan()[0], key_, kNow);
  EXPECT_EQ(request.body, "{\"a\": 1}\n");
  EXPECT_EQ(request.timestamp, "1777888830");
  EXPECT_TRUE(IsSigned(request));
}

TEST_F(TrafficTest, PutsTheTimeIntoBodiesThatAskForIt) {
  const Traffic traffic = Make({}, {"x", R"({"event_ts":@TS@,"t":"@TS@"})"});
  EXPECT_EQ(traffic.Sign(traffic.plan()[1], key_, kNow).body, R"({"event_ts":1777888800001,"t":"1777888800001"})");
}

TEST_F(TrafficTest, RepeatsADuplicateWithANewTimeStamp) {
  const Traffic traffic = Make({.duplicate_fraction = 1}, {"x"});
  ASSERT_THAT(Plan(traffic), ElementsAre("event 0", "duplicate 0"));
  const SignedRequest event = traffic.Sign(traffic.plan()[0], key_, kNow);
  const SignedRequest duplicate = traffic.Sign(traffic.plan()[1], key_, kNow);
  EXPECT_EQ(duplicate.body, event.body);
  EXPECT_NE(duplicate.signature, event.signature);
  EXPECT_TRUE(IsSigned(duplicate));
}

TEST_F(TrafficTest, RepeatsAReplayByteForByteHoweverLate) {
  const Traffic traffic = Make({.replays = 1}, {"x", "y"});
  ASSERT_THAT(Plan(traffic), ElementsAre("event 0", "event 1", "replay 0"));
  const SignedRequest event = traffic.Sign(traffic.plan()[0], key_, kNow);
  const SignedRequest replay = traffic.Sign(traffic.plan()[2], key_, kNow + absl::Minutes(5));
  EXPECT_EQ(replay.body, event.body);
  EXPECT_EQ(replay.timestamp, event.timestamp);
  EXPECT_EQ(replay.signature, event.signature);
}

TEST_F(TrafficTest, RefusesMoreReplaysThanEvents) {
  const auto traffic = Traffic::Make({.replays = 2}, BodySource({"x"}, kStart), kStart);
  EXPECT_EQ(ReasonOf(traffic.status()), Reason::kUsage);
}

TEST_F(TrafficTest, PlansAsManyDuplicatesAsAskedAfterTheirEvents) {
  const Traffic traffic = Make({.duplicate_fraction = 0.25}, std::vector<std::string>(4000, "x"));
  std::vector<bool> sent(4000);
  size_t duplicates = 0;
  for (const PlannedRequest& planned : traffic.plan()) {
    if (planned.kind == Kind::kEvent) sent[planned.index] = true;
    if (planned.kind != Kind::kDuplicate) continue;
    ++duplicates;
    EXPECT_TRUE(sent[planned.index]);
  }
  EXPECT_GT(duplicates, 900u);
  EXPECT_LT(duplicates, 1100u);
}

TEST_F(TrafficTest, ReordersWithinGroupsOnly) {
  const Traffic traffic = Make({.reorder_window = 10}, std::vector<std::string>(95, "x"));
  size_t moved = 0;
  std::vector<uint64_t> indexes;
  for (size_t i = 0; i < traffic.plan().size(); ++i) {
    EXPECT_EQ(traffic.plan()[i].index / 10, i / 10);
    moved += traffic.plan()[i].index != i ? 1u : 0u;
    indexes.push_back(traffic.plan()[i].index);
  }
  EXPECT_GT(moved, 50u);
  std::sort(indexes.begin(), indexes.end());
  for (size_t i = 0; i < indexes.size(); ++i) EXPECT_EQ(indexes[i], i);
  EXPECT_EQ(Plan(traffic), Plan(Make({.reorder_window = 10}, std::vector<std::string>(95, "x"))))
      << "the same seed, the same order";
}

TEST_F(TrafficTest, SignsWhatMustBeRefusedWrongly) {
  const Traffic traffic = Make({.forged = 1, .stale = 1, .unsigned_events = 1, .unsigned_challenge = true}, {"x"});
  ASSERT_THAT(Plan(traffic), ElementsAre("event 0", "forged 1", "stale 2", "unsigned 3", "unsigned_challenge 1"));
  EXPECT_FALSE(IsSigned(traffic.Sign(traffic.plan()[1], key_, kNow)));
  const SignedRequest stale = traffic.Sign(traffic.plan()[2], key_, kNow);
  EXPECT_TRUE(IsSigned(stale));
  EXPECT_EQ(stale.timestamp, "1777881630") << "two hours before";
  EXPECT_EQ(traffic.Sign(traffic.plan()[3], key_, kNow).signature, "");
  EXPECT_EQ(traffic.Sign(traffic.plan()[4], key_, kNow).signature, "");
  for (size_t i = 1; i < 5; ++i) {
    EXPECT_TRUE(traffic.IsExpected(traffic.plan()[i], key_, 401, "", false));
    EXPECT_FALSE(traffic.IsExpected(traffic.plan()[i], key_, 200, "", false));
    EXPECT_FALSE(traffic.IsExpected(traffic.plan()[i], key_, 503, "", false));
  }
}

TEST_F(TrafficTest, ExpectsZoomsCodesOfSuccess) {
  const Traffic traffic = Make({.not_json = 1}, {"x"});
  for (const PlannedRequest& planned : traffic.plan()) {
    EXPECT_TRUE(traffic.IsExpected(planned, key_, 200, "", false));
    EXPECT_TRUE(traffic.IsExpected(planned, key_, 204, "", false));
    EXPECT_FALSE(traffic.IsExpected(planned, key_, 201, "", false));
    EXPECT_TRUE(traffic.IsExpected(planned, key_, 201, "", true)) << "after a retry any 2xx is good";
    EXPECT_FALSE(traffic.IsExpected(planned, key_, 301, "", true));
  }
}

TEST_F(TrafficTest, AcceptsTheAnswerOfTheReceiverToItsChallengeAndNoOther) {
  const Traffic traffic = Make({.challenge = true}, {"x"});
  ASSERT_THAT(Plan(traffic), ElementsAre("challenge 0", "event 0"));
  const SignedRequest request = traffic.Sign(traffic.plan()[0], key_, kNow);
  EXPECT_TRUE(IsSigned(request));
  const auto token = receiver::FindPlainToken(request.body);
  ASSERT_TRUE(token.ok());
  ASSERT_TRUE(token->has_value());
  EXPECT_EQ((*token)->size(), 22u);
  const std::string answer = receiver::ChallengeAnswer(key_, **token);
  EXPECT_TRUE(traffic.IsExpected(traffic.plan()[0], key_, 200, answer, false));
  EXPECT_FALSE(traffic.IsExpected(traffic.plan()[0], key_, 204, answer, false));
  EXPECT_FALSE(traffic.IsExpected(traffic.plan()[0], key_, 200, "", false));
  EXPECT_FALSE(traffic.IsExpected(traffic.plan()[0], key_, 200,
                                  receiver::ChallengeAnswer(HmacSha256Key(Secret("other")), **token), false));
}

TEST(ReadBodies, ReadsFilesLinesAndFolders) {
  const testing::TempDir dir;
  std::ofstream(dir.file("b.json")) << "{\"whole\":\n1}\n";
  std::ofstream(dir.file("a.jsonl")) << "first\r\n\nsecond";
  std::ofstream(dir.file("README.md")) << "not a body";
  EXPECT_THAT(*ReadBodies(dir.file("b.json")), ElementsAre("{\"whole\":\n1}\n"));
  EXPECT_THAT(*ReadBodies(dir.file("a.jsonl")), ElementsAre("first", "second"));
  EXPECT_THAT(*ReadBodies(dir.path().string()), ElementsAre("first", "second", "{\"whole\":\n1}\n"));
  EXPECT_THAT(*ReadBodies(dir.file("README.md")), ElementsAre("not a body"))
      << "a file that is named is sent, whatever its name";
}

TEST(ReadBodies, SaysWhatIsMissing) {
  const testing::TempDir dir;
  EXPECT_EQ(ReasonOf(ReadBodies(dir.file("none.json")).status()), Reason::kUsage);
  std::filesystem::create_directory(dir.path() / "empty");
  EXPECT_THAT(std::string(ReadBodies(dir.file("empty")).status().message()), HasSubstr("no body in it"));
}

}  // namespace
}  // namespace zoomwatch::cli
