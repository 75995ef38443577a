#include "common/config/config.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "zoomwatch/config/v1/detector.pb.h"
#include "zoomwatch/config/v1/normalizer.pb.h"
#include "zoomwatch/config/v1/receiver.pb.h"

namespace zoomwatch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() { std::ofstream(dir_.file("token")) << "s3cret"; }

  template <typename Config>
  absl::Status Parse(const std::string& text, Config* config) {
    return ParseConfig(text, "c.yaml", dir_.path(), config);
  }
  absl::Status ParseReceiver(const std::string& text) { return Parse(text, &receiver_); }
  absl::Status ParseNormalizer(const std::string& text) { return Parse(text, &normalizer_); }

  // The smallest valid receiver configuration, then `more`.
  static std::string Receiver(const std::string& more = "") {
    return "webhook: {allow_plaintext: true}\n"
           "zoom_accounts:\n"
           "  - name: main\n"
           "    secret_token_files: [token]\n"
           "spool: {directory: spool}\n"
           "normalizer: {address: 'localhost:1', allow_plaintext: true}\n" +
           more;
  }

  testing::TempDir dir_;
  config::v1::Receiver receiver_;
  config::v1::Normalizer normalizer_;
  config::v1::Detector detector_;
};

TEST_F(ConfigTest, AppliesEveryDefaultAlsoInGroupsThatAreAbsent) {
  ASSERT_OK(ParseReceiver(Receiver()));
  EXPECT_EQ(receiver_.webhook().listen_address(), "0.0.0.0:8443");
  EXPECT_EQ(receiver_.webhook().max_body_bytes(), 1 << 20);
  EXPECT_EQ(receiver_.webhook().answer_deadline().nanos(), 500'000'000);
  EXPECT_EQ(receiver_.webhook().answer_deadline().seconds(), 2);
  EXPECT_EQ(receiver_.replay().max_age().seconds(), 5400);
  EXPECT_EQ(receiver_.admin().listen_address(), "127.0.0.1:9090");
  EXPECT_EQ(receiver_.batching().max_items(), 256);
  EXPECT_EQ(receiver_.logging().level(), "info");
}

TEST_F(ConfigTest, LeavesGroupsWithRequiredOptionsAbsent) {
  ASSERT_OK(ParseReceiver(Receiver()));
  EXPECT_FALSE(receiver_.webhook().has_tls());
  EXPECT_FALSE(receiver_.has_grpc());
  EXPECT_FALSE(receiver_.zoom_accounts(0).has_custom_header());
}

TEST_F(ConfigTest, TakesRelativePathsFromTheFolderOfTheFile) {
  ASSERT_OK(ParseReceiver(Receiver()));
  EXPECT_EQ(receiver_.zoom_accounts(0).secret_token_files(0), dir_.file("token"));
  EXPECT_EQ(receiver_.spool().directory(), dir_.file("spool"));
}

TEST_F(ConfigTest, NamesTheNearestOptionForAnUnknownKey) {
  EXPECT_THAT(ParseReceiver(Receiver("reply: {max_age: 1h}\n")),
              testing::HasReasonAndMessage(Reason::kConfigUnknownKey, "c.yaml:7:1: reply: no such option; did you mean replay?"));
  EXPECT_THAT(ParseReceiver(Receiver("replay: {maximum_age: 1h}\n")),
              testing::HasReasonAndMessage(Reason::kConfigUnknownKey,
                                           AllOf(HasSubstr("c.yaml:7:10: replay.maximum_age: no such option"),
                                                 HasSubstr("here may stand: max_age max_ahead max_entries"))));
}

TEST_F(ConfigTest, RefusesAKeyThatStandsTwice) {
  EXPECT_THAT(ParseReceiver("admin: {}\nlogging: {}\nadmin: {}\n"),
              testing::HasReasonAndMessage(Reason::kConfigDuplicateKey, "c.yaml:3:1: admin: stands twice, first at line 1"));
}

TEST_F(ConfigTest, HoldsValuesToTheirLimits) {
  const auto with_age = [this](const std::string& age) { return ParseReceiver(Receiver("replay: {max_age: " + age + "}\n")); };
  EXPECT_OK(with_age("1m"));
  EXPECT_OK(with_age("24h"));
  EXPECT_THAT(with_age("59s"), testing::HasReasonAndMessage(Reason::kConfigInvalidValue, "c.yaml:7:19: replay.max_age: 59s is less than 1m"));
  EXPECT_THAT(with_age("24h1s"), testing::HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("24h1s exceeds 24h")));
  EXPECT_THAT(with_age("90"), testing::HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("expected a duration")));
  EXPECT_THAT(ParseReceiver(Receiver("batching: {max_items: 0}\n")),
              testing::HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("0 is less than 1")));
  EXPECT_OK(ParseReceiver(Receiver("batching: {max_items: 512}\n")));
  EXPECT_THAT(ParseReceiver(Receiver("batching: {max_items: 513}\n")), testing::HasReason(Reason::kConfigInvalidValue));
  EXPECT_THAT(ParseReceiver(Receiver("logging: {level: loud}\n")),
              testing::HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("\"loud\" is none of debug, info, warning, error")));
}

TEST_F(ConfigTest, ReadsSizesWithUnits) {
  ASSERT_OK(ParseReceiver(Receiver("batching: {max_bytes: 64KiB}\n")));
  EXPECT_EQ(receiver_.batching().max_bytes(), 65536);
  EXPECT_THAT(ParseReceiver(Receiver("batching: {max_items: 1KiB}\n")),
              testing::HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("expected a whole number")));
  EXPECT_THAT(ParseReceiver(Receiver("batching: {max_bytes: 64KB}\n")), testing::HasReason(Reason::kConfigInvalidValue));
}

