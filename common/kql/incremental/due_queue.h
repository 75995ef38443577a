// Things to do at a time, in order of time. What comes in that order, as nearly everything does, takes no more than its time and itself.
// Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "common/kql/incremental/node.h"

namespace zoomwatch::kql::incremental {

template <typename T>
class DueQueue {
 public:
  void Push(Ticks due, T item) {
    if (in_order_.empty() || due >= in_order_.back().due) {
      in_order_.push_back({due, std::move(item)});
      return;
    }
    heap_.emplace_back(due, sequence_++, std::move(item));
    std::push_heap(heap_.begin(), heap_.end(), Later);
  }
  Ticks NextDue() const {
    return std::min(in_order_.empty() ? kNever : in_order_.front().due, heap_.empty() ? kNever : heap_.front().due);
  }
  bool IsDue(Ticks now) const { return NextDue() <= now; }
  // REQUIRES: not empty. Of equal times, what was pushed first.
  T Pop() {
    // What is in the heap came when in_order_ ended later, so of equal times it came after that in in_order_.
    if (heap_.empty() || (!in_order_.empty() && in_order_.front().due <= heap_.front().due)) {
      T item = std::move(in_order_.front().item);
      in_order_.pop_front();
      return item;
    }
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    T item = std::move(heap_.back().item);
    heap_.pop_back();
    return item;
  }
  std::size_t size() const { return in_order_.size() + heap_.size(); }
  std::size_t bytes() const { return in_order_.size() * sizeof(InOrder) + heap_.size() * sizeof(Entry); }

 private:
  struct InOrder {
    Ticks due;
    T item;
  };
  struct Entry {
    Entry(Ticks when, std::uint64_t number, T what) : due(when), sequence(number), item(std::move(what)) {}
    Ticks due;
    std::uint64_t sequence;
    T item;
  };
  static bool Later(const Entry& a, const Entry& b) { return std::pair(a.due, a.sequence) > std::pair(b.due, b.sequence); }

  std::deque<InOrder> in_order_;
  std::vector<Entry> heap_;  // what came late
  std::uint64_t sequence_ = 0;
};

}  // namespace zoomwatch::kql::incremental
