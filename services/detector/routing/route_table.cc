#include "services/detector/routing/route_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch::detector {

RouteTable::RouteTable(std::string main_stream)
    : routes_{{.name = std::string(kMainRoute), .stream = 0}}, streams_{std::move(main_stream)} {}

absl::StatusOr<RouteTable> RouteTable::Make(const config::v1::LogsIngestionSink& sink) {
  return Make(sink.routes(), sink.stream(), sink.alert_stream(), "delivery.logs_ingestion.routes");
}

absl::StatusOr<RouteTable> RouteTable::Make(const google::protobuf::RepeatedPtrField<config::v1::Route>& routes,
                                            const std::string& main_stream, const std::string& alert_stream, std::string_view option) {
  RouteTable table(main_stream);
  for (int i = 0; i < routes.size(); ++i) {
    ZOOMWATCH_RETURN_IF_ERROR(table.Add(routes[i], alert_stream, fmt::format("{}[{}]", option, i)));
  }
  return table;
}

absl::Status RouteTable::Add(const config::v1::Route& route, const std::string& alert_stream, const std::string& option) {
  const auto same_name = [&](const Route& other) { return other.name == route.name(); };
  if (std::any_of(routes_.begin(), routes_.end(), same_name)) {
    return Error(Reason::kConfigInvalidValue, fmt::format("{}.name: \"{}\" is {}", option, route.name(),
                                                          route.name() == kMainRoute ? "the name of the way without a route" : "taken by a route above"));
  }
  ZOOMWATCH_ASSIGN_OR_RETURN(Condition condition, ConditionOf(route, option));
  Route added{.name = route.name(), .stream = std::nullopt};
  if (route.destination_case() == config::v1::Route::kStream && !route.stream().empty()) {
    if (!alert_stream.empty() && route.stream() == alert_stream) {
      return Error(Reason::kConfigInvalidValue, fmt::format("{}.stream: {} is that of the alerts, whose table has other columns", option, alert_stream));
    }
    const auto at = std::find(streams_.begin(), streams_.end(), route.stream());
    added.stream = static_cast<std::size_t>(at - streams_.begin());
    if (at == streams_.end()) streams_.push_back(route.stream());
  } else if (!route.not_sent()) {
    return Error(Reason::kConfigInvalidValue, fmt::format("{}: needs a stream, or not_sent: true", option));
  }
  routes_.push_back(std::move(added));
  conditions_.push_back(std::move(condition));
  return absl::OkStatus();
}

absl::StatusOr<RouteTable::Condition> RouteTable::ConditionOf(const config::v1::Route& route, const std::string& option) {
  Condition condition;
  if (route.events().empty() == route.where().empty()) {
    return Error(route.where().empty() ? Reason::kConfigMissingKey : Reason::kConfigInvalidValue,
                 fmt::format("{}: exactly one of events and where must be present", option));
  }
  if (!route.where().empty()) {
    ZOOMWATCH_ASSIGN_OR_RETURN(condition.predicate, EventPredicate::Compile(option + ".where", route.where()));
    return condition;
  }
  for (const std::string& name : route.events()) {
    if (name.ends_with('*')) condition.prefixes.push_back(name.substr(0, name.size() - 1));
    else condition.names.insert(name);
  }
  return condition;
}

bool RouteTable::Condition::Names(std::string_view event) const {
  return names.contains(event) ||
         std::any_of(prefixes.begin(), prefixes.end(), [event](const std::string& prefix) { return event.starts_with(prefix); });
}

std::vector<std::size_t> RouteTable::Choose(std::span<const event::v1::Event* const> events) {
  std::vector<std::size_t> chosen(events.size(), 0);
  std::vector<std::size_t> left(conditions_.empty() ? 0 : events.size());  // indices of events without a route so far
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
  for (std::size_t c = 0; c < conditions_.size() && !left.empty(); ++c) {
    Condition& condition = conditions_[c];
    if (condition.predicate) {
      std::vector<const event::v1::Event*> asked;
      for (const std::size_t i : left) asked.push_back(events[i]);
      for (const std::size_t i : condition.predicate->Select(asked)) chosen[left[i]] = c + 1;
    } else {
      for (const std::size_t i : left) {
        if (condition.Names(events[i]->event())) chosen[i] = c + 1;
      }
    }
    std::erase_if(left, [&](std::size_t i) { return chosen[i] != 0; });
  }
  return chosen;
}

}  // namespace zoomwatch::detector
