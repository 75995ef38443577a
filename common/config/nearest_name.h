// The valid name that somebody who mistyped probably meant. Pure and thread-safe.
#pragma once

#include <span>
#include <string_view>

namespace zoomwatch::config {

// The candidate with the fewest edits (insert, delete, replace a letter) to `name`, the first of equals; "" when every
// one is more than three edits away, or as far away as a name without a letter in common would be.
std::string_view NearestName(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace zoomwatch::config
