#include "common/chart/display_text.h"

#include <fmt/format.h>

#include "common/kql/functions/utf8.h"
#include "common/kql/text_cells.h"

namespace zoomwatch::chart {
namespace {

std::string Printable(std::string_view text, bool several_lines) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = kql::NextCodePoint(text, at);
    if (!kql::ActsOnTerminal(c) || (several_lines && c == '\n')) {
      kql::AppendCodePoint(c, out);
      continue;
    }
    switch (c) {
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: out += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(c));
    }
  }
  return out;
}

}  // namespace

std::string PrintableText(std::string_view text) { return Printable(text, false); }
std::string PrintableLines(std::string_view text) { return Printable(text, true); }

std::string PrintableJson(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    const char32_t c = kql::NextCodePoint(json, at);
    if (c >= 0x20 && kql::ActsOnTerminal(c)) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
    } else {
      kql::AppendCodePoint(c, out);  // control characters below are between texts: they lay it out
    }
  }
  return out;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) width += kql::CellsOf(kql::NextCodePoint(text, at));
  return width;
}

std::string CutToWidth(std::string_view text, std::size_t width) {
  if (text.size() <= width || DisplayWidth(text) <= width) return std::string(text);
  std::size_t used = 0;
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size(); end = at) {
    used += kql::CellsOf(kql::NextCodePoint(text, at));
    if (used > width - 1) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string CutInside(std::string_view text, std::size_t width) {
  const std::size_t whole = DisplayWidth(text);
  if (whole <= width) return std::string(text);
  const std::size_t room = (width - 1) / 2;  // for the end
  std::size_t left = whole;
  std::size_t begin = 0;
  while (begin < text.size() && left > room) left -= kql::CellsOf(kql::NextCodePoint(text, begin));
  return CutToWidth(text, width - left) + std::string(text.substr(begin));
}

std::string PadRight(std::string_view text, std::size_t width) {
  const std::size_t own = DisplayWidth(text);
  return std::string(text) + std::string(own < width ? width - own : 0, ' ');
}

std::string PadLeft(std::string_view text, std::size_t width) {
  const std::size_t own = DisplayWidth(text);
  return std::string(own < width ? width - own : 0, ' ') + std::string(text);
}

}  // namespace zoomwatch::chart
