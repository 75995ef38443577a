#include "cli/time_bound.h"

#include <fmt/format.h>

#include <string>

#include "common/config/values.h"
#include "common/status/reasons.h"

namespace zoomwatch::cli {

absl::StatusOr<std::optional<absl::Time>> ReadTimeBound(const Arguments& arguments, std::string_view flag, absl::Time now) {
  if (!arguments.Has(flag)) return std::nullopt;
  const std::string text = arguments.Text(flag);
  if (const std::optional<absl::Duration> age = config::ParseDuration(text)) return now - *age;
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return time;
  return Error(Reason::kUsage, fmt::format("--{}: '{}' is no time such as 2026-05-04T10:00:00Z and no duration such as 24h", flag, text));
}

}  // namespace zoomwatch::cli