TEST_F(ConfigTest, ReportsAllFaultsOfAFileTogether) {
  const absl::Status status = ParseReceiver("zoom_accounts: []\nreplay: {max_age: soon}\nspol: {}\n");
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("zoom_accounts: must not be empty"), HasSubstr("replay.max_age: expected a duration"),
                    HasSubstr("spol: no such option; did you mean spool?"), HasSubstr("spool: is required"),
                    HasSubstr("normalizer: is required")));
}

TEST_F(ConfigTest, SaysOnceThatARequiredValueIsWrong) {
  const absl::Status status = ParseReceiver(Receiver("").replace(Receiver().find("main"), 4, "Main"));
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("zoom_accounts[0].name: \"Main\" does not match"), Not(HasSubstr("\n"))));
}

TEST_F(ConfigTest, ChecksThatFilesExistAndAreNotEmpty) {
  std::ofstream(dir_.file("empty")).flush();
  const auto with_token = [this](const std::string& file) {
    return ParseReceiver(Receiver().replace(Receiver().find("[token]"), 7, "[" + file + "]"));
  };
  EXPECT_THAT(with_token("absent"), testing::HasReasonAndMessage(Reason::kSecretUnreadable, HasSubstr("secret_token_files[0]: ")));
  EXPECT_THAT(with_token("empty"), testing::HasReason(Reason::kSecretEmpty));
  EXPECT_THAT(with_token("."), testing::HasReason(Reason::kSecretUnreadable));
  EXPECT_THAT(with_token("token, token, token"), testing::HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("3 items exceed 2")));
}

TEST_F(ConfigTest, WantsExactlyOneSink) {
  const std::string head = "grpc: {listen_address: 'localhost:0', allow_plaintext: true}\nstore: {directory: s}\n";
  EXPECT_OK(Parse(head + "delivery: {json_lines: {file: rows.jsonl}}\n", &detector_));
  EXPECT_THAT(Parse(head + "delivery: {}\n", &detector_),
              testing::HasReasonAndMessage(Reason::kConfigMissingKey,
                                           HasSubstr("exactly one of json_lines, logs_ingestion must be present, found 0")));
  EXPECT_THAT(Parse(head + "delivery: {json_lines: {file: a}, logs_ingestion: {}}\n", &detector_),
              testing::HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("found 2")));
}

TEST_F(ConfigTest, RefusesYamlThatConfigurationDoesNotNeed) {
  EXPECT_THAT(ParseReceiver("admin: &a {}\nlogging: *a\n"),
              testing::HasReasonAndMessage(Reason::kConfigMalformed, HasSubstr("anchors are not supported")));
  EXPECT_THAT(ParseReceiver("admin: {}\n---\nadmin: {}\n"),
              testing::HasReasonAndMessage(Reason::kConfigMalformed, HasSubstr("one document")));
  EXPECT_THAT(ParseReceiver("admin: !!map {}\n"), testing::HasReasonAndMessage(Reason::kConfigMalformed, HasSubstr("tags")));
  EXPECT_THAT(ParseReceiver("<<: {}\n"), testing::HasReasonAndMessage(Reason::kConfigMalformed, HasSubstr("merge keys")));
  EXPECT_THAT(ParseReceiver("admin: [\n"), testing::HasReason(Reason::kConfigMalformed));
  EXPECT_THAT(ParseReceiver(std::string(100, '[')), testing::HasReason(Reason::kConfigMalformed));
  EXPECT_THAT(ParseReceiver(std::string((1 << 20) + 1, '#')),
              testing::HasReasonAndMessage(Reason::kConfigMalformed, "c.yaml: 1048577 bytes exceed 1048576"));
}

TEST_F(ConfigTest, RefusesControlCharactersThatWouldHideWhatFollows) {
  EXPECT_THAT(ParseReceiver(Receiver("\x04unknown: 1\n")),
              testing::HasReasonAndMessage(Reason::kConfigMalformed, HasSubstr(": control character 0x04")));
}

TEST_F(ConfigTest, RefusesTheWrongShape) {
  EXPECT_THAT(ParseReceiver(Receiver("admin: 5\n")),
              testing::HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("admin: expected a mapping, found a value")));
  EXPECT_THAT(ParseReceiver(Receiver("drain_deadline: [1s]\n")),
              testing::HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("drain_deadline: expected a value, found a list")));
  EXPECT_THAT(ParseReceiver(Receiver("drain_deadline:\n")),
              testing::HasReasonAndMessage(Reason::kConfigInvalidValue, HasSubstr("expected a value, found nothing")));
}

TEST_F(ConfigTest, PrintsWhatItReadsBackToTheSame) {
  ASSERT_OK(ParseReceiver(Receiver("replay: {max_age: 1h30m}\n")));
  const std::string printed = PrintConfig(receiver_);
  config::v1::Receiver again;
  ASSERT_OK(ParseConfig(printed, "printed", "/", &again));
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(receiver_, again)) << printed;
  EXPECT_THAT(printed, AllOf(HasSubstr("max_age: 1h30m"), Not(HasSubstr("s3cret"))));
}

TEST_F(ConfigTest, NamesTheFileThatCannotBeRead) {
  EXPECT_THAT(LoadConfigFile(dir_.file("absent.yaml"), &receiver_), testing::HasReason(Reason::kConfigUnreadable));
  EXPECT_THAT(LoadConfigFile(dir_.path(), &receiver_), testing::HasReason(Reason::kConfigUnreadable));
}

}  // namespace
}  // namespace zoomwatch
