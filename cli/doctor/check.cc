#include "cli/doctor/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/chart/display_text.h"
#include "common/log/log.h"

namespace zoomwatch::cli {
namespace {

std::string_view NameOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarning:
      return "warn";
    case Verdict::kFailed:
      return "FAIL";
    case Verdict::kSkipped:
      return "skip";
  }
  __builtin_unreachable();
}

// Further lines of a text below its first one. Findings hold what others answered.
std::string Indented(std::string_view text, size_t indent) {
  std::string out;
  for (const char c : chart::PrintableLines(text)) {
    out += c;
    if (c == '\n') out.append(indent, ' ');
  }
  return out;
}

}  // namespace

bool AnyFailed(const Checks& checks) {
  return std::any_of(checks.begin(), checks.end(),
                     [](const Check& check) { return check.verdict == Verdict::kFailed; });
}

std::string ChecksTable(const Checks& checks) {
  std::string out;
  for (const Check& check : checks) {
    out += fmt::format("{:<4}  {:<12}  {}\n", NameOf(check.verdict), check.name, Indented(check.finding, 20));
    if (!check.remedy.empty()) out += fmt::format("{:20}-> {}\n", "", Indented(check.remedy, 23));
  }
  return out;
}

std::string ChecksJson(const Checks& checks) {
  std::string out = R"({"checks":[)";
  const char* separator = "";
  for (const Check& check : checks) {
    out += fmt::format(R"({}{{"verdict":"{}","check":)", separator,
                       check.verdict == Verdict::kFailed ? "fail" : NameOf(check.verdict));
    AppendJsonString(out, check.name);
    out += R"(,"finding":)";
    AppendJsonString(out, check.finding);
    out += R"(,"remedy":)";
    AppendJsonString(out, check.remedy);
    out += "}";
    separator = ",";
  }
  return out + fmt::format(R"(],"ok":{}}})", !AnyFailed(checks));
}

}  // namespace zoomwatch::cli
