// The cells of one event, as all rules share them: each is read once, when the first rule asks for it.
//
// Threading: one thread at a time. Ownership: the event outlives the calls until the next Load(). Columns are kept for ever; there are
// no more than the names that rules ever mentioned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/event_table/event_cells.h"
#include "common/kql/block.h"
#include "common/kql/schema.h"
#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch::detector {

class SharedCells {
 public:
  // The place of a column of the tables of events, the same whenever it is asked for. Not between Load() and the cells of that event.
  std::size_t PlaceOf(const kql::Column& column);

  // The event that the cells are of from now on.
  void Load(const event::v1::Event& event);

  const kql::Value& At(std::size_t place) { return (*Column(place))[0]; }
  // The same as a column of one row. Who keeps it keeps the pointer: a column that nobody has is filled anew for the next event.
  const kql::CellsPtr& Column(std::size_t place);

 private:
  struct Place {
    kql::CellsPtr cells;
    kql::Cells* writable = nullptr;  // the same
    std::uint64_t event = 0;  // number of the event that they are of
  };

  event_table::EventCells reader_;
  std::map<std::pair<std::string, kql::Type>, std::size_t> by_name_;
  std::vector<Place> places_;
  const event::v1::Event* event_ = nullptr;
  std::uint64_t number_ = 0;
};

}  // namespace zoomwatch::detector
