#include "common/kql/functions/call.h"

#include <re2/re2.h>

namespace zoomwatch::kql {
namespace {

constexpr int kMaxGroups = 16;
constexpr std::size_t kLargeBytes = 1024;  // smaller values are not counted: a block of them is small

constexpr std::int64_t kMaxRegexBytes = 8 << 20;    // decides which patterns compile
constexpr std::int64_t kSmallRegexBytes = 1 << 20;  // enough for the states of most
constexpr std::int64_t kBytesPerInstruction = 4096;
// The text twice and its syntax tree.
constexpr std::size_t kBytesPerPatternByte = 16;
constexpr std::size_t kBytesPerPattern = 256;

// No newline for '.', no multi-line anchors, UTF-8, and errors are returned rather than logged.
re2::RE2::Options RegexOptions(std::int64_t max_bytes) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(max_bytes);
  return options;
}

std::unique_ptr<re2::RE2> CompileRegex(std::string_view pattern, std::int64_t max_bytes) {
  return std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), RegexOptions(max_bytes));
}

// With a budget for its states that fits its program: what it matches is the same with any, only how fast it is differs.
std::unique_ptr<re2::RE2> CompileInBudget(std::string_view pattern) {
  auto regex = CompileRegex(pattern, kSmallRegexBytes);
  std::int64_t budget = kMaxRegexBytes;
  if (regex->ok()) {
    for (budget = kSmallRegexBytes; budget < kMaxRegexBytes && budget < regex->ProgramSize() * kBytesPerInstruction;) budget *= 2;
  } else if (regex->error_code() != re2::RE2::ErrorPatternTooLarge) {
    return nullptr;
  }
  if (budget > kSmallRegexBytes) regex = CompileRegex(pattern, budget);
  return regex->ok() && regex->NumberOfCapturingGroups() <= kMaxGroups ? std::move(regex) : nullptr;
}

}  // namespace

std::string_view WarningText(Warning warning) {
  switch (warning) {
    case Warning::kDivisionByZero: return "integer division or modulo by zero yielded null";
    case Warning::kOverflow: return "an overflow yielded null";
    case Warning::kBadRegex: return "a regular expression computed from data does not compile; it matched nothing";
    case Warning::kTruncated: return "a value was cut at a documented limit";
  }
  return "";
}

Value ExecutionContext::AdmitCounted(Value value) {
  const std::size_t bytes = value.MemoryBytes();
  if (bytes < kLargeBytes) return value;
  if (value.is_string() ? value.AsString().size() > kMaxTextBytes : bytes > kMaxValueBytes) {
    ++warnings[static_cast<std::size_t>(Warning::kTruncated)];
    return Value();
  }
  made_bytes += bytes;
  return value;
}

RegexCache::RegexCache() = default;
RegexCache::~RegexCache() = default;

const re2::RE2* RegexCache::Get(std::string_view pattern) {
  const auto found = patterns_.find(std::string(pattern));
  if (found != patterns_.end()) return found->second.get();
  auto regex = CompileInBudget(pattern);
  const std::size_t bytes = kBytesPerPattern + kBytesPerPatternByte * pattern.size() +
                            (regex == nullptr ? 0 : static_cast<std::size_t>(regex->options().max_mem()));
  if (patterns_.size() >= kMaxPatterns || bytes_ + bytes > kMaxBytes) {
    patterns_.clear();
    bytes_ = 0;
  }
  bytes_ += bytes;
  return patterns_.emplace(std::string(pattern), std::move(regex)).first->second.get();
}

std::string CheckRegex(std::string_view pattern) {
  const re2::RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), RegexOptions(kMaxRegexBytes));
  if (!regex.ok()) return "the regular expression does not compile: " + regex.error();
  if (regex.NumberOfCapturingGroups() > kMaxGroups) return "the regular expression has more than 16 groups";
  return "";
}

}  // namespace zoomwatch::kql
