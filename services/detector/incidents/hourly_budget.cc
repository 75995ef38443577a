#include "services/detector/incidents/hourly_budget.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace zoomwatch::detector {
namespace {

// Times are kept in whole seconds, rounded down.
constexpr int64_t kSpanSeconds = 3600 + 1;

}  // namespace

absl::Duration HourlyBudget::Wait() {
  const absl::Time now = clock_.Now();
  const int64_t seconds = absl::ToUnixSeconds(now);
  for (int64_t& time : times_) time = std::min(time, seconds);
  while (!times_.empty() && times_.front() + kSpanSeconds <= seconds) times_.pop_front();
  if (static_cast<int64_t>(times_.size()) < limit_) return absl::ZeroDuration();
  return absl::FromUnixSeconds(times_[times_.size() - static_cast<size_t>(limit_)] + kSpanSeconds) - now;
}

void HourlyBudget::Take() { times_.push_back(absl::ToUnixSeconds(clock_.Now())); }

std::string HourlyBudget::Save() const { return absl::StrJoin(times_, " "); }

bool HourlyBudget::Load(std::string_view text) {
  std::deque<int64_t> times;
  for (const absl::string_view part : absl::StrSplit(absl::string_view(text.data(), text.size()), ' ', absl::SkipEmpty())) {
    int64_t time = 0;
    if (!absl::SimpleAtoi(part, &time)) return false;
    times.push_back(time);
  }
  std::sort(times.begin(), times.end());
  times_ = std::move(times);
  return true;
}

}  // namespace zoomwatch::detector
