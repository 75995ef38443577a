#include "common/kql/diagnostic.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "common/kql/functions/utf8.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

// Edit distance in half steps: a different letter costs 2, a different case 1.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = 2 * j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = 2 * i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t change = 2;
      if (a[i - 1] == b[j - 1]) {
        change = 0;
      } else if (absl::ascii_tolower(static_cast<unsigned char>(a[i - 1])) ==
                 absl::ascii_tolower(static_cast<unsigned char>(b[j - 1]))) {
        change = 1;
      }
      const std::size_t best = std::min({diagonal + change, row[j] + 2, row[j - 1] + 2});
      diagonal = row[j];
      row[j] = best;
    }
  }
  return row[b.size()];
}

constexpr std::size_t kLongestName = 64;  // the comparison is quadratic
constexpr std::size_t kExcerptWidth = 160;
constexpr std::size_t kMaxMessageBytes = 600;  // a name in the query may be as long as the query

}  // namespace

void Locate(std::string_view text, Diagnostic& diagnostic) {
  const std::string_view before = text.substr(0, std::min<std::size_t>(diagnostic.span.offset, text.size()));
  diagnostic.line = 1 + static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  diagnostic.column = 1 + static_cast<std::uint32_t>(CountCodePoints(before.substr(line_start)));
  if (diagnostic.message.size() <= kMaxMessageBytes) return;
  std::size_t end = kMaxMessageBytes;
  while ((static_cast<unsigned char>(diagnostic.message[end]) & 0xC0) == 0x80 && end > kMaxMessageBytes - 4) --end;
  diagnostic.message.resize(end);
  diagnostic.message += "...";
}

std::string Explain(std::string_view text, const Diagnostic& d, std::string_view source_name) {
  std::string out = fmt::format("{}:{}:{}: {} {}: {}\n", source_name, d.line, d.column,
                                d.severity == Severity::kError ? "error" : "warning", d.code, d.message);
  const std::size_t at = std::min<std::size_t>(d.span.offset, text.size());
  const std::size_t newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  const std::size_t end = std::min(text.find('\n', at), text.size());
  if (end - start > kExcerptWidth) return out;
  out += fmt::format("  {}\n  ", text.substr(start, end - start));
  for (std::size_t i = start; i < at; ++i) {
    // Continuation bytes take no column; a tab must stay a tab to line up.
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) out.push_back(text[i] == '\t' ? '\t' : ' ');
  }
  const std::size_t marked = std::min<std::size_t>(d.span.end(), end);
  out.push_back('^');
  if (marked > at + 1) out.append(CountCodePoints(text.substr(at, marked - at)) - 1, '~');
  out.push_back('\n');
  return out;
}

bool HasErrors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

std::string_view Nearest(std::string_view name, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, 2 * name.size() / 3);
  if (name.size() > kLongestName) return best;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kLongestName) continue;
    const std::size_t distance = Distance(name, candidate);
    if (distance <= best_distance && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace zoomwatch::kql
