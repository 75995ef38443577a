// The command line of one subcommand, checked against its CommandSpec, with values read as types.
// Not thread-safe. Holds copies of the arguments; the spec must outlive it.
//
//   --flag VALUE | --flag=VALUE | --switch | --help | -h | argument | -- (everything behind it is an argument)
//
// Reading a value that is malformed returns the default and sets status(), first fault first, so a command reads
// everything and asks once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/command.h"

namespace zoomwatch::cli {

class Arguments {
 public:
  // Errors: USAGE for an unknown flag (with the nearest known one), a missing or superfluous value, a flag given twice
  // that is not repeated, a required flag that is missing, too few or too many arguments. With --help only the flags
  // before it are checked.
  static absl::StatusOr<Arguments> Parse(const CommandSpec& spec, std::span<const std::string> arguments);

  bool help() const { return help_; }

  // REQUIRES, for all below: a flag of the spec.
  bool Has(std::string_view flag) const;
  // The value, the first one of a repeated flag, or `absent`.
  std::string Text(std::string_view flag, std::string_view absent = "") const;
  const std::vector<std::string>& All(std::string_view flag) const;
  const std::vector<std::string>& positional() const { return positional_; }

  // Bounds are inclusive.
  int64_t Integer(std::string_view flag, int64_t absent, int64_t least, int64_t most);
  double Number(std::string_view flag, double absent, double least, double most);
  // "250ms", "3s", "90m".
  absl::Duration Duration(std::string_view flag, absl::Duration absent, absl::Duration least, absl::Duration most);
  // RFC 3339.
  std::optional<absl::Time> Time(std::string_view flag);

  // OK, or the first malformed value: USAGE.
  const absl::Status& status() const { return status_; }

 private:
  void Fault(std::string_view flag, std::string_view expected);

  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> positional_;
  bool help_ = false;
  absl::Status status_;
};

}  // namespace zoomwatch::cli
