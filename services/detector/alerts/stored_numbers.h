// Numbers as they stand in keys and values: 8 bytes, big-endian, so that keys sort by number. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace zoomwatch::detector {

inline void AppendNumber(std::uint64_t number, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift);
}

inline std::string NumberKeyOf(std::uint64_t number) {
  std::string key;
  AppendNumber(number, key);
  return key;
}

// Reads one number after another. Once the bytes do not suffice, ok() is false and all numbers are 0.
class NumberReader {
 public:
  explicit NumberReader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t Next() {
    if (rest_.size() < sizeof(std::uint64_t)) ok_ = false;
    if (!ok_) return 0;
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof(std::uint64_t); ++i) number = number << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(sizeof(std::uint64_t));
    return number;
  }
  // What is left.
  std::string_view Rest() const { return rest_; }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace zoomwatch::detector
