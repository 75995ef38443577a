#include "services/detector/rules/shared_cells.h"

#include <utility>

namespace zoomwatch::detector {

std::size_t SharedCells::PlaceOf(const kql::Column& column) {
  const auto [at, added] = by_name_.try_emplace({column.name, column.type}, places_.size());
  if (added) {
    reader_.AddColumn(column);
    places_.emplace_back();
  }
  return at->second;
}

void SharedCells::Load(const event::v1::Event& event) {
  event_ = &event;
  ++number_;
  reader_.Begin();
}

const kql::CellsPtr& SharedCells::Column(std::size_t place) {
  Place& found = places_[place];
  if (found.event != number_) {
    kql::Value cell = reader_.Cell(place, *event_);
    if (found.cells != nullptr && found.cells.use_count() == 1) {  // no row has the one before
      found.writable->front() = std::move(cell);
    } else {
      auto cells = std::make_shared<kql::Cells>(1, std::move(cell));
      found.writable = cells.get();
      found.cells = std::move(cells);
    }
    found.event = number_;
  }
  return found.cells;
}

}  // namespace zoomwatch::detector
