// The streams of the tables of events and of alerts. Apart from the fake itself, which need not know what zoomwatch sends.
#pragma once

#include <string>

#include "tests/fakes/azure_monitor/stream.h"

namespace zoomwatch::fakes {

// A stream with the columns of common/event_table.
Stream EventStream(std::string name = "Custom-ZoomLogs_CL");
// A stream with the columns of an alert's row.
Stream AlertStream(std::string name = "Custom-ZoomAlerts_CL");

}  // namespace zoomwatch::fakes
