#include "common/kql/diagnostic.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "common/kql/ascii_case.h"
#include "common/kql/functions/utf8.h"
#include "common/kql/text_cells.h"
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
constexpr std::size_t kLongestLine = 160, kExcerptBytes = 100, kExcerptBefore = 60;  // a longer line is cut
constexpr std::size_t kMaxMessageBytes = 600;  // a name in the query may be as long as the query

// What is shown of a line, and whether there is more of it on either side.
struct Excerpt {
  std::size_t begin, end;
  bool more_before, more_behind;
};

// Of a long line, what is around the place.
Excerpt Shown(std::string_view text, std::size_t line_begin, std::size_t at, std::size_t line_end) {
  const auto continues = [&](std::size_t i) { return i < line_end && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80; };
  std::size_t begin = line_begin, end = line_end;
  if (line_end - line_begin > kLongestLine) {
    if (at - line_begin > kExcerptBefore) begin = at - kExcerptBefore;
    begin = std::max(line_begin, std::min(begin, line_end - kExcerptBytes));
    while (begin < at && continues(begin)) ++begin;
    end = std::min(line_end, begin + kExcerptBytes);
    while (end < line_end && continues(end)) ++end;
  }
  return {begin, end, begin > line_begin, end < line_end};
}

// The excerpt and, below it, a mark under [at, to).
void AppendExcerpt(std::string_view text, const Excerpt& shown, std::size_t at, std::size_t to, std::string& out) {
  std::string line = shown.more_before ? "  ..." : "  ";
  std::string marks(line.size(), ' ');
  std::string mark = "^";
  for (std::size_t i = shown.begin; i < shown.end;) {
    const std::size_t place = i;
    char32_t c = NextCodePoint(text, i);
    if (c == '\r' && i == shown.end) break;
    if (c != '\t' && ActsOnTerminal(c)) c = 0xFFFD;
    AppendCodePoint(c, line);
    const std::size_t cells = c == '\t' ? 1 : CellsOf(c);
    if (place >= at) {
      if (place < to) mark.append(place == at && cells > 0 ? cells - 1 : cells, '~');
    } else if (c == '\t') {
      marks += '\t';  // a tab must stay a tab to line up
    } else {
      marks.append(cells, ' ');
    }
  }
  out += line + (shown.more_behind ? "..." : "") + "\n" + marks + mark + "\n";
}

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
  const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  const std::size_t end = std::min(text.find('\n', at), text.size());
  AppendExcerpt(text, Shown(text, begin, at, end), at, d.span.end(), out);
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
    if (FoldAsciiCase(name) == FoldAsciiCase(candidate)) return candidate;
    const std::size_t distance = Distance(name, candidate);
    if (distance <= best_distance && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace zoomwatch::kql
