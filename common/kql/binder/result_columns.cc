#include <algorithm>

#include "common/kql/binder/binder_state.h"
#include "fmt/format.h"

namespace zoomwatch::kql {

bool ResultColumns::Has(std::string_view name) const { return FindColumn(schema_, name).has_value(); }

// The name itself, or with the smallest number that makes it new.
std::string ResultColumns::Unique(std::string name) const {
  if (!Has(name)) return name;
  for (int number = 1;; ++number) {
    std::string numbered = fmt::format("{}{}", name, number);
    if (!Has(numbered)) return numbered;
  }
}

bool ResultColumns::AddExplicit(std::string name, Type type, bool loose) {
  if (std::find(explicit_.begin(), explicit_.end(), name) != explicit_.end()) return false;
  name = Unique(std::move(name));
  explicit_.push_back(name);
  schema_.push_back({std::move(name), type, loose});
  return true;
}

void ResultColumns::AddGenerated(std::string name_or_empty, Type type, bool loose) {
  std::string name = std::move(name_or_empty);
  if (unnamed_ == Unnamed::kPrintN) {
    name = fmt::format("print_{}", schema_.size());
  } else if (name.empty()) {
    int& count = shared_count_ == nullptr ? own_count_ : *shared_count_;
    name = fmt::format("Column{}", ++count);
  }
  schema_.push_back({Unique(std::move(name)), type, loose});
}

}  // namespace zoomwatch::kql
