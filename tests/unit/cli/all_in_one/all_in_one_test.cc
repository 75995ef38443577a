#include "cli/all_in_one.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "common/config/config.h"
#include "common/status/reasons.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch::cli {
namespace {

namespace pb = google::protobuf;

config::v1::AllInOne Load(const testing::TempDir& dir, const std::string& more = "") {
  std::ofstream(dir.file("token")) << "secret";
  config::v1::AllInOne config;
  const absl::Status status = ParseConfig(
      "webhook: {allow_plaintext: true, listen_address: '127.0.0.1:0'}\n"
      "zoom_accounts: [{name: main, secret_token_files: [token]}]\n"
      "spool: {directory: spool, max_items: 4321}\n"
      "store: {directory: store, retention: 9d}\n"
      "delivery: {json_lines: {file: rows.jsonl}}\n"
      "admin: {listen_address: '127.0.0.1:0'}\n" +
          more,
      "all.yaml", dir.path().string(), &config);
  EXPECT_TRUE(status.ok()) << status;
  return config;
}

// An option of a service that cannot be set here would silently keep a value of zero. The channels between the services
// are in the process, and the normalizer's limit on batches follows from batching.max_in_flight.
TEST(AllInOne, HasEveryGroupOfOptionsOfTheServices) {
  const std::set<std::string> own = {"grpc", "normalizer", "detector", "max_batches_in_flight"};
  const pb::Descriptor& all = *config::v1::AllInOne::descriptor();
  for (const pb::Descriptor* service :
       {config::v1::Receiver::descriptor(), config::v1::Normalizer::descriptor(), config::v1::Detector::descriptor()}) {
    for (int i = 0; i < service->field_count(); ++i) {
      const pb::FieldDescriptor& field = *service->field(i);
      if (own.count(field.name()) > 0) continue;
      const pb::FieldDescriptor* same = all.FindFieldByName(field.name());
      ASSERT_NE(same, nullptr) << "AllInOne lacks " << field.full_name();
      ASSERT_NE(field.message_type(), nullptr) << "SplitConfig() copies groups only: " << field.full_name();
      EXPECT_EQ(same->message_type(), field.message_type()) << field.full_name();
      EXPECT_EQ(same->is_repeated(), field.is_repeated()) << field.full_name();
      EXPECT_EQ(same->options().SerializeAsString(), field.options().SerializeAsString()) << field.full_name();
    }
  }
}

TEST(AllInOne, GivesEachServiceItsOptions) {
  const testing::TempDir dir;
  const ServiceConfigs configs = SplitConfig(Load(dir,
                                                  "json: {max_depth: 99}\nbatching: {max_in_flight: 7}\n"
                                                  "grpc: {listen_address: '127.0.0.1:0', allow_plaintext: true}\n"));
  EXPECT_EQ(configs.receiver.spool().max_items(), 4321);
  ASSERT_EQ(configs.receiver.zoom_accounts_size(), 1);
  EXPECT_EQ(configs.receiver.zoom_accounts(0).name(), "main");
  EXPECT_EQ(configs.receiver.replay().max_age().seconds(), 5400) << "defaults come along";
  EXPECT_EQ(configs.receiver.batching().max_in_flight(), 7);
  EXPECT_EQ(configs.receiver.normalizer().deadline().seconds(), 10);
  EXPECT_EQ(configs.receiver.drain_deadline().seconds(), 20);
  EXPECT_FALSE(configs.receiver.has_grpc()) << "the port is served by the whole";
  EXPECT_EQ(configs.normalizer.json().max_depth(), 99);
  EXPECT_EQ(configs.normalizer.max_batches_in_flight(), 7);
  EXPECT_EQ(configs.normalizer.detector().deadline().seconds(), 10);
  EXPECT_EQ(configs.detector.store().retention().seconds(), 9 * 86400);
  EXPECT_EQ(configs.detector.delivery().json_lines().file(), dir.file("rows.jsonl"));
}

TEST(AllInOne, StartsAndStopsWithoutTraffic) {
  const testing::TempDir dir;
  AllInOneApp app(Load(dir, "grpc: {listen_address: '127.0.0.1:0', allow_plaintext: true}\n"), SystemClock::Get());
  const absl::Status status = app.Start();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(app.Ledger().empty());
  app.Stop(SystemClock::Get().Now() + absl::Seconds(10));
}

TEST(AllInOne, StopsWhatItStartedWhenAServiceCannotStart) {
  const testing::TempDir dir;
  const config::v1::AllInOne config = Load(dir);
  {
    AllInOneApp first(config, SystemClock::Get());
    ASSERT_TRUE(first.Start().ok());
    AllInOneApp second(config, SystemClock::Get());
    const absl::Status status = second.Start();
    EXPECT_EQ(ReasonOf(status), Reason::kStoreLocked) << status;
    first.Stop(SystemClock::Get().Now() + absl::Seconds(10));
  }
  AllInOneApp third(config, SystemClock::Get());
  const absl::Status status = third.Start();
  EXPECT_TRUE(status.ok()) << status;
  third.Stop(SystemClock::Get().Now() + absl::Seconds(10));
}

TEST(AllInOne, ConfigurationNamesEverythingThatIsMissing) {
  const testing::TempDir dir;
  config::v1::AllInOne config;
  const absl::Status status = ParseConfig("spool: {directory: s}\n", "all.yaml", dir.path().string(), &config);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("zoom_accounts"));
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("delivery"));
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("store"));
}

}  // namespace
}  // namespace zoomwatch::cli
