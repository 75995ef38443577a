// How far back a query asks to look. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace zoomwatch::ruleset {

struct Lookback {
  absl::Duration length;
  std::uint32_t line = 1;  // of the call, from 1
  std::uint32_t column = 1;
};

// Each ago() of a literal, or of a name that a let statement gives a literal: ago(14d), let lookback = 14d; ... ago(lookback).
std::vector<Lookback> FindLookbacks(std::string_view query);

}  // namespace zoomwatch::ruleset
