// The published parser and the eight published queries for Zoom, unmodified, over events that came through the pipeline as signed
// webhooks. What they find is what their texts say, mistakes included.
//
// The parser's text is not ours to copy: it is read from facts/sentinel.md beside the folder that ZOOMWATCH_CORPUS names, section H.9.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "common/testing/rule_query.h"
#include "tests/integration/cli/program.h"

namespace zoomwatch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::PipelineFolder;
using testing::ProgramResult;
using testing::RunProgram;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Empty when it is not there.
std::string PublishedParser(const std::filesystem::path& corpus) {
  const std::string text = ReadFile(corpus / ".." / "facts" / "sentinel.md");
  const std::size_t heading = text.find("\nH.9 ");
  if (heading == std::string::npos) return "";
  const std::size_t begin = text.find("```kusto\n", heading) + 9;
  return text.substr(begin, text.find("```", begin) - begin);
}

std::string Body(const std::string& event, const std::string& payload) {
  static int number = 0;
  return R"({"event":")" + event + R"(","event_ts":)" + std::to_string(1'767'225'600'000 + ++number) + R"(,"payload":{"account_id":"acc",)" + payload + "}}\n";
}

std::string Settings(const std::string& now, const std::string& before) {
  return Body("account.settings_updated", R"("operator":"ann@corp.example","object":{"settings":{"in_meeting":{)" + now +
                                              R"(}}},"old_object":{"settings":{"in_meeting":{)" + before + "}}}");
}
std::string RoomAlert(int type) {
  return Body("zoomroom.alert", R"("object":{"id":"r1","room_name":"Room 1","email":"room@corp.example","issue":"busy","alert_type":)" +
                                    std::to_string(type) + R"(,"alert_kind":1})");
}
std::string Meeting(const std::string& event, const std::string& zone) {
  return Body(event, R"("operator":"host@corp.example","object":{"uuid":"m1","id":"91","topic":"Talk","timezone":")" + zone +
                         R"(","participant":{"user_name":"Eve"}})");
}
std::string Registration(const std::string& event, const std::string& uuid, const std::string& who) {
  return Body(event, R"("operator":"host@corp.example","object":{"uuid":")" + uuid + R"(","topic":"Talk","registrant":{"id":"g1","email":")" + who +
                         R"("}})");
}
std::string Chat(int channel) {
  return Body("chat_message.sent", R"("operator":"ben@corp.example","operator_id":"u2","object":{"message":"see https://x.example","type":"to_channel",)"
                                   R"("channel_name":"Channel )" + std::to_string(channel) + R"(","channel_id":"c)" + std::to_string(channel) + R"("})");
}

class PublishedParserTest : public PipelineFolder {
 protected:
  void SetUp() override {
    const char* const corpus = std::getenv("ZOOMWATCH_CORPUS");
    if (corpus == nullptr) GTEST_SKIP() << "ZOOMWATCH_CORPUS is not set: the published parser did not run";
    corpus_ = corpus;
    parser_ = PublishedParser(corpus_);
    if (parser_.empty()) GTEST_SKIP() << "there is no facts/sentinel.md beside ZOOMWATCH_CORPUS: the published parser did not run";
    std::string bodies = Settings(R"("e2e_encryption":true)", R"("e2e_encryption":false)") + Settings(R"("e2e_encryption":false)", R"("e2e_encryption":true)") +
                         Settings(R"("alert_guest_join":false)", R"("alert_guest_join":true)") + RoomAlert(1) + RoomAlert(4) +
                         Meeting("meeting.created", "UTC") + Meeting("meeting.participant_joined", "Europe/Oslo") +
                         Registration("webinar.registration_approved", "w4", "eve@x.example") +
                         Registration("webinar.registration_approved", "w4", "fay@x.example");
    for (const char* const webinar : {"w1", "w2", "w3"}) bodies += Registration("webinar.registration_denied", webinar, "eve@x.example");
    for (int channel = 1; channel <= 4; ++channel) bodies += Chat(channel);
    Write("bodies.jsonl", bodies);
    ASSERT_NO_FATAL_FAILURE(Start());
    const ProgramResult sent =
        RunProgram("zoomwatch", {"send", "--url", url(), "--secret-file", dir_.file("token"), "--file", dir_.file("bodies.jsonl")});
    ASSERT_EQ(sent.code, 0) << sent.out << sent.error;
    ASSERT_EQ(WaitForRows(16).size(), 16u);
  }
  // One JSON object a line.
  std::string Hunt(const std::string& query) const {
    const ProgramResult found = RunProgram("zoomwatch", {"hunt", "--address", host_ + ":9191", "--plaintext", "--format", "jsonl",
                                                         "let ZoomLogs = view () {\n" + parser_ + "};\n" + query});
    EXPECT_EQ(found.code, 0) << query << "\n" << found.error;
    return found.out;
  }

