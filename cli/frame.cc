#include "cli/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/arguments.h"
#include "common/app/version.h"
#include "common/config/nearest_name.h"
#include "common/status/reasons.h"

namespace zoomwatch::cli {
namespace {

constexpr size_t kWidth = 100;
constexpr size_t kFlagColumn = 28;  // where the text of a flag begins

// `text` in lines of at most kWidth, each after the first indented. `column` is where the first line begins.
std::string Wrap(std::string_view text, size_t column, size_t indent) {
  std::string out;
  while (!text.empty()) {
    const size_t word_end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, word_end);
    const bool line_begins = out.empty() || out.back() == '\n';
    if (!line_begins && column + 1 + word.size() > kWidth) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (!line_begins) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    text.remove_prefix(std::min(word_end + 1, text.size()));
  }
  return out;
}

std::string Paragraphs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find("\n\n"), text.size());
    out += Wrap(text.substr(0, end), 0, 0) + "\n";
    text.remove_prefix(std::min(end + 2, text.size()));
    if (!text.empty()) out += "\n";
  }
  return out;
}

std::string Entry(std::string_view left, std::string_view text) {
  std::string out = fmt::format("  {}", left);
  if (out.size() + 2 > kFlagColumn) {
    out += '\n' + std::string(kFlagColumn, ' ');
  } else {
    out.resize(kFlagColumn, ' ');
  }
  return out + Wrap(text, kFlagColumn, kFlagColumn) + "\n";
}

// A command as typed, continued on further lines where it is long; an option stays with its value.
std::string TypedCommand(std::string_view command) {
  std::string out = "  ";
  size_t column = out.size();
  while (!command.empty()) {
    const size_t next = std::min(command.find(" --", 1), command.size());
    std::string_view part = command.substr(0, next);
    command.remove_prefix(next);
    if (column + part.size() > kWidth - 2 && column > 2) {
      out += " \\\n      ";
      column = 6;
      part.remove_prefix(1);
    }
    out += part;
    column += part.size();
  }
  return out + "\n";
}

std::string UsageLine(const CommandSpec& command) {
  std::string line = fmt::format("zoomwatch {}", command.name);
  bool optional_flags = false;
  for (const FlagSpec& flag : command.flags) {
    if (flag.required) {
      line += fmt::format(" --{} {}", flag.name, flag.value);
    } else {
      optional_flags = true;
    }
  }
  if (optional_flags) line += " [OPTION ...]";
  const PositionalSpec& positional = command.positional;
  if (!positional.value.empty()) {
    const std::string_view dots = positional.most > 1 ? " ..." : "";
    line += positional.least > 0 ? fmt::format(" {}{}", positional.value, dots)
                                 : fmt::format(" [{}{}]", positional.value, dots);
  }
  return line;
}

std::string ListText(std::span<const CommandSpec> commands) {
  std::string out =
      "zoomwatch: Zoom webhooks to Microsoft Sentinel\n\nUsage: zoomwatch COMMAND [OPTION ...]\n\nCommands:\n";
  for (const CommandSpec& command : commands) out += Entry(command.name, command.summary);
  out += Entry("help COMMAND", "what a command does, its options and examples");
  return out + "\nOptions:\n" + Entry("--help", "print this text") + Entry("--version", "print the version") +
         "\nExit codes: 0 success, 1 the answer is no or the work could not be done, 2 wrong command line.\n";
}

