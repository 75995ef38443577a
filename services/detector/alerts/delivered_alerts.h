// Which of the alerts 1, 2, 3, ... need no delivery any more: all up to a position, and runs of later ones, because the newest go first.
// There are as many runs as there were interruptions while a backlog was caught up. From kMaxRuns on the oldest go first, which leads
// back to one position: so the runs stay few whatever happens. A value; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoomwatch::detector {

class DeliveredAlerts {
 public:
  static constexpr std::size_t kMaxRuns = 1000;

  explicit DeliveredAlerts(std::uint64_t position = 0) : position_(position) {}
  // The same with the runs behind the position, as Runs() gave them. None: they are not from there, or not below `end`.
  static std::optional<DeliveredAlerts> Parse(std::uint64_t position, std::string_view runs, std::uint64_t end);

  // All up to it are delivered.
  std::uint64_t position() const { return position_; }
  // The runs behind the position as first, last, first, last, ... (stored_numbers.h). Empty: there are none.
  std::string Runs() const;
  bool Contains(std::uint64_t sequence) const;
  // How many are delivered.
  std::uint64_t Count() const { return position_ + behind_; }

  // The newest that are not delivered, newest first; the oldest, oldest first, when `oldest_first` or when there are kMaxRuns runs.
  // At most `max_items` of those below `end`.
  std::vector<std::uint64_t> Waiting(std::uint64_t end, std::size_t max_items, bool oldest_first) const;
  // REQUIRES: it is not delivered.
  void Add(std::uint64_t sequence);

 private:
  std::uint64_t position_ = 0;
  std::map<std::uint64_t, std::uint64_t> runs_;  // first -> last; not adjacent to each other, nor to the position
  std::uint64_t behind_ = 0;                     // how many are in runs_
};

}  // namespace zoomwatch::detector
