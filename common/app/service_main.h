// The main function of every service: command line, configuration, log, signals, start, wait, drain.
//
//   zoomwatch-receiver --config FILE [--check-config | --print-config]
//   zoomwatch-receiver --version | --help
//
// Exit codes: 0 stopped by SIGTERM or SIGINT, or the asked text was printed; 1 start-up or stop failed; 2 wrong command line.
// A second signal during the drain ends the process at once (what is accepted is on disk).
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "zoomwatch/config/v1/common.pb.h"

namespace zoomwatch {

// A service, or several in one process, between start and stop.
class App {
 public:
  virtual ~App() = default;

  // Everything is up when it returns OK, and nothing is left running when it does not.
  virtual absl::Status Start() = 0;

  // Drains until the deadline and stops. Accepted work that is not finished then is kept on disk. Called once, after Start().
  virtual void Stop(absl::Time deadline) = 0;
};

struct ServiceSpec {
  std::string name;     // program name, also "service" in log lines
  std::string summary;  // one sentence for --help
  google::protobuf::Message* config = nullptr;  // filled by the loader before the functions below are called
  std::function<const config::v1::Logging&()> logging;
  std::function<absl::Duration()> drain_deadline;
  std::function<std::unique_ptr<App>()> make_app;
};

// REQUIRES: called from main(), before any thread is started.
int ServiceMain(int argc, char** argv, const ServiceSpec& spec);

// From here on a crash leaves no core file, and other processes of the same user cannot read this one's memory: secrets stay in it.
void ForbidCoreDumps();

// The part after the configuration: log, signals, start, wait, drain. Returns the exit code. For programs with a command line
// of their own (`zoomwatch run`).
int RunApp(const ServiceSpec& spec);

}  // namespace zoomwatch
