// Which of the numbered events and alerts the fake Azure committed, and in which order: a bit for an event and four bytes for an alert,
// so that a run may have more rows than a file or memory holds. Events are called "id-<number>", alerts "alert-<number>".
// Threading: thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "common/status/check.h"
#include "common/sync/mutex.h"

namespace zoomwatch::detector {

class SeenRows {
 public:
  // Numbers are below these.
  SeenRows(std::size_t events, std::size_t alerts) : events_(events), alert_rows_(alerts) {}

  // A row as JSON. REQUIRES: it has an id as above, and at most 2^32 rows are added.
  void Add(std::string_view row) {
    constexpr std::string_view kEvent = R"("EventId":"id-)", kAlert = R"("AlertId":"alert-)";
    MutexLock lock(mutex_);
    ++rows_;
    if (const std::size_t at = row.find(kEvent); at != std::string_view::npos) {
      const std::size_t number = NumberAt(row, at + kEvent.size(), events_.size());
      (events_[number] ? doubled_ : event_count_) += 1;
      events_[number] = true;
      return;
    }
    const std::size_t at = row.find(kAlert);
    ZOOMWATCH_CHECK(at != std::string_view::npos);
    uint32_t& alert_row = alert_rows_[NumberAt(row, at + kAlert.size(), alert_rows_.size())];
    (alert_row != 0 ? doubled_ : alert_count_) += 1;
    alert_row = static_cast<uint32_t>(rows_);
  }

  // Different ones.
  int64_t events() const {
    MutexLock lock(mutex_);
    return event_count_;
  }
  int64_t alerts() const {
    MutexLock lock(mutex_);
    return alert_count_;
  }
  // Rows of events and alerts that had come before.
  int64_t doubled() const {
    MutexLock lock(mutex_);
    return doubled_;
  }

  struct LastAlert {
    std::size_t number = 0;
    int64_t events_before = 0;  // how many rows of events came before it
  };
  // The one that came last of the alerts with numbers below `end`. REQUIRES: one of them came, and nothing is doubled.
  LastAlert LastOfAlerts(std::size_t end) const {
    MutexLock lock(mutex_);
    const auto last = std::max_element(alert_rows_.begin(), alert_rows_.begin() + static_cast<std::ptrdiff_t>(end));
    const auto alerts_before = std::count_if(alert_rows_.begin(), alert_rows_.end(), [&](uint32_t row) { return row != 0 && row < *last; });
    return {.number = static_cast<std::size_t>(last - alert_rows_.begin()), .events_before = int64_t{*last} - 1 - alerts_before};
  }

 private:
  static std::size_t NumberAt(std::string_view row, std::size_t at, std::size_t end) {
    const std::size_t number = std::strtoull(row.data() + at, nullptr, 10);  // a quote ends it
    ZOOMWATCH_CHECK(number < end);
    return number;
  }

  mutable Mutex mutex_;
  std::vector<bool> events_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint32_t> alert_rows_ ABSL_GUARDED_BY(mutex_);  // its row's place among all rows, from 1; 0: it has not come
  uint64_t rows_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t event_count_ ABSL_GUARDED_BY(mutex_) = 0, alert_count_ ABSL_GUARDED_BY(mutex_) = 0, doubled_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace zoomwatch::detector
