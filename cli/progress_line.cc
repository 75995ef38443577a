#include "cli/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace zoomwatch::cli {
namespace {

constexpr int kBarWidth = 30;

}  // namespace

std::string ProgressText(std::int64_t events, std::int64_t total, std::string_view detail) {
  std::string text;
  if (total > 0) {
    const double part = std::clamp(static_cast<double>(events) / static_cast<double>(total), 0.0, 1.0);
    text = fmt::format("[{:<{}}] {:>3}%  {} of {} events read", std::string(static_cast<std::size_t>(part * kBarWidth), '#'), kBarWidth,
                       static_cast<int>(part * 100), events, total);
  } else {
    text = fmt::format("{} events read", events);
  }
  if (!detail.empty()) text += fmt::format(", {}", detail);
  return text;
}

ProgressLine::ProgressLine(const Console& console) : console_(console), on_(isatty(STDERR_FILENO) != 0) {}

ProgressLine::~ProgressLine() { Clear(); }

void ProgressLine::Show(std::int64_t events, std::int64_t total, std::string_view detail) {
  if (!on_) return;
  console_.error << "\r\033[K" << ProgressText(events, total, detail) << std::flush;
  shown_ = true;
}

void ProgressLine::Clear() {
  if (shown_) console_.error << "\r\033[K" << std::flush;
  shown_ = false;
}

}  // namespace zoomwatch::cli
