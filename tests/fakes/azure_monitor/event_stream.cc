#include "tests/fakes/azure_monitor/event_stream.h"

#include "common/event_table/columns.h"
#include "services/detector/alerts/alert_row.h"

namespace zoomwatch::fakes {

Stream EventStream(std::string name) {
  Stream stream{.name = std::move(name)};
  for (const event_table::Column& column : event_table::EventColumns()) {
    stream.columns.push_back({std::string(column.name), *ColumnTypeOf(event_table::NameOf(column.type))});
  }
  return stream;
}

Stream AlertStream(std::string name) {
  Stream stream{.name = std::move(name)};
  for (const detector::AlertColumn& column : detector::AlertColumns()) {
    stream.columns.push_back({std::string(column.name), *ColumnTypeOf(column.type)});
  }
  return stream;
}

}  // namespace zoomwatch::fakes
