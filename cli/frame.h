// The part of `zoomwatch` that all subcommands share: finding the one that is meant, help, version, errors and exit
// codes.
//
//   zoomwatch COMMAND ... | zoomwatch help [COMMAND] | zoomwatch COMMAND --help | zoomwatch --version
#pragma once

#include <span>
#include <string>

#include "absl/status/status.h"
#include "cli/command.h"

namespace zoomwatch::cli {

// Runs the command line without the program's name. Returns the exit code.
int RunCommandLine(std::span<const CommandSpec> commands, std::span<const std::string> arguments,
                   const Console& console);

// What is wrong, for people: the reason or code and the message.
std::string FaultText(const absl::Status& status);

// The help of one command, 100 columns wide.
std::string HelpText(const CommandSpec& command);

// docs/cli.md: the help of all commands.
std::string MarkdownPage(std::span<const CommandSpec> commands);

}  // namespace zoomwatch::cli
