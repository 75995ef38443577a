#include "services/detector/alerts/delivered_alerts.h"

#include <algorithm>
#include <iterator>

#include "common/status/check.h"
#include "services/detector/alerts/stored_numbers.h"

namespace zoomwatch::detector {

std::optional<DeliveredAlerts> DeliveredAlerts::Parse(std::uint64_t position, std::string_view runs, std::uint64_t end) {
  DeliveredAlerts delivered(position);
  std::uint64_t last = position;
  for (NumberReader numbers(runs); !numbers.Rest().empty();) {
    const std::uint64_t from = numbers.Next();
    const std::uint64_t to = numbers.Next();
    // At least one between two runs, and between the position and the first.
    if (!numbers.ok() || from <= last || from - last < 2 || to < from || to >= end) return std::nullopt;
    delivered.runs_.emplace_hint(delivered.runs_.end(), from, to);
    delivered.behind_ += to - from + 1;
    last = to;
  }
  return delivered;
}

std::string DeliveredAlerts::Runs() const {
  std::string text;
  for (const auto& [from, to] : runs_) {
    AppendNumber(from, text);
    AppendNumber(to, text);
  }
  return text;
}

bool DeliveredAlerts::Contains(std::uint64_t sequence) const {
  if (sequence <= position_) return true;
  const auto after = runs_.upper_bound(sequence);
  return after != runs_.begin() && std::prev(after)->second >= sequence;
}

std::vector<std::uint64_t> DeliveredAlerts::Waiting(std::uint64_t end, std::size_t max_items, bool oldest_first) const {
  std::vector<std::uint64_t> waiting;
  if (oldest_first || runs_.size() >= kMaxRuns) {
    auto run = runs_.begin();
    for (std::uint64_t at = position_ + 1; at < end && waiting.size() < max_items;) {
      if (run != runs_.end() && run->first == at) {
        at = (run++)->second + 1;
      } else {
        waiting.push_back(at++);
      }
    }
    return waiting;
  }
  auto run = runs_.rbegin();
  for (std::uint64_t at = end; at > position_ + 1 && waiting.size() < max_items;) {
    if (run != runs_.rend() && run->second == at - 1) {
      at = (run++)->first;
    } else {
      waiting.push_back(--at);
    }
  }
  return waiting;
}

void DeliveredAlerts::Add(std::uint64_t sequence) {
  ZOOMWATCH_CHECK(!Contains(sequence));
  std::uint64_t from = sequence;
  std::uint64_t to = sequence;
  auto after = runs_.upper_bound(sequence);
  if (after != runs_.end() && after->first == sequence + 1) {
    to = after->second;
    after = runs_.erase(after);
  }
  if (after != runs_.begin() && std::prev(after)->second + 1 == sequence) {
    from = std::prev(after)->first;
    runs_.erase(std::prev(after));
  }
  ++behind_;
  if (from == position_ + 1) {
    behind_ -= to - position_;
    position_ = to;
  } else {
    runs_.emplace(from, to);
  }
}

}  // namespace zoomwatch::detector
