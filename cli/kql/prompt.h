// The prompt of `zoomwatch kql`: queries of several lines, each ended by a blank line or by ';' behind a statement that is a result.
// Not thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/command.h"
#include "cli/kql/memory_tables.h"

namespace zoomwatch::cli {

// Puts lines together to queries.
class QueryLines {
 public:
  // The query that this line ends. A ';' behind let, set or declare ends none, as the query is still to come.
  std::optional<std::string> Add(std::string_view line);
  bool empty() const { return text_.empty(); }
  void Clear() { text_.clear(); }

 private:
  std::string text_;
};

// The answer to a command of the prompt: .tables, .help. nullopt: it is none.
std::optional<std::string> AnswerDotCommand(std::string_view line, const MemoryTables& tables);

// Reads from the terminal on standard input until ^D or .quit, and runs every query. While one runs, ^C sets cancelled().
void RunPrompt(const MemoryTables& tables, const Console& console, const std::function<void(const std::string& query)>& run);

// Whether ^C came since the query began.
bool Cancelled();

}  // namespace zoomwatch::cli
