// What every service has in common before it starts.
#include "common/app/service_main.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>

namespace zoomwatch {
namespace {

// Looks around in its start, and does not start.
class CuriousApp final : public App {
 public:
  explicit CuriousApp(int& dumpable) : dumpable_(dumpable) {}
  absl::Status Start() override {
    dumpable_ = prctl(PR_GET_DUMPABLE);
    return absl::UnavailableError("only looked");
  }
  void Stop(absl::Time /*deadline*/) override {}

 private:
  int& dumpable_;
};

TEST(ServiceMainTest, NoSecretEndsInACoreFile) {
  ASSERT_EQ(prctl(PR_GET_DUMPABLE), 1) << "nothing to see";
  int dumpable = -1;
  const config::v1::Logging logging;
  const ServiceSpec spec{.name = "curious",
                         .summary = "",
                         .logging = [&]() -> const config::v1::Logging& { return logging; },
                         .drain_deadline = [] { return absl::Seconds(1); },
                         .make_app = [&] { return std::make_unique<CuriousApp>(dumpable); }};
  EXPECT_EQ(RunApp(spec), 1);
  EXPECT_EQ(dumpable, 0);
  prctl(PR_SET_DUMPABLE, 1);
}

}  // namespace
}  // namespace zoomwatch
