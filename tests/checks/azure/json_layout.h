// JSON for people to read: two spaces a level; what holds no other list or object stands on one line where it fits. Pure; thread-safe.
#pragma once

#include <boost/json.hpp>
#include <string>

namespace zoomwatch::azure {

inline constexpr std::size_t kMaxLineBytes = 120;

std::string LaidOut(const boost::json::value& value);

}  // namespace zoomwatch::azure
