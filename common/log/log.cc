#include "common/log/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <map>

#include "absl/time/time.h"
#include "common/status/reasons.h"
#include "common/sync/mutex.h"
#include "common/time/clock.h"

namespace zoomwatch {
namespace {

// Lines of one message within the current second.
struct Budget {
  int64_t second = 0;
  int written = 0;
  int64_t suppressed = 0;
};

// Messages are constants of the code, so the map is small; the bound holds even if one is not.
constexpr size_t kMaxMessages = 4096;

struct LogState {
  Mutex mutex;
  LogOptions options ABSL_GUARDED_BY(mutex);
  std::function<void(std::string_view)> sink ABSL_GUARDED_BY(mutex);
  std::map<std::string, Budget, std::less<>> budgets ABSL_GUARDED_BY(mutex);
};

LogState& State() {
  static auto* const state = new LogState;  // never destroyed: threads may log during exit
  return *state;
}

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kDebug: return "DEBUG";
    case Severity::kInfo: return "INFO";
    case Severity::kWarning: return "WARNING";
    case Severity::kError: return "ERROR";
  }
  __builtin_unreachable();
}

// Length of the well-formed UTF-8 sequence at the start of `text`, or 0.
size_t Utf8SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
  if (lead == 0xED && byte(1) > 0x9F) return 0;  // surrogate
  if (lead == 0xF0 && byte(1) < 0x90) return 0;  // overlong
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;  // beyond U+10FFFF
  return length;
}

// A character of two or three bytes that a terminal would act on: control characters (C1), and marks that end a line or turn the direction
// of writing. 0: none.
unsigned ActsOnTerminal(std::string_view character) {
  const auto bits = [&](size_t i) { return static_cast<unsigned char>(character[i]) & 0x3Fu; };
  unsigned c = 0;
  if (character.size() == 2) c = (static_cast<unsigned char>(character[0]) & 0x1Fu) << 6 | bits(1);
  if (character.size() == 3) c = (static_cast<unsigned char>(character[0]) & 0x0Fu) << 12 | bits(1) << 6 | bits(2);
  const bool acts = (c >= 0x80 && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
                    (c >= 0x2066 && c <= 0x2069);
  return acts ? c : 0;
}

void AppendValue(std::string& out, const LogValue& value) {
  struct Visitor {
    std::string& out;
    void operator()(std::string_view text) const { AppendJsonString(out, text); }
    void operator()(const std::string& text) const { AppendJsonString(out, text); }
    void operator()(bool flag) const { out += flag ? "true" : "false"; }
    void operator()(double number) const {
      if (number != number || number - number != 0) {
        out += "null";  // JSON has no NaN and no infinity
      } else {
        fmt::format_to(std::back_inserter(out), "{}", number);
      }
    }
    void operator()(int64_t number) const { fmt::format_to(std::back_inserter(out), "{}", number); }
  };
  std::visit(Visitor{out}, value.value());
}

// True when a line of this message may be written now; sets how many were suppressed since the last one.
bool Admit(LogState& state, std::string_view message, absl::Time now, int64_t* suppressed)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(state.mutex) {
  auto found = state.budgets.find(message);
  if (found == state.budgets.end()) {
    if (state.budgets.size() >= kMaxMessages) return true;
    found = state.budgets.emplace(std::string(message), Budget{}).first;
  }
  Budget& budget = found->second;
  const int64_t second = absl::ToUnixSeconds(now);
  if (second != budget.second) {
    budget.second = second;
    budget.written = 0;
  }
  if (budget.written >= state.options.max_lines_per_second) {
    ++budget.suppressed;
    return false;
  }
  ++budget.written;
  *suppressed = budget.suppressed;
  budget.suppressed = 0;
  return true;
}

}  // namespace

LogValue::LogValue(const absl::Status& status) : value_(Describe(status)) {}

void AppendJsonString(std::string& out, std::string_view text, size_t max_bytes) {
  out += '"';
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = Utf8SequenceLength(text.substr(at));
    if (at + std::max<size_t>(length, 1) > max_bytes) {
      out += "...";
      break;
    }
    const auto byte = static_cast<unsigned char>(text[at]);
    if (length == 0) {
      out += "\\ufffd";
    } else if (byte == '"' || byte == '\\') {
      out += '\\';
      out += static_cast<char>(byte);
    } else if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else if (const unsigned acts = ActsOnTerminal(text.substr(at, length)); acts != 0) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", acts);
    } else {
      out += text.substr(at, length);
    }
    at += std::max<size_t>(length, 1);
  }
  out += '"';
}

void ConfigureLog(LogOptions options) {
  LogState& state = State();
  MutexLock lock(state.mutex);
  state.options = std::move(options);
}

void SetLogSinkForTest(std::function<void(std::string_view)> sink) {
  LogState& state = State();
  MutexLock lock(state.mutex);
  state.sink = std::move(sink);
  state.budgets.clear();
}

bool LogEnabled(Severity severity) {
  LogState& state = State();
  MutexLock lock(state.mutex);
  return severity >= state.options.least_severity;
}

void Log(Severity severity, std::string_view message, std::initializer_list<LogField> fields) {
  LogState& state = State();
  const absl::Time now = SystemClock::Get().Now();
  MutexLock lock(state.mutex);
  if (severity < state.options.least_severity) return;
  int64_t suppressed = 0;
  if (!Admit(state, message, now, &suppressed)) return;

  std::string line = fmt::format(R"({{"time":"{}","severity":"{}","message":)",
                                 absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", now, absl::UTCTimeZone()), NameOf(severity));
  AppendJsonString(line, message);
  const auto append = [&line](std::string_view key, const LogValue& value) {
    line += ',';
    AppendJsonString(line, key);
    line += ':';
    AppendValue(line, value);
  };
  if (!state.options.service.empty()) append("service", state.options.service);
  for (const LogField& field : fields) append(field.key, field.value);
  if (suppressed > 0) append("suppressed", suppressed);
  line += "}";
  if (state.sink) {
    state.sink(line);
    return;
  }
  line += '\n';
  // One write: lines of several threads and processes do not mix. A full pipe or a closed one loses the line, never the service.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace zoomwatch
