// The subcommands, each in a file of its name. main.cc lists them.
#pragma once

#include "cli/command.h"

namespace zoomwatch::cli {

const CommandSpec& AlertsCommand();
const CommandSpec& DoctorCommand();
const CommandSpec& HuntCommand();
const CommandSpec& KqlCommand();
const CommandSpec& LedgerCommand();
const CommandSpec& RulesCommand();
const CommandSpec& RunCommand();
const CommandSpec& SendCommand();
const CommandSpec& VolumeCommand();

}  // namespace zoomwatch::cli
