// Which way an event goes: the first route whose condition it fulfils, or the main one.
//
// Depends on the event and on the configuration alone, so an event that is read again takes the same way.
// Threading: one thread at a time. Ownership: holds copies of the configuration.
// Errors: CONFIG_INVALID_VALUE and CONFIG_MISSING_KEY, naming the option.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/detector/routing/event_predicate.h"
#include "zoomwatch/config/v1/detector.pb.h"
#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch::detector {

// The name of the way of all events that no route takes.
inline constexpr std::string_view kMainRoute = "main";

class RouteTable {
 public:
  struct Route {
    std::string name;
    std::optional<std::size_t> stream;  // index into streams(); none: not sent
  };

  // Everything takes the main route, to a stream without a name.
  RouteTable() : RouteTable(std::string()) {}

  // `main_stream` is where events go that no route takes, `alert_stream` where none may go; "": any may. `option` names the list of
  // routes in messages: "delivery.logs_ingestion.routes".
  static absl::StatusOr<RouteTable> Make(const google::protobuf::RepeatedPtrField<config::v1::Route>& routes, const std::string& main_stream,
                                         const std::string& alert_stream, std::string_view option);
  static absl::StatusOr<RouteTable> Make(const config::v1::LogsIngestionSink& sink);

  // The main route first, then those of the configuration in order.
  const std::vector<Route>& routes() const { return routes_; }
  // Each stream once, the main one first.
  const std::vector<std::string>& streams() const { return streams_; }
  // "": not sent, or the stream has no name.
  std::string_view StreamOf(const Route& route) const { return route.stream ? std::string_view(streams_[*route.stream]) : std::string_view(); }

  // For each event the index of its route.
  std::vector<std::size_t> Choose(std::span<const event::v1::Event* const> events);

 private:
  // Either names or a predicate.
  struct Condition {
    std::set<std::string, std::less<>> names;
    std::vector<std::string> prefixes;
    std::optional<EventPredicate> predicate;

    bool Names(std::string_view event) const;
  };

  explicit RouteTable(std::string main_stream);
  absl::Status Add(const config::v1::Route& route, const std::string& alert_stream, const std::string& option);
  static absl::StatusOr<Condition> ConditionOf(const config::v1::Route& route, const std::string& option);

  std::vector<Route> routes_;
  std::vector<std::string> streams_;
  std::vector<Condition> conditions_;  // of routes_ from the second on
};

}  // namespace zoomwatch::detector
