// The trace of a webhook in log lines: what its lines of all services have in common. Pure.
#pragma once

#include <string_view>

namespace zoomwatch {

// The 32 digits of the trace in a W3C traceparent ("00-<32>-<16>-<2>"); empty for a text that is too short to be one.
inline std::string_view TraceIdOf(std::string_view traceparent) {
  return traceparent.size() < 35 ? std::string_view() : traceparent.substr(3, 32);
}

}  // namespace zoomwatch
