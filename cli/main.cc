// zoomwatch: the command line. What each subcommand does stands in `zoomwatch help` and docs/cli.md.
#include <iostream>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/frame.h"
#include "common/app/service_main.h"

int main(int argc, char** argv) {
  using namespace zoomwatch::cli;  // NOLINT(google-build-using-namespace)
  zoomwatch::ForbidCoreDumps();  // some commands read secrets
  const CommandSpec commands[] = {
      RunCommand(),
      SendCommand(),
      LedgerCommand(),
      VolumeCommand(),
      HuntCommand(),
      KqlCommand(),
      AlertsCommand(),
      RulesCommand(),
      DoctorCommand(),
  };
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const int code = RunCommandLine(commands, arguments, Console{.out = std::cout, .error = std::cerr});
  if (std::cout.flush()) return code;
  std::cerr << "zoomwatch: the output could not be written\n";  // a full disk, for example
  return code == kExitOk ? kExitFailed : code;
}
