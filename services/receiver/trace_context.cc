#include "services/receiver/trace_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace zoomwatch::receiver {
namespace {

constexpr size_t kTraceparentBytes = 55;

bool IsId(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

bool IsTraceparent(std::string_view text) {
  if (text.size() != kTraceparentBytes || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') return false;
  const std::string_view trace_id = text.substr(3, 32);
  const std::string_view parent_id = text.substr(36, 16);
  return IsId(trace_id) && IsId(parent_id) && IsId(text.substr(53, 2)) && !IsZero(trace_id) && !IsZero(parent_id);
}

std::string MakeTraceparent() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  // The lowest bit makes sure that no id is all zeros.
  return fmt::format("00-{:016x}{:016x}-{:016x}-00", random(), random() | 1, random() | 1);
}

}  // namespace zoomwatch::receiver
