// zoomwatch: the command line. What each subcommand does stands in `zoomwatch help` and docs/cli.md.
#include <iostream>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/frame.h"

int main(int argc, char** argv) {
  using namespace zoomwatch::cli;  // NOLINT(google-build-using-namespace)
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
  return RunCommandLine(commands, arguments, Console{.out = std::cout, .error = std::cerr});
}
