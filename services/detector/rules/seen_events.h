// The event log up to the event that the rules have seen last, for rules that run in batch: what they find does not depend on how far
// the log is ahead. Threading: the thread that moves the position. Ownership: log and position outlive the object.
#pragma once

#include <cstdint>
#include <memory>

#include "services/detector/event_log/event_log.h"
#include "services/detector/hunt/event_tables.h"
#include "services/detector/rules/rule_engine.h"

namespace zoomwatch::detector {

class SeenEvents final : public BatchTables {
 public:
  SeenEvents(EventLog& log, const std::uint64_t& position) : log_(log), position_(position) {}
  std::unique_ptr<kql::TableSource> Open(kql::Ticks from, kql::Ticks to) override {
    return std::make_unique<EventTables>(log_, from, to, position_ + 1);
  }

 private:
  EventLog& log_;
  const std::uint64_t& position_;
};

}  // namespace zoomwatch::detector
