// Ticks, the language's unit of time, and the rest of the program's times. Pure; thread-safe.
#pragma once

#include "absl/time/time.h"
#include "common/kql/types.h"

namespace zoomwatch::kql {

// Of years that 64 bits of nanoseconds hold, 1678 to 2261; beyond them the nearest such. What is below a tick is left out.
inline Ticks TicksOf(absl::Time time) { return kUnixEpoch + absl::ToUnixNanos(time) / 100; }
inline Ticks TicksOf(absl::Duration duration) { return absl::ToInt64Nanoseconds(duration) / 100; }

inline absl::Time TimeOf(Ticks ticks) {
  const Ticks since_epoch = ticks - kUnixEpoch;
  return absl::FromUnixSeconds(since_epoch / kTicksPerSecond) + absl::Nanoseconds(since_epoch % kTicksPerSecond * 100);
}

}  // namespace zoomwatch::kql
