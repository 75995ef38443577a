// Adds up what the rows of events weigh, by the routes of one or two tables. Encodes each event once, as delivery does.
// Threading: one thread at a time. Ownership: nothing of the events is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/event_table/event_row.h"
#include "services/detector/routing/route_table.h"
#include "zoomwatch/event/v1/event.pb.h"
#include "zoomwatch/volume/v1/volume_service.pb.h"

namespace zoomwatch::detector {

class VolumeMeter {
 public:
  VolumeMeter(event_table::RowLimits limits, RouteTable current, std::optional<RouteTable> proposed);

  void Add(std::span<const event::v1::Event> events);
  // Counts, bytes and routes so far.
  void Report(volume::v1::MeasureVolumeResponse& response) const;

 private:
  struct Tally {
    RouteTable routes;
    std::vector<volume::v1::RouteVolume> volumes;  // by route
  };
  static Tally TallyOf(RouteTable routes);

  event_table::RowEncoder encoder_;
  std::vector<Tally> tallies_;  // of the current routes, then of the proposed
  std::int64_t events_ = 0, bytes_ = 0;
  std::string row_;
};

}  // namespace zoomwatch::detector