  std::filesystem::path corpus_;
  std::string parser_;
};

TEST_F(PublishedParserTest, MakesTheColumnsThatItsTextSays) {
  const auto row = [this](const std::string& condition) { return Hunt("ZoomLogs | where " + condition); };
  EXPECT_THAT(row("RoomEvents has '\"AlertType\":4.0'"),
              AllOf(HasSubstr(R"("Event":"zoomroom.alert")"), HasSubstr(R"(\"RoomEmail\":\"room@corp.example\",\"RoomEvent\":\"busy\")"),
                    HasSubstr(R"(\"RoomName\":\"\")")))
      << "the parser asks for a misspelt column";
  EXPECT_THAT(row("Event == 'meeting.created'"),
              AllOf(HasSubstr(R"("User":"host@corp.example")"), HasSubstr(R"("UserId":"")"),
                    HasSubstr(R"({\"MeetingName\":\"Talk\",\"MeetingId\":\"m1\",\"Timezone\":\"UTC\")")));
  EXPECT_THAT(row("Event == 'webinar.registration_approved' and payload_object_registrant_email_s startswith 'fay'"),
              AllOf(HasSubstr(R"("UserId":"g1")"), HasSubstr(R"(\"WebinarId\":\"w4\")")));
  EXPECT_THAT(row("ChatEvents has 'Channel 3'"), AllOf(HasSubstr(R"("User":"ben@corp.example","UserId":"u2")"), HasSubstr(R"(\"ChannelId\":\"c3\")")));
}

TEST_F(PublishedParserTest, ThePublishedQueriesFindWhatTheirTextsSay) {
  const std::map<std::string, std::vector<std::string>> expected = {
      // It calls the new value old and the old one new, and looks for "from false to true": encryption was switched off.
      {"E2EEDisbaled.yaml", {R"("payload_object_settings_in_meeting_e2e_encryption_b":false)"}},
      {"ExternalUserAccess.yaml", {R"("SettingChanged")"}},
      {"HighCPURoom.yaml", {R"("AlertType":1)"}},
      {"JoiningMeetingFromAnotherTimeZone.yaml", {R"("JoinedTimeZone":"Europe/Oslo","SchedTimezone":"UTC","MeetingScheduler":"host@corp.example")"}},
      {"MultipleRegistrationDenies.yaml", {R"("RegisteringUser":"fay@x.example")"}},  // those who were denied are left out
      {"NewDomainAccess.yaml", {}},                                                    // no event makes the column that it asks for
      {"NewTZ.yaml", {R"("TimeZone":"Europe/Oslo")"}},                                // `in` where `!in` was meant: each zone is known
      {"SupiciousLinkSharing.yaml", {R"("ChannelCount":4)"}},
  };
  int files = 0;
  for (const auto& [file, texts] : expected) {
    ++files;
    const std::string found = Hunt(testing::QueryOfRule(corpus_ / "sentinel-zoom" / file));
    EXPECT_EQ(std::count(found.begin(), found.end(), '\n'), static_cast<std::ptrdiff_t>(texts.size())) << file << "\n" << found;
    for (const std::string& text : texts) EXPECT_THAT(found, HasSubstr(text)) << file;
  }
  EXPECT_EQ(files, 8);
}

}  // namespace
}  // namespace zoomwatch
