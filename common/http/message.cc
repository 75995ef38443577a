#include "common/http/message.h"

namespace zoomwatch::http {
namespace {

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (ToLower(a[i]) != ToLower(b[i])) return false;
  }
  return true;
}

void Headers::Add(std::string_view name, std::string_view value) {
  const auto begin = static_cast<uint32_t>(text_.size());
  text_ += name;
  text_ += value;
  const auto name_size = static_cast<uint32_t>(name.size());
  fields_.push_back({begin, name_size, begin + name_size, static_cast<uint32_t>(value.size())});
}

std::optional<std::string_view> Headers::Find(std::string_view name) const {
  for (size_t i = 0; i < size(); ++i) {
    if (EqualsIgnoreCase(this->name(i), name)) return value(i);
  }
  return std::nullopt;
}

size_t Headers::Count(std::string_view name) const {
  size_t count = 0;
  for (size_t i = 0; i < size(); ++i) {
    if (EqualsIgnoreCase(this->name(i), name)) ++count;
  }
  return count;
}

void Headers::Clear() {
  text_.clear();
  fields_.clear();
}

}  // namespace zoomwatch::http
