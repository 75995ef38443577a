#include "cli/kql/prompt.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>

#include "cli/kql/line_editor.h"
#include "common/chart/display_text.h"
#include "common/kql/parser.h"

namespace zoomwatch::cli {
namespace {

constexpr std::string_view kHelp =
    "A query ends with a blank line, or with ';'. ^C drops it, or stops it while it runs.\n"
    "  .tables  the tables and their columns\n"
    "  .help    this text\n"
    "  .quit    the end, as ^D\n";

volatile std::sig_atomic_t cancelled = 0;

void OnInterrupt(int) { cancelled = 1; }

// While this lives, ^C sets the flag instead of ending the program.
class InterruptFlag {
 public:
  InterruptFlag() {
    cancelled = 0;
    struct sigaction action {};
    action.sa_handler = OnInterrupt;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, &saved_);
  }
  ~InterruptFlag() { sigaction(SIGINT, &saved_, nullptr); }
  InterruptFlag(const InterruptFlag&) = delete;
  InterruptFlag& operator=(const InterruptFlag&) = delete;

 private:
  struct sigaction saved_ {};
};

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  return text;
}

// True where the last statement is a let, set or declare: the query is still to come. What cannot be parsed is an error to show.
bool OnlyPrepares(std::string_view text) {
  std::vector<kql::Diagnostic> diagnostics;
  const kql::Query query = kql::Parse(std::string(text) + " print 0", diagnostics);
  return !kql::HasErrors(diagnostics) && query.statements.size() > 1 &&
         query.statements[query.statements.size() - 2].kind != kql::Statement::Kind::kQuery;
}

std::string TableList(const MemoryTables& tables) {
  std::string out;
  for (const std::string& name : tables.TableNames()) {
    out += chart::PrintableText(name) + "\n";
    const std::optional<kql::Schema> schema = tables.FindTable(name, {});
    for (const kql::Column& column : schema.value_or(kql::Schema())) {
      out += fmt::format("  {}: {}\n", chart::PrintableText(column.name), kql::TypeName(column.type));
    }
  }
  return out.empty() ? "there are no tables; give them with --table NAME=FILE\n" : out;
}

}  // namespace

std::optional<std::string> QueryLines::Add(std::string_view line) {
  const bool blank = Trimmed(line).empty();
  if (!blank) text_ += std::string(line) + "\n";
  if (text_.empty()) return std::nullopt;
  const bool ended = blank || (Trimmed(text_).ends_with(';') && !OnlyPrepares(text_));
  if (!ended) return std::nullopt;
  std::string query = std::move(text_);
  text_.clear();
  return query;
}

std::optional<std::string> AnswerDotCommand(std::string_view line, const MemoryTables& tables) {
  const std::string_view command = Trimmed(line);
  if (command == ".tables") return TableList(tables);
  if (command == ".help") return std::string(kHelp);
  if (command.starts_with('.')) return fmt::format("there is no {}; .help says what there is\n", chart::PrintableText(command));
  return std::nullopt;
}

bool Cancelled() { return cancelled != 0; }

void RunPrompt(const MemoryTables& tables, const Console& console, const std::function<void(const std::string& query)>& run) {
  console.out << "zoomwatch kql: .help for help\n";
  LineEditor editor(STDIN_FILENO, console.out);
  QueryLines lines;
  while (true) {
    std::string line;
    const LineEditor::End end = editor.Read(lines.empty() ? "kql> " : "   > ", line);
    if (end == LineEditor::End::kEndOfInput) return;
    if (end == LineEditor::End::kCancelled) {
      lines.Clear();
      continue;
    }
    if (lines.empty() && (Trimmed(line) == ".quit" || Trimmed(line) == ".exit")) return;
    if (const auto answer = lines.empty() ? AnswerDotCommand(line, tables) : std::nullopt) {
      console.out << *answer << std::flush;
      continue;
    }
    const std::optional<std::string> query = lines.Add(line);
    if (!query) continue;
    const InterruptFlag flag;
    run(*query);
    console.out << std::flush;
  }
}

}  // namespace zoomwatch::cli
