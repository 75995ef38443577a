#include "common/kql/functions/call.h"

#include <re2/re2.h>

namespace zoomwatch::kql {
namespace {

constexpr int kMaxGroups = 16;
constexpr std::size_t kLargeBytes = 1024;  // smaller values are not counted: a block of them is small

// No newline for '.', no multi-line anchors, UTF-8, and errors are returned rather than logged.
re2::RE2::Options RegexOptions() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(8 << 20);
  return options;
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
  if (patterns_.size() >= kMaxPatterns) patterns_.clear();
  auto regex = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), RegexOptions());
  if (!regex->ok() || regex->NumberOfCapturingGroups() > kMaxGroups) regex = nullptr;
  return patterns_.emplace(std::string(pattern), std::move(regex)).first->second.get();
}

std::string CheckRegex(std::string_view pattern) {
  const re2::RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), RegexOptions());
  if (!regex.ok()) return "the regular expression does not compile: " + regex.error();
  if (regex.NumberOfCapturingGroups() > kMaxGroups) return "the regular expression has more than 16 groups";
  return "";
}

}  // namespace zoomwatch::kql
