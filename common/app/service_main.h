// The main function of every service: command line, configuration, log, signals, start, wait, drain.
//
//   zoomwatch-receiver --config FILE [--print-config | --check-config]
//   zoomwatch-receiver --version | --help
//
// Exit codes: 0 stopped by SIGTERM or SIGINT (or the asked text was printed), 1 start-up or run failed, 2 wrong command line.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "zoomwatch/config/v1/common.pb.h"

namespace zoomwatch {

// A service, or several in one process, between start and stop.
class App {
 public:
  virtual ~App() = default;

  // Everything is up when it returns OK, and nothing is left running when it does not.
  virtual absl::Status Start() = 0;

  // Drains until the deadline and stops. Accepted work that is not finished then is kept on disk. Called once.
  virtual void Stop(absl::Time deadline) = 0;
};

struct ServiceSpec {
  std::string name;     // program name
  std::string summary;  // one sentence for --help
  // The configuration message; filled by the loader.
  google::protobuf::Message* config = nullptr;
  // Checks that concern several options together. May be empty.
  std::function<absl::Status()> check_config;
  // After loading: parts of it.
  std::function<const config::v1::Logging&()> logging;
  std::function<absl::Duration()> drain_deadline;
  // Makes the app from the loaded configuration.
  std::function<std::unique_ptr<App>()> make_app;
};

int ServiceMain(int argc, char** argv, const ServiceSpec& spec);

}  // namespace zoomwatch
