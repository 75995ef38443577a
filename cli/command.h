// What a subcommand of `zoomwatch` declares about itself: help text, command line and documentation all come from here.
// All text lives as long as the program.
#pragma once

#include <ostream>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

namespace zoomwatch::cli {

class Arguments;

// Where a subcommand writes: results to `out`, complaints to `error`.
struct Console {
  std::ostream& out;
  std::ostream& error;
};

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // the command worked and the answer is no, or it could not do its work
inline constexpr int kExitUsage = 2;   // wrong command line; nothing was done

struct FlagSpec {
  std::string_view name;   // without the dashes
  std::string_view value;  // what stands for the value in the help: "FILE"; empty: a switch
  std::string_view help;   // one or two sentences
  bool required = false;
  bool repeated = false;
};

// The arguments that are not flags.
struct PositionalSpec {
  std::string_view value;  // "FILE"; empty: none are accepted
  std::string_view help;
  size_t least = 0;
  size_t most = 0;
};

struct Example {
  std::string_view text;     // what it does
  std::string_view command;  // as typed
};

struct CommandSpec {
  std::string_view name;
  std::string_view summary;      // for the list of commands; lower case, no full stop
  std::string_view description;  // paragraphs, separated by "\n\n"
  std::span<const FlagSpec> flags;
  PositionalSpec positional;
  std::span<const Example> examples;
  std::string_view exit_codes;  // what 0 and 1 mean here
  // The exit code; an error USAGE ends with kExitUsage and a pointer to the help, any other with kExitFailed.
  absl::StatusOr<int> (*run)(Arguments& arguments, const Console& console) = nullptr;
};

}  // namespace zoomwatch::cli
