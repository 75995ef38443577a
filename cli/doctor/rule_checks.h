// The check of `zoomwatch doctor` on the rules of the running detector. Not thread-safe; blocks for at most some seconds.
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "absl/time/time.h"
#include "cli/doctor/check.h"
#include "common/time/clock.h"

namespace zoomwatch::cli {

struct RuleChecksOptions {
  absl::Duration timeout = absl::Seconds(5);
  // Our side of mutual TLS; empty: the service's own certificate and the authorities of its clients.
  std::string ca_file, certificate_file, private_key_file, server_name;
};

// How many rules the detector behind the configuration's gRPC port runs, and which not, by name and reason. Nothing when
// the configuration has no rules.
void CheckRules(const google::protobuf::Message& config, const Clock& clock, const RuleChecksOptions& options, Checks& checks);

}  // namespace zoomwatch::cli
