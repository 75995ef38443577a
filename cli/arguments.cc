#include "cli/arguments.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "common/config/nearest_name.h"
#include "common/config/values.h"
#include "common/status/check.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch::cli {
namespace {

absl::Status UnknownFlag(const CommandSpec& spec, std::string_view name) {
  std::vector<std::string_view> names = {"help"};
  for (const FlagSpec& flag : spec.flags) names.push_back(flag.name);
  const std::string_view nearest = config::NearestName(name, names);
  return Error(Reason::kUsage, nearest.empty()
                                   ? fmt::format("no such option: --{}", name)
                                   : fmt::format("no such option: --{}; did you mean --{}?", name, nearest));
}

const FlagSpec* FindFlag(const CommandSpec& spec, std::string_view name) {
  for (const FlagSpec& flag : spec.flags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

// Flags and arguments, before it is known whether all that are required are there.
struct Parsed {
  std::map<std::string, std::vector<std::string>, std::less<>> values;
  std::vector<std::string> positional;
  bool help = false;
};

// `at` is the index of the argument; advanced over the value.
absl::Status ParseFlag(const CommandSpec& spec, std::span<const std::string> arguments, size_t& at, Parsed& parsed) {
  const std::string_view text = std::string_view(arguments[at]).substr(2);
  const size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const FlagSpec* flag = FindFlag(spec, name);
  if (flag == nullptr) return UnknownFlag(spec, name);
  std::vector<std::string>& values = parsed.values[std::string(name)];
  if (!values.empty() && !flag->repeated) return Error(Reason::kUsage, fmt::format("--{} is given twice", name));
  if (flag->value.empty()) {
    if (equals != std::string_view::npos) return Error(Reason::kUsage, fmt::format("--{} takes no value", name));
    values.emplace_back();
  } else if (equals != std::string_view::npos) {
    values.emplace_back(text.substr(equals + 1));
  } else if (at + 1 < arguments.size()) {
    values.push_back(arguments[++at]);
  } else {
    return Error(Reason::kUsage, fmt::format("--{} needs a value: --{} {}", name, name, flag->value));
  }
  return absl::OkStatus();
}

absl::Status CheckComplete(const CommandSpec& spec, const Parsed& parsed) {
  for (const FlagSpec& flag : spec.flags) {
    if (flag.required && parsed.values.find(flag.name) == parsed.values.end()) {
      return Error(Reason::kUsage, fmt::format("--{} {} is required", flag.name, flag.value));
    }
  }
  const size_t count = parsed.positional.size();
  if (count > spec.positional.most) {
    return Error(Reason::kUsage, fmt::format("unexpected argument: '{}'", parsed.positional[spec.positional.most]));
  }
  if (count < spec.positional.least) return Error(Reason::kUsage, fmt::format("{} is required", spec.positional.value));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Arguments> Arguments::Parse(const CommandSpec& spec, std::span<const std::string> arguments) {
  Parsed parsed;
  bool flags_ended = false;
  for (size_t i = 0; i < arguments.size() && !parsed.help; ++i) {
    const std::string& argument = arguments[i];
    if (flags_ended || argument.size() < 2 || argument[0] != '-') {
      parsed.positional.push_back(argument);
    } else if (argument == "--") {
      flags_ended = true;
    } else if (argument == "--help" || argument == "-h") {
      parsed.help = true;
    } else if (argument[1] != '-') {
      return Error(Reason::kUsage, fmt::format("no such option: {}; options begin with two dashes", argument));
    } else {
      ZOOMWATCH_RETURN_IF_ERROR(ParseFlag(spec, arguments, i, parsed));
    }
  }
  if (!parsed.help) ZOOMWATCH_RETURN_IF_ERROR(CheckComplete(spec, parsed));
  Arguments result;
  result.values_ = std::move(parsed.values);
  result.positional_ = std::move(parsed.positional);
  result.help_ = parsed.help;
  return result;
}

bool Arguments::Has(std::string_view flag) const { return values_.find(flag) != values_.end(); }

std::string Arguments::Text(std::string_view flag, std::string_view absent) const {
  const auto& values = All(flag);
  return values.empty() ? std::string(absent) : values.front();
}

const std::vector<std::string>& Arguments::All(std::string_view flag) const {
  static const std::vector<std::string> none;
  const auto found = values_.find(flag);
  return found == values_.end() ? none : found->second;
}

void Arguments::Fault(std::string_view flag, std::string_view expected) {
  if (!status_.ok()) return;
  status_ = Error(Reason::kUsage, fmt::format("--{}: expected {}, found '{}'", flag, expected, Text(flag)));
}

int64_t Arguments::Integer(std::string_view flag, int64_t absent, int64_t least, int64_t most) {
  if (!Has(flag)) return absent;
  const std::optional<int64_t> value = config::ParseInteger(Text(flag), false);
  if (value.has_value() && *value >= least && *value <= most) return *value;
  Fault(flag, fmt::format("a whole number from {} to {}", least, most));
  return absent;
}

double Arguments::Number(std::string_view flag, double absent, double least, double most) {
  if (!Has(flag)) return absent;
  const std::string text = Text(flag);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool complete = error == std::errc() && end == text.data() + text.size();
  if (complete && std::isfinite(value) && value >= least && value <= most) return value;
  Fault(flag, fmt::format("a number from {} to {}", least, most));
  return absent;
}

absl::Duration Arguments::Duration(std::string_view flag, absl::Duration absent, absl::Duration least,
                                   absl::Duration most) {
  if (!Has(flag)) return absent;
  const std::optional<absl::Duration> value = config::ParseDuration(Text(flag));
  if (value.has_value() && *value >= least && *value <= most) return *value;
  Fault(flag, fmt::format("a duration from {} to {}", config::FormatDuration(least), config::FormatDuration(most)));
  return absent;
}

std::optional<absl::Time> Arguments::Time(std::string_view flag) {
  if (!Has(flag)) return std::nullopt;
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, Text(flag), &time, &error)) return time;
  Fault(flag, "a time such as 2026-05-04T10:00:00Z");
  return std::nullopt;
}

}  // namespace zoomwatch::cli
