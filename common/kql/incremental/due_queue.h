// Things to do at a time, in order of time. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/kql/incremental/node.h"

namespace zoomwatch::kql::incremental {

template <typename T>
class DueQueue {
 public:
  void Push(Ticks due, T item) {
    heap_.emplace_back(due, sequence_++, std::move(item));
    std::push_heap(heap_.begin(), heap_.end(), Later);
  }
  Ticks NextDue() const { return heap_.empty() ? kNever : heap_.front().due; }
  bool IsDue(Ticks now) const { return NextDue() <= now; }
  // REQUIRES: not empty. Of equal times, what was pushed first.
  T Pop() {
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    T item = std::move(heap_.back().item);
    heap_.pop_back();
    return item;
  }
  std::size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    Entry(Ticks when, std::uint64_t number, T what) : due(when), sequence(number), item(std::move(what)) {}
    Ticks due;
    std::uint64_t sequence;
    T item;
  };
  static bool Later(const Entry& a, const Entry& b) { return std::pair(a.due, a.sequence) > std::pair(b.due, b.sequence); }

  std::vector<Entry> heap_;
  std::uint64_t sequence_ = 0;
};

}  // namespace zoomwatch::kql::incremental
