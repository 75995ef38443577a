#include "common/kql/text_cells.h"

#include <algorithm>
#include <iterator>

namespace zoomwatch::kql {
namespace {

struct Range {
  char32_t first, last;
};

bool Among(char32_t c, const Range* begin, const Range* end) {
  return std::any_of(begin, end, [c](const Range& range) { return c >= range.first && c <= range.last; });
}

}  // namespace

bool ActsOnTerminal(char32_t c) {
  static constexpr Range kRanges[] = {{0x00, 0x1F}, {0x7F, 0x9F}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069}, {0x061C, 0x061C}};
  return Among(c, std::begin(kRanges), std::end(kRanges));
}

std::size_t CellsOf(char32_t c) {
  static constexpr Range kNone[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F},
                                    {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
                                    {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}};
  static constexpr Range kWide[] = {{0x1100, 0x115F}, {0x2E80, 0x303E}, {0x3041, 0x33FF}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF},
                                    {0xA000, 0xA4CF}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE30, 0xFE4F}, {0xFF00, 0xFF60},
                                    {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
  if (c < 0x300) return 1;
  if (Among(c, std::begin(kNone), std::end(kNone))) return 0;
  return Among(c, std::begin(kWide), std::end(kWide)) ? 2 : 1;
}

}  // namespace zoomwatch::kql
