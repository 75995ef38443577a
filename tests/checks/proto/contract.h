// The contract of a set of .proto files as lines of text: what another program, built at another time, relies on. Two contracts can be
// compared. Values; pure; thread-safe.
//
//   message zoomwatch.event.v1.Event
//   field zoomwatch.event.v1.Event.event_id: 1 string
//   field zoomwatch.event.v1.Event.meeting: 20 zoomwatch.event.v1.Meeting in oneof family
//   enum zoomwatch.event.v1.TimeSource
//   value zoomwatch.event.v1.TimeSource.TIME_SOURCE_UNSPECIFIED: 0
//   service zoomwatch.detect.v1.DetectService
//   rpc zoomwatch.detect.v1.DetectService.Detect: zoomwatch.detect.v1.DetectRequest returns zoomwatch.detect.v1.DetectResponse
//   extension zoomwatch.config.v1.rule: 50100 zoomwatch.config.v1.OptionRule of google.protobuf.FieldOptions
//
// Not in it, since it may change: comments, options, the order of declarations, and the file that something is in.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/compiler/importer.h"

namespace zoomwatch::proto_check {

// What stands before ": " in a line -> what stands behind it ("" for a line without).
using Contract = std::map<std::string, std::string>;

// Reads `files` (paths within `tree`) and what they import. The well-known types need not be in `tree`.
// Errors: INVALID_ARGUMENT, one line for each thing that the compiler says; nothing is left out silently.
absl::StatusOr<Contract> ReadProtos(google::protobuf::compiler::SourceTree& tree, const std::vector<std::string>& files);
// The same for all .proto files in and below a folder. Errors also: NOT_FOUND, there are none.
absl::StatusOr<Contract> ReadProtoFolder(const std::string& folder);

// The lines, sorted; ParseContract() reads them again.
std::string ToText(const Contract& contract);
// Empty lines and lines that begin with '#' are skipped. Errors: INVALID_ARGUMENT, a line that occurs twice.
absl::StatusOr<Contract> ParseContract(std::string_view text);

// What programs built with `before` lose with `after`: a line that is gone or says something else. For people, in the order of names.
std::vector<std::string> FindBreaks(const Contract& before, const Contract& after);
// The lines of `after` that `before` does not have at all. They break nothing.
std::vector<std::string> FindAdditions(const Contract& before, const Contract& after);

}  // namespace zoomwatch::proto_check
