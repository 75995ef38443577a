// How functions read their arguments: a dynamic may stand where a text or a number is declared, so the kind is looked at.
// Pure; thread-safe. A TextArgument must not outlive the value that it was made from.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "common/kql/convert.h"
#include "common/kql/functions/call.h"

namespace zoomwatch::kql {

// The text of any value, without a copy when it is a string.
class TextArgument {
 public:
  explicit TextArgument(const Value& value) : value_(value), text_(value.is_string() ? std::string() : ToText(value)) {}
  std::string_view view() const { return value_.is_string() ? value_.AsString() : std::string_view(text_); }

 private:
  const Value& value_;
  std::string text_;
};

inline std::optional<std::int64_t> WholeArgument(const Value& value) {
  const Value whole = ConvertTo(Type::kLong, value);
  if (whole.is_null()) return std::nullopt;
  return whole.AsLong();
}

// The optional argument at `index`, `otherwise` when the call has none.
inline std::optional<std::int64_t> WholeArgumentOr(Args args, std::size_t index, std::int64_t otherwise) {
  return index < args.size() ? WholeArgument(args[index]) : otherwise;
}

inline std::optional<double> RealArgument(const Value& value) {
  const Value real = ConvertTo(Type::kReal, value);
  if (real.is_null()) return std::nullopt;
  return real.AsReal();
}

inline Value Overflow(Call& call) {
  call.Warn(Warning::kOverflow);
  return Value();
}

// A whole number of the call's result type: an int that does not fit 32 bits is an overflow.
inline Value WholeResult(Call& call, std::int64_t whole) {
  using Int = std::numeric_limits<std::int32_t>;
  if (call.result_type() == Type::kInt && (whole < Int::min() || whole > Int::max())) return Overflow(call);
  return Value::Long(whole);
}

// An integer part of a size or position, known not to be negative.
inline std::size_t Unsigned(std::int64_t value) { return static_cast<std::size_t>(value); }
inline std::int64_t Signed(std::size_t value) { return static_cast<std::int64_t>(value); }

}  // namespace zoomwatch::kql
