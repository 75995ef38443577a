#include "common/kql/decimal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace zoomwatch::kql {
namespace {

using absl::int128;

int128 PowerOfTen(int exponent) {
  int128 result = 1;
  for (int i = 0; i < exponent; ++i) result *= 10;
  return result;
}

const int128& Limit() {
  static const int128 limit = PowerOfTen(Decimal::kMaxDigits);
  return limit;
}

int128 Magnitude(int128 value) { return value < 0 ? -value : value; }

int128 DivideHalfAway(int128 value, int128 divisor) {
  const int128 quotient = value / divisor;
  const int128 rest = Magnitude(value % divisor);
  if (rest * 2 >= divisor) return value < 0 ? quotient - 1 : quotient + 1;
  return quotient;
}

}  // namespace

void Decimal::Normalize() {
  while (scale_ > 0 && mantissa_ % 10 == 0) {
    mantissa_ /= 10;
    --scale_;
  }
}

std::optional<Decimal> Decimal::FromParts(int128 mantissa, int scale) {
  while ((Magnitude(mantissa) >= Limit() || scale > kMaxDigits) && scale > 0) {
    mantissa = DivideHalfAway(mantissa, 10);
    --scale;
  }
  while (scale < 0) {
    if (Magnitude(mantissa) >= Limit()) return std::nullopt;
    mantissa *= 10;
    ++scale;
  }
  if (Magnitude(mantissa) >= Limit()) return std::nullopt;
  return Decimal(mantissa, scale);
}

Decimal Decimal::FromLong(std::int64_t value) { return Decimal(value, 0); }

std::optional<Decimal> Decimal::FromReal(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  // The shortest text that reads back as the same real is what a person means by that real.
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  return Parse(std::string_view(text, static_cast<std::size_t>(end.ptr - text)));
}

std::optional<Decimal> Decimal::Parse(std::string_view text) {
  std::size_t i = 0;
  bool negative = false;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) negative = text[i++] == '-';
  int128 mantissa = 0;
  int scale = 0;
  bool digits = false;
  bool point = false;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !point) {
      point = true;
    } else if (text[i] >= '0' && text[i] <= '9') {
      digits = true;
      if (mantissa < Limit()) {  // further digits are beyond the precision: after the point they are dropped
        mantissa = mantissa * 10 + (text[i] - '0');
        if (point) ++scale;
      } else if (!point) {
        return std::nullopt;
      }
    } else {
      break;
    }
  }
  if (!digits) return std::nullopt;
  if (i < text.size()) {
    if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
    ++i;
    if (i < text.size() && text[i] == '+') ++i;
    int exponent = 0;
    const auto parsed = std::from_chars(text.data() + i, text.data() + text.size(), exponent);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
    if (exponent > 2 * kMaxDigits) return mantissa == 0 ? std::optional<Decimal>(Decimal()) : std::nullopt;
    if (exponent < -4 * kMaxDigits) return Decimal();
    scale -= exponent;
  }
  return FromParts(negative ? -mantissa : mantissa, scale);
}

std::string Decimal::ToString() const {
  std::string digits;
  int128 rest = Magnitude(mantissa_);
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  while (static_cast<int>(digits.size()) <= scale_) digits.push_back('0');
  std::reverse(digits.begin(), digits.end());
  if (scale_ > 0) digits.insert(digits.size() - static_cast<std::size_t>(scale_), 1, '.');
  return (mantissa_ < 0 ? "-" : "") + digits;
}

