// Event ids as they show in whole events.
#include <gmock/gmock.h>

#include "tests/unit/services/normalizer/normalize_body.h"

namespace zoomwatch {
namespace {

std::string IdOf(std::string body) { return EventOf(std::move(body)).event_id(); }

std::string Recording(const std::string& secret, const std::string& account = "acc-7", const std::string& event_ts = "1795512600000") {
  return R"({"event":"recording.completed","event_ts":)" + event_ts + R"(,"download_token":"t-)" + secret +
         R"(","payload":{"account_id":")" + account + R"(","object":{"uuid":"u1","id":77,"share_url":"https://rec.example/s/)" + secret +
         R"(","recording_files":[{"id":"f1","play_url":"https://rec.example/p/)" + secret + R"(","download_url":"https://rec.example/d/)" +
         secret + R"("}]}}})";
}

std::string Joined(const std::string& participant, const std::string& extra = "") {
  return R"({"event":"meeting.participant_joined","event_ts":1795512600000,"payload":{"account_id":"acc-7","object":{"uuid":"u1","id":"77",)" +
         extra + R"("participant":{)" + participant + "}}}}";
}

TEST(EventIdentity, IsThirtyTwoHexadecimalDigits) {
  EXPECT_THAT(IdOf(Recording("one")), ::testing::MatchesRegex("[0-9a-f]{32}"));
}

TEST(EventIdentity, DeliveriesThatDifferInSecretsAloneAreOneEvent) { EXPECT_EQ(IdOf(Recording("one")), IdOf(Recording("two"))); }

TEST(EventIdentity, AccountTimeAndNameTellEventsApart) {
  EXPECT_NE(IdOf(Recording("one", "acc-7")), IdOf(Recording("one", "acc-8")));
  EXPECT_NE(IdOf(Recording("one", "acc-7", "1795512600000")), IdOf(Recording("one", "acc-7", "1795512600001")));
  EXPECT_NE(IdOf(R"({"event":"a.b","event_ts":1795512600000})"), IdOf(R"({"event":"a.c","event_ts":1795512600000})"));
}

TEST(EventIdentity, AccountNameStandsInForTheIdWithoutBeingMistakenForOne) {
  EXPECT_NE(IdOf(R"({"event":"a.b","event_ts":1795512600000,"payload":{}})"),
            IdOf(R"({"event":"a.b","event_ts":1795512600000,"payload":{"account_id":"northwind"}})"));
}

TEST(EventIdentity, TwoWhoJoinInOneMillisecondAreTwoEvents) {
  EXPECT_NE(IdOf(Joined(R"("user_id":"16778240","user_name":"Ada")")), IdOf(Joined(R"("user_id":"16779264","user_name":"Ada")")));
  EXPECT_NE(IdOf(Joined(R"("participant_uuid":"p-1")")), IdOf(Joined(R"("participant_uuid":"p-2")")));
  EXPECT_NE(IdOf(Joined(R"("user_name":"Ada")")), IdOf(Joined(R"("user_name":"Bo")")));
}

TEST(EventIdentity, JoinsAreIdentifiedByTheirFieldsAlone) {
  EXPECT_EQ(IdOf(Joined(R"("user_id":"16778240")")), IdOf(Joined(R"("user_id":"16778240")", R"("topic":"renamed",)")));
  EXPECT_EQ(IdOf(Joined(R"("user_id":"16778240")")), IdOf(Joined(R"("user_id":16778240)")));
}

TEST(EventIdentity, AnAbsentFieldDiffersFromAnEmptyOne) {
  EXPECT_NE(IdOf(Joined(R"("user_id":"16778240")")), IdOf(Joined(R"("user_id":"16778240","email":"")")));
}

TEST(EventIdentity, OrderAndBlanksOfTheBodyDoNotCount) {
  EXPECT_EQ(IdOf(R"({"event":"a.b","event_ts":1795512600000,"payload":{"x":1,"y":[true,null]}})"),
            IdOf("{ \"payload\": {\"y\":[true, null], \"x\":1},\n\"event_ts\":1795512600000, \"event\":\"a.b\"}"));
}

TEST(EventIdentity, ContentCountsWithItsTypes) {
  const auto with = [](const std::string& value) { return IdOf(R"({"event":"a.b","event_ts":1795512600000,"payload":{"x":)" + value + "}}"); };
  EXPECT_NE(with("1"), with("2"));
  EXPECT_NE(with("1"), with("\"1\""));
  EXPECT_NE(with("[]"), with("{}"));
  EXPECT_NE(with("[1,2]"), with("[2,1]"));
  EXPECT_NE(with("[[1],2]"), with("[[1,2]]"));
  EXPECT_NE(with("true"), with("false"));
}

TEST(EventIdentity, WithoutEventTsTheBytesOfTheBodyCount) {
  EXPECT_EQ(IdOf(R"({"event":"a.b"})"), IdOf(R"({"event":"a.b"})"));
  EXPECT_NE(IdOf(R"({"event":"a.b"})"), IdOf(R"({"event": "a.b"})"));
}

}  // namespace
}  // namespace zoomwatch
