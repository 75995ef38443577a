// The stream of the table of events. Apart from the fake itself, which need not know what zoomwatch sends.
#pragma once

#include <string>

#include "tests/fakes/azure_monitor/stream.h"

namespace zoomwatch::fakes {

// A stream with the columns of common/event_table.
Stream EventStream(std::string name = "Custom-ZoomLogs_CL");

}  // namespace zoomwatch::fakes
