#include "services/detector/volume/volume_meter.h"

#include <utility>

namespace zoomwatch::detector {

VolumeMeter::VolumeMeter(event_table::RowLimits limits, RouteTable current, std::optional<RouteTable> proposed) : encoder_(limits) {
  tallies_.push_back(TallyOf(std::move(current)));
  if (proposed) tallies_.push_back(TallyOf(*std::move(proposed)));
}

VolumeMeter::Tally VolumeMeter::TallyOf(RouteTable routes) {
  std::vector<volume::v1::RouteVolume> volumes;
  for (const RouteTable::Route& route : routes.routes()) {
    volume::v1::RouteVolume& volume = volumes.emplace_back();
    volume.set_name(route.name);
    volume.set_stream(std::string(routes.StreamOf(route)));
    volume.set_not_sent(!route.stream.has_value());
  }
  return {.routes = std::move(routes), .volumes = std::move(volumes)};
}

void VolumeMeter::Add(std::span<const event::v1::Event> events) {
  std::vector<const event::v1::Event*> pointers;
  std::vector<std::int64_t> sizes;
  for (const event::v1::Event& event : events) {
    row_.clear();
    encoder_.Append(event, row_);
    pointers.push_back(&event);
    sizes.push_back(static_cast<std::int64_t>(row_.size()));
    bytes_ += sizes.back();
  }
  events_ += static_cast<std::int64_t>(events.size());
  for (Tally& tally : tallies_) {
    const std::vector<std::size_t> ways = tally.routes.Choose(pointers);
    for (std::size_t i = 0; i < ways.size(); ++i) {
      volume::v1::RouteVolume& volume = tally.volumes[ways[i]];
      volume.set_row_count(volume.row_count() + 1);
      volume.set_byte_count(volume.byte_count() + sizes[i]);
    }
  }
}

void VolumeMeter::Report(volume::v1::MeasureVolumeResponse& response) const {
  response.set_event_count(events_);
  response.set_byte_count(bytes_);
  response.mutable_current()->Assign(tallies_[0].volumes.begin(), tallies_[0].volumes.end());
  if (tallies_.size() > 1) response.mutable_proposed()->Assign(tallies_[1].volumes.begin(), tallies_[1].volumes.end());
}

}  // namespace zoomwatch::detector
