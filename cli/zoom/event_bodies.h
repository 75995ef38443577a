// Invented webhook bodies of every family, as Zoom writes them: for trying a set-up out without a Zoom account.
// Pure and thread-safe. Body(i) depends on the options and `i` alone, so a run can be repeated exactly.
// All people, ids and addresses are invented (domains end in .example, addresses are of the documentation ranges).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace zoomwatch::cli {

struct EventBodiesOptions {
  uint64_t seed = 1;
  absl::Time start;  // event_ts of body 0; each later one is a millisecond younger, so that no two events are equal
  std::vector<std::string> families;  // empty: all
};

class EventBodies {
 public:
  // Errors: USAGE for a family that is not in FamilyNames(), with the nearest.
  static absl::StatusOr<EventBodies> Make(EventBodiesOptions options);

  // In alphabetical order.
  static std::vector<std::string_view> FamilyNames();

  // The events of the families take turns, so any number of bodies in a row at least as large as events() has one of
  // each.
  std::string Body(uint64_t index) const;
  size_t events() const { return templates_.size(); }

 private:
  EventBodies(EventBodiesOptions options, std::vector<std::string_view> templates)
      : options_(std::move(options)), templates_(std::move(templates)) {}

  EventBodiesOptions options_;
  std::vector<std::string_view> templates_;
};

}  // namespace zoomwatch::cli
