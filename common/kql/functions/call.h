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
class RegexCache {
 public:
  static constexpr std::size_t kMaxPatterns = 1024;  // then the cache starts over
  RegexCache();
  ~RegexCache();
  RegexCache(const RegexCache&) = delete;
  RegexCache& operator=(const RegexCache&) = delete;

  // Null when the pattern does not compile. The pointer lives until the next call.
  const re2::RE2* Get(std::string_view pattern);

 private:
  std::unordered_map<std::string, std::unique_ptr<re2::RE2>> patterns_;
};

// Empty when the pattern compiles and keeps the documented limit of 16 groups; otherwise why not.
std::string CheckRegex(std::string_view pattern);

struct ExecutionContext {
  explicit ExecutionContext(Ticks now_ticks) : now(now_ticks) {}
  const Ticks now;  // one value per query
  RegexCache regexes;
  std::array<std::uint64_t, kWarningKinds> warnings{};
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
