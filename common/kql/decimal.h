// A decimal number of at most 34 significant digits, the value of KQL's `decimal`. Plain value type; thread-compatible.
// value = mantissa / 10^scale, |mantissa| < 10^34, 0 <= scale <= 34. Results of more digits are rounded half away from zero.
// Errors: operations whose result does not fit return nullopt; nothing here is undefined behaviour.
// Source of truth: the Kusto page "The decimal data type" (128 bits, 34 digits).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/numeric/int128.h"

namespace zoomwatch::kql {

class Decimal {
 public:
  static constexpr int kMaxDigits = 34;

  Decimal() = default;
  static Decimal FromLong(std::int64_t value);
  static std::optional<Decimal> FromReal(double value);  // nullopt for NaN, infinities and |value| >= 10^34
  // Accepts [+-]digits[.digits][e[+-]digits]; anything else is nullopt.
  static std::optional<Decimal> Parse(std::string_view text);

  std::string ToString() const;  // shortest form: no trailing zeros after the point
  double ToReal() const;
  std::optional<std::int64_t> ToLong() const;  // truncates toward zero
  bool IsZero() const { return mantissa_ == 0; }
  int Sign() const { return mantissa_ < 0 ? -1 : mantissa_ > 0 ? 1 : 0; }
  Decimal Negate() const;

  std::optional<Decimal> Add(const Decimal& other) const;
  std::optional<Decimal> Subtract(const Decimal& other) const { return Add(other.Negate()); }
  std::optional<Decimal> Multiply(const Decimal& other) const;
  std::optional<Decimal> Divide(const Decimal& other) const;  // nullopt when other is zero
  std::optional<Decimal> Floor() const;                       // toward minus infinity
  std::optional<Decimal> Round(int digits) const;             // half away from zero; digits may be negative

  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const { return (*this <=> other) == std::strong_ordering::equal; }
  std::uint64_t Hash() const;

 private:
  Decimal(absl::int128 mantissa, int scale) : mantissa_(mantissa), scale_(scale) { Normalize(); }
  static std::optional<Decimal> FromParts(absl::int128 mantissa, int scale);
  void Normalize();

  absl::int128 mantissa_ = 0;
  int scale_ = 0;  // normalized: the mantissa has no trailing decimal zero unless scale_ is 0
};

}  // namespace zoomwatch::kql
