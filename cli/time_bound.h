// The ends of a time range on the command line. Pure; thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/arguments.h"

namespace zoomwatch::cli {

// The value of the flag: a time in RFC 3339, or a duration before `now`. None: the flag is absent. Errors: USAGE.
absl::StatusOr<std::optional<absl::Time>> ReadTimeBound(const Arguments& arguments, std::string_view flag, absl::Time now);

}  // namespace zoomwatch::cli
