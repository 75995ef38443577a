// Where a value stands in a webhook body: keys from the root, at compile time. Pure and thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "common/json/document.h"

namespace zoomwatch {

// "payload.object.participant.user_id" as keys. Only objects are descended into. At most kMaxSteps keys.
class Path {
 public:
  static constexpr size_t kMaxSteps = 5;

  constexpr Path() = default;
  constexpr Path(const char* text) : text_(text) {  // NOLINT: tables are written with string literals
    std::string_view rest = text_;
    while (!rest.empty()) {
      const size_t dot = rest.find('.');
      steps_[count_++] = json::Key(rest.substr(0, dot));
      rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    }
  }

  constexpr bool empty() const { return count_ == 0; }
  constexpr std::string_view text() const { return text_; }

  // The value at this path below `from`, or json::kNoNode.
  json::NodeIndex In(const json::Document& document, json::NodeIndex from = json::Document::root()) const {
    for (size_t i = 0; i < count_ && from != json::kNoNode; ++i) from = document.Find(from, steps_[i]);
    return from;
  }

 private:
  std::string_view text_;
  std::array<json::Key, kMaxSteps> steps_;
  size_t count_ = 0;
};

}  // namespace zoomwatch
