// W3C Trace Context: the traceparent header. Pure; thread-safe.
// Source: https://www.w3.org/TR/trace-context/, "version-format" of version 00.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zoomwatch::receiver {

// True for "00-<32 hex>-<16 hex>-<2 hex>", lower case, with neither id all zeros. Other versions are not taken over.
bool IsTraceparent(std::string_view text);

// A new one with random ids, sampled flag off. The ids tell requests apart and are no secrets.
std::string MakeTraceparent();

}  // namespace zoomwatch::receiver
