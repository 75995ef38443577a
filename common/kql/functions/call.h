// What a scalar function sees of its call besides the values: static types, the query's clock, compiled regexes, warnings.
// Threading: one ExecutionContext per query execution, used by one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/kql/types.h"
#include "common/kql/value.h"

namespace re2 {
class RE2;
}

namespace zoomwatch::kql {

// Conditions that do not fail a query but make a value null; counted per execution and reported with the result.
enum class Warning : std::uint8_t { kDivisionByZero, kOverflow, kBadRegex, kTruncated };
inline constexpr std::size_t kWarningKinds = 4;
std::string_view WarningText(Warning warning);

// The regexes of one query execution, compiled once each. Bad patterns are remembered as null.
//
// Patterns may come from data, and a compiled regex grows while it matches, up to a budget that it is given when it is compiled. So
// each counts with its whole budget, 1 to 8 MiB by the size of its program, and with what its text takes. A query with more patterns
// than fit compiles them again and again, with the same results.
class RegexCache {
 public:
  static constexpr std::size_t kMaxPatterns = 1024;    // then the cache starts over
  static constexpr std::size_t kMaxBytes = 128 << 20;  // likewise
  RegexCache();
  ~RegexCache();
  RegexCache(const RegexCache&) = delete;
  RegexCache& operator=(const RegexCache&) = delete;

  // Null when the pattern does not compile. The pointer lives until the next call.
  const re2::RE2* Get(std::string_view pattern);
  // What the regexes may take. Above kMaxBytes only while a single one is larger than that.
  std::size_t MemoryBytes() const { return bytes_; }

 private:
  std::unordered_map<std::string, std::unique_ptr<re2::RE2>> patterns_;
  std::size_t bytes_ = 0;
};

// Empty when the pattern compiles and keeps the documented limit of 16 groups; otherwise why not.
std::string CheckRegex(std::string_view pattern);

// What a call may yield, far above what an event holds. Beyond it the value is null, with a warning.
inline constexpr std::size_t kMaxTextBytes = 4 << 20;
inline constexpr std::size_t kMaxValueBytes = 32 << 20;  // of arrays and bags, as Value::MemoryBytes() counts

struct ExecutionContext {
  explicit ExecutionContext(Ticks now_ticks) : now(now_ticks) {}
  const Ticks now;  // one value per query
  RegexCache regexes;
  std::array<std::uint64_t, kWarningKinds> warnings{};

  // Bytes of large values: made since `made_bytes` was last set to 0, and kept for the whole execution. Expressions have no way to
  // fail, so beyond the limit calls yield null, and whoever set the limit ends the execution.
  std::uint64_t made_bytes = 0, kept_bytes = 0;
  std::uint64_t max_value_bytes = UINT64_MAX;
  bool MadeTooMuch() const { return made_bytes + kept_bytes > max_value_bytes; }

  // The value, or null when it is larger than a value may be.
  Value Admit(Value value) { return value.kind() < Kind::kString ? value : AdmitCounted(std::move(value)); }

 private:
  Value AdmitCounted(Value value);
};

class Call {
 public:
  Call(ExecutionContext& context, std::span<const Type> argument_types, Type result_type)
      : context_(context), argument_types_(argument_types), result_type_(result_type) {}

  Ticks now() const { return context_.now; }
  const re2::RE2* Regex(std::string_view pattern) { return context_.regexes.Get(pattern); }
  void Warn(Warning warning) { ++context_.warnings[static_cast<std::size_t>(warning)]; }

  // Static types of the arguments. A `type` argument is not among the values (it comes last in every signature); the
  // result type is then the type that it names.
  Type argument_type(std::size_t i) const { return argument_types_[i]; }
  Type result_type() const { return result_type_; }

 private:
  ExecutionContext& context_;
  std::span<const Type> argument_types_;
  Type result_type_;
};

using Args = std::span<const Value>;

}  // namespace zoomwatch::kql
