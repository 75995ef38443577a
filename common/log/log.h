// Log lines as JSON objects on standard error, one a line, each written by one system call.
// Thread-safe. Costs nothing below the configured severity.
//
//   Log(Severity::kWarning, "no challenge seen", {{"account", name}, {"hours", 81}});
//   {"time":"2026-05-04T10:00:00.123456Z","severity":"WARNING","message":"no challenge seen","account":"main","hours":81}
//
// The message is a constant: it names the kind of line and is what the rate limit counts. Fields are ids, counts, reasons and
// errors; never bodies, headers or secrets. Text from a peer is cut at kMaxLogFieldBytes and escaped, also what only a
// terminal that shows the line would act on; bytes that are not UTF-8 become "\ufffd".
// Limits: at most `max_lines_per_second` lines of one message; what is beyond is counted and reported as "suppressed" in the
// next line of that message that is written.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "absl/status/status.h"

namespace zoomwatch {

enum class Severity { kDebug, kInfo, kWarning, kError };

inline constexpr size_t kMaxLogFieldBytes = 2048;

// A value of a field. Views must live until Log() returns.
class LogValue {
 public:
  LogValue(std::string_view text) : value_(text) {}             // NOLINT(google-explicit-constructor)
  LogValue(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  LogValue(const char* text) : value_(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  LogValue(bool flag) : value_(flag) {}                         // NOLINT(google-explicit-constructor)
  LogValue(double number) : value_(number) {}                   // NOLINT(google-explicit-constructor)
  template <typename T, typename = std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>>>
  LogValue(T number) : value_(static_cast<int64_t>(number)) {}  // NOLINT(google-explicit-constructor)
  // "REASON: message".
  LogValue(const absl::Status& status);                         // NOLINT(google-explicit-constructor)

  const auto& value() const { return value_; }

 private:
  std::variant<std::string_view, std::string, bool, double, int64_t> value_;
};

struct LogField {
  std::string_view key;
  LogValue value;
};

struct LogOptions {
  Severity least_severity = Severity::kInfo;
  int max_lines_per_second = 10;  // per message
  std::string service;            // becomes the field "service"; empty: none
};

// Replaces the options of the process. Call once at start-up.
void ConfigureLog(LogOptions options);

// True when Log() would write lines of this severity: for what only the line needs and what is not free to make.
bool LogEnabled(Severity severity);

void Log(Severity severity, std::string_view message, std::initializer_list<LogField> fields = {});

// Sends lines (without the line end) to `sink` instead of standard error, and resets the rate limit; nullptr restores. Tests only.
void SetLogSinkForTest(std::function<void(std::string_view)> sink);

// Appends the JSON string literal of `text`, cut at `max_bytes` on a character boundary.
void AppendJsonString(std::string& out, std::string_view text, size_t max_bytes = kMaxLogFieldBytes);

}  // namespace zoomwatch
