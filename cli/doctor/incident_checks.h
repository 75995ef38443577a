// The check of `zoomwatch doctor` on the way from the detector to Sentinel's incidents: a token and the right to read them. Not
// thread-safe; blocks for at most some seconds a call.
#pragma once

#include "cli/doctor/check.h"
#include "cli/doctor/sink_checks.h"
#include "common/time/clock.h"
#include "zoomwatch/config/v1/detector.pb.h"

namespace zoomwatch::cli {

// One token and one call that reads an incident and changes nothing. Whether we may make one cannot be asked without making one: the
// roles that let us do so let us read too, but a reader's role does as well for this call, and the finding says so. REQUIRES: the sink
// has incidents.
void CheckIncidents(const config::v1::LogsIngestionSink& sink, const Clock& clock, Checks& checks);

}  // namespace zoomwatch::cli
