// The bytes of a configuration file -> the message of `zoomwatch run`. Properties:
//   - whatever the bytes are, there is a configuration or an error with a reason and a place in the file;
//   - a configuration is whole: what is required is there, and every default is filled in;
//   - printed and read again it is the same.
#include <google/protobuf/util/message_differencer.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "common/config/config.h"
#include "common/status/check.h"
#include "common/status/reasons.h"
#include "common/testing/temp_dir.h"
#include "zoomwatch/config/v1/all_in_one.pb.h"

namespace {

using zoomwatch::config::v1::AllInOne;

// The folder of the file, with what its options may name.
class Folder {
 public:
  Folder() {
    std::ofstream(dir_.file("f")) << "x";
    std::ofstream(dir_.file("empty"));
  }
  std::string path() const { return dir_.path(); }

 private:
  const zoomwatch::testing::TempDir dir_;
};

void CheckWhole(const AllInOne& config) {
  ZOOMWATCH_CHECK(config.zoom_accounts_size() >= 1 && config.zoom_accounts_size() <= 64);
  for (const auto& account : config.zoom_accounts()) {
    ZOOMWATCH_CHECK(!account.name().empty() && account.name().size() <= 64);
    ZOOMWATCH_CHECK(account.secret_token_files_size() >= 1 && account.secret_token_files_size() <= 2);
  }
  ZOOMWATCH_CHECK(!config.spool().directory().empty() && !config.store().directory().empty());
  ZOOMWATCH_CHECK(config.delivery().sink_case() != zoomwatch::config::v1::Delivery::SINK_NOT_SET);
  ZOOMWATCH_CHECK(config.webhook().path().starts_with('/'));
  ZOOMWATCH_CHECK(config.webhook().max_body_bytes() >= 1024 && config.webhook().max_body_bytes() <= 3 << 20);
  ZOOMWATCH_CHECK(config.drain_deadline().seconds() >= 1 && config.drain_deadline().seconds() <= 600);
  ZOOMWATCH_CHECK(!config.logging().level().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const Folder folder;
  AllInOne config;
  const absl::Status status = zoomwatch::ParseConfig(text, "c.yaml", folder.path(), &config);
  if (!status.ok()) {
    ZOOMWATCH_CHECK(zoomwatch::ReasonOf(status).has_value());
    ZOOMWATCH_CHECK(absl::StartsWith(status.message(), "c.yaml"));
    return 0;
  }
  CheckWhole(config);
  AllInOne again;
  ZOOMWATCH_CHECK(zoomwatch::ParseConfig(zoomwatch::PrintConfig(config), "c.yaml", folder.path(), &again).ok());
  ZOOMWATCH_CHECK(google::protobuf::util::MessageDifferencer::Equals(config, again));
  return 0;
}
