// The checks of `zoomwatch doctor` that need the machine's files only: configuration, secrets, certificates, folders
// and disk. Not thread-safe; blocks on the disk.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "cli/doctor/check.h"

namespace zoomwatch::cli {

struct LoadedConfig {
  std::string service;                                // "receiver", "normalizer", "detector" or "run"
  std::unique_ptr<google::protobuf::Message> config;  // nullptr: it cannot be loaded
};

// Loads the file as the configuration of `service`; empty: of the service that it fits best.
// REQUIRES: a name of those above, or empty.
LoadedConfig CheckConfig(const std::string& file, std::string_view service, Checks& checks);

// Every file with a secret in it: readable, not empty, closed to other users of the machine.
void CheckSecrets(const google::protobuf::Message& config, Checks& checks);

// Every certificate: valid at `now` and for some time to come, with its key, the chain in order, trusted by Zoom where
// Zoom sees it.
void CheckCertificates(const google::protobuf::Message& config, absl::Time now, Checks& checks);

// Every gRPC port: closed to clients that nobody named, unless only this machine reaches it.
void CheckAccess(const google::protobuf::Message& config, Checks& checks);

// Every folder that is written to: there or to be made, writable, with room for what it may grow to.
void CheckDisk(const google::protobuf::Message& config, Checks& checks);

// The judgement on the room of one folder. `used_bytes` of `limit_bytes` (0: no limit) are in it already, `free_bytes`
// are left.
Check JudgeRoom(const std::string& folder, uint64_t free_bytes, uint64_t used_bytes, uint64_t limit_bytes);

}  // namespace zoomwatch::cli
