// The checks of `zoomwatch doctor` on the way from the detector to Azure: a token, the role, the rule, its streams and
// their columns. Not thread-safe; blocks for at most some seconds a call.
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "absl/time/time.h"
#include "cli/doctor/check.h"
#include "common/time/clock.h"

namespace zoomwatch::cli {

struct SinkChecksOptions {
  absl::Duration timeout = absl::Seconds(5);  // of one call
  // JSON of the data collection rule as `az monitor data-collection rule show` prints it, or a template with it; empty:
  // its columns are not compared.
  std::string rule_file;
};

// That the conditions of the routes are understood, and what each route does. Nothing when there are none.
void CheckRoutes(const google::protobuf::Message& config, Checks& checks);

// That the sink takes rows from us: one token, and one call without rows for each stream; and the incidents, where they are made
// (incident_checks.h). Nothing for other sinks.
void CheckSink(const google::protobuf::Message& config, const Clock& clock, const SinkChecksOptions& options, Checks& checks);

// That the rule declares every column that we send: Azure drops others without a word.
void CheckColumns(const google::protobuf::Message& config, const SinkChecksOptions& options, Checks& checks);

}  // namespace zoomwatch::cli