double Decimal::ToReal() const {
  const std::string text = ToString();
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<std::int64_t> Decimal::ToLong() const {
  const int128 whole = mantissa_ / PowerOfTen(scale_);
  if (whole > std::numeric_limits<std::int64_t>::max() || whole < std::numeric_limits<std::int64_t>::min()) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(whole);
}

Decimal Decimal::Negate() const { return Decimal(-mantissa_, scale_); }

std::optional<Decimal> Decimal::Add(const Decimal& other) const {
  Decimal a = *this;
  Decimal b = other;
  if (a.scale_ < b.scale_) std::swap(a, b);
  // Raise b's scale to a's; what does not fit 34 digits is taken from a's precision instead.
  while (b.scale_ < a.scale_ && Magnitude(b.mantissa_) < Limit()) {
    b.mantissa_ *= 10;
    ++b.scale_;
  }
  if (b.scale_ < a.scale_) {
    a.mantissa_ = a.scale_ - b.scale_ > kMaxDigits ? int128{0} : DivideHalfAway(a.mantissa_, PowerOfTen(a.scale_ - b.scale_));
    a.scale_ = b.scale_;
  }
  return FromParts(a.mantissa_ + b.mantissa_, a.scale_);
}

std::optional<Decimal> Decimal::Multiply(const Decimal& other) const {
  int128 a = mantissa_;
  int128 b = other.mantissa_;
  int scale = scale_ + other.scale_;
  // The product of two 17-digit numbers fits 128 bits; beyond that give up low digits of the longer factor.
  static const int128 kSafe = PowerOfTen(38);
  while (a != 0 && Magnitude(b) > kSafe / Magnitude(a)) {
    int128& longer = Magnitude(a) > Magnitude(b) ? a : b;
    longer = DivideHalfAway(longer, 10);
    --scale;
  }
  return FromParts(a * b, scale);
}

std::optional<Decimal> Decimal::Divide(const Decimal& other) const {
  if (other.mantissa_ == 0) return std::nullopt;
  int128 quotient = mantissa_ / other.mantissa_;
  int128 rest = mantissa_ % other.mantissa_;
  int scale = scale_ - other.scale_;
  // Long division, one digit at a time, to the full precision.
  while (rest != 0 && Magnitude(quotient) < Limit() / 10 && scale < kMaxDigits) {
    rest *= 10;
    quotient = quotient * 10 + rest / other.mantissa_;
    rest %= other.mantissa_;
    ++scale;
  }
  return FromParts(quotient, scale);
}

std::optional<Decimal> Decimal::Floor() const {
  const int128 unit = PowerOfTen(scale_);
  int128 whole = mantissa_ / unit;
  if (mantissa_ < 0 && mantissa_ % unit != 0) whole -= 1;
  return FromParts(whole, 0);
}

std::optional<Decimal> Decimal::Round(int digits) const {
  if (digits >= scale_) return *this;
  if (scale_ - digits > kMaxDigits) return Decimal();
  return FromParts(DivideHalfAway(mantissa_, PowerOfTen(scale_ - digits)), digits);
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  if (Sign() != other.Sign()) return Sign() <=> other.Sign();
  const int128 unit = PowerOfTen(scale_);
  const int128 other_unit = PowerOfTen(other.scale_);
  const int128 whole = mantissa_ / unit;
  const int128 other_whole = other.mantissa_ / other_unit;
  if (whole != other_whole) return whole < other_whole ? std::strong_ordering::less : std::strong_ordering::greater;
  // Fractions have at most 34 digits, so both fit after scaling to 34.
  const int128 fraction = mantissa_ % unit * PowerOfTen(kMaxDigits - scale_);
  const int128 other_fraction = other.mantissa_ % other_unit * PowerOfTen(kMaxDigits - other.scale_);
  if (fraction == other_fraction) return std::strong_ordering::equal;
  return fraction < other_fraction ? std::strong_ordering::less : std::strong_ordering::greater;
}

std::uint64_t Decimal::Hash() const {
  const auto low = absl::Int128Low64(mantissa_);
  const auto high = static_cast<std::uint64_t>(absl::Int128High64(mantissa_));
  return (low * 0x9E3779B97F4A7C15ULL) ^ (high + static_cast<std::uint64_t>(scale_) * 0xC2B2AE3D27D4EB4FULL);
}

}  // namespace zoomwatch::kql