const CommandSpec* FindCommand(std::span<const CommandSpec> commands, std::string_view name) {
  const auto found =
      std::find_if(commands.begin(), commands.end(), [&](const CommandSpec& c) { return c.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

int UnknownCommand(std::span<const CommandSpec> commands, std::string_view name, const Console& console) {
  std::vector<std::string_view> names = {"help"};
  for (const CommandSpec& command : commands) names.push_back(command.name);
  const std::string_view nearest = config::NearestName(name, names);
  console.error << fmt::format("zoomwatch: no such command: {}", name)
                << (nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest))
                << "\nTry 'zoomwatch --help'.\n";
  return kExitUsage;
}

int RunHelp(std::span<const CommandSpec> commands, std::span<const std::string> arguments, const Console& console) {
  if (arguments.empty()) {
    console.out << ListText(commands);
    return kExitOk;
  }
  if (arguments[0] == "--markdown") {
    console.out << MarkdownPage(commands);
    return kExitOk;
  }
  const CommandSpec* command = FindCommand(commands, arguments[0]);
  if (command == nullptr) return UnknownCommand(commands, arguments[0], console);
  console.out << HelpText(*command);
  return kExitOk;
}

int RunCommand(const CommandSpec& command, std::span<const std::string> arguments, const Console& console) {
  absl::StatusOr<Arguments> parsed = Arguments::Parse(command, arguments);
  if (parsed.ok() && parsed->help()) {
    console.out << HelpText(command);
    return kExitOk;
  }
  const absl::StatusOr<int> code = parsed.ok() ? command.run(*parsed, console) : absl::StatusOr<int>(parsed.status());
  if (code.ok()) return *code;
  const bool usage = ReasonOf(code.status()) == Reason::kUsage;
  console.error << fmt::format("zoomwatch {}: {}\n", command.name,
                               usage ? std::string(code.status().message()) : FaultText(code.status()));
  if (usage) console.error << fmt::format("Try 'zoomwatch help {}'.\n", command.name);
  return usage ? kExitUsage : kExitFailed;
}

}  // namespace

std::string FaultText(const absl::Status& status) {
  if (!absl::IsUnimplemented(status) || !status.message().empty()) return Describe(status);
  return "UNIMPLEMENTED: the service at this address does not do that: only a detector (or zoomwatch run) does, and for alerts and rules "
         "only one with rules in its configuration";
}

std::string HelpText(const CommandSpec& command) {
  std::string out = fmt::format("zoomwatch {}: {}\n\nUsage: {}\n\n", command.name, command.summary, UsageLine(command));
  out += Paragraphs(command.description);
  if (!command.positional.value.empty()) {
    out += "\nArguments:\n" + Entry(command.positional.value, command.positional.help);
  }
  out += "\nOptions:\n";
  for (const FlagSpec& flag : command.flags) {
    const std::string left =
        flag.value.empty() ? fmt::format("--{}", flag.name) : fmt::format("--{} {}", flag.name, flag.value);
    out += Entry(left, fmt::format("{}{}{}", flag.help, flag.required ? " Required." : "",
                                   flag.repeated ? " May be repeated." : ""));
  }
  out += Entry("--help", "Print this text.");
  if (!command.examples.empty()) out += "\nExamples:\n";
  for (const Example& example : command.examples) {
    if (!example.text.empty()) out += fmt::format("  # {}\n", example.text);
    out += TypedCommand(example.command);
  }
  return out + "\nExit codes: " + Wrap(fmt::format("{} 2: wrong command line.", command.exit_codes), 12, 12) + "\n";
}

std::string MarkdownPage(std::span<const CommandSpec> commands) {
  std::string out =
      "# Command line\n\n`zoomwatch` is one program with a subcommand for each task: it tries the pipeline out, "
      "watches it and checks its\n"
      "set-up. The services themselves are programs of their own. This page is written by "
      "`scripts/update-docs`.\n\n```\n" +
      ListText(commands) + "```\n";
  for (const CommandSpec& command : commands)
    out += fmt::format("\n## zoomwatch {}\n\n```\n{}```\n", command.name, HelpText(command));
  return out;
}

int RunCommandLine(std::span<const CommandSpec> commands, std::span<const std::string> arguments,
                   const Console& console) {
  if (arguments.empty()) {
    console.error << ListText(commands);
    return kExitUsage;
  }
  const std::string& first = arguments[0];
  if (first == "--version") {
    console.out << fmt::format("zoomwatch {}\n", kVersion);
    return kExitOk;
  }
  if (first == "--help" || first == "-h" || first == "help") return RunHelp(commands, arguments.subspan(1), console);
  if (first.starts_with("-")) {
    console.error << fmt::format("zoomwatch: no such option: {}\nTry 'zoomwatch --help'.\n", first);
    return kExitUsage;
  }
  const CommandSpec* command = FindCommand(commands, first);
  if (command == nullptr) return UnknownCommand(commands, first, console);
  return RunCommand(*command, arguments.subspan(1), console);
}

}  // namespace zoomwatch::cli
