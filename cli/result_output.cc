#include "cli/result_output.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>

#include "common/chart/chart.h"
#include "common/chart/svg_chart.h"
#include "common/chart/text_chart.h"

namespace zoomwatch::cli {
namespace {

constexpr std::size_t kUsualWidth = 100, kMostWidth = 200;

// As wide as the terminal, where there is one.
std::size_t ChartWidth(const Console& console) {
  winsize size{};
  const bool terminal = &console.out == &std::cout && isatty(STDOUT_FILENO) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  return terminal && size.ws_col > 0 ? std::min<std::size_t>(size.ws_col, kMostWidth) : kUsualWidth;
}

std::string NotDrawn(const kql::Rendering& rendering, const absl::Status& status) {
  return fmt::format("render {}: {}", rendering.chart, std::string(status.message()));
}

absl::Status WriteSvg(const std::optional<kql::Rendering>& rendering, const absl::StatusOr<chart::Chart>& chart, const std::string& path) {
  if (!rendering) return absl::InvalidArgumentError(fmt::format("{} is not written: the query does not end in render", path));
  if (!chart.ok()) return absl::InvalidArgumentError(fmt::format("{} is not written: {}", path, NotDrawn(*rendering, chart.status())));
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << chart::DrawSvg(*chart);
  file.close();
  return file ? absl::OkStatus() : absl::UnknownError(fmt::format("{} cannot be written", path));
}

}  // namespace

absl::Status ShowResult(const kql::Schema& schema, std::span<const std::vector<kql::Value>> rows,
                        const std::optional<kql::Rendering>& rendering, const OutputOptions& options, const Console& console) {
  const bool drawn = rendering && chart::IsDrawn(*rendering);
  const absl::StatusOr<chart::Chart> chart =
      drawn ? chart::MakeChart(*rendering, schema, rows) : absl::InvalidArgumentError("a table is no chart");
  const bool as_picture = drawn && options.print.format == ResultFormat::kTable;
  if (as_picture && chart.ok()) {
    console.out << chart::DrawText(*chart, {.width = ChartWidth(console)});
  } else {
    if (as_picture) console.error << fmt::format("{}: {}; the rows instead:\n", options.command, NotDrawn(*rendering, chart.status()));
    console.out << PrintResult(schema, rows, options.print);
  }
  return options.svg_file.empty() ? absl::OkStatus() : WriteSvg(rendering, chart, options.svg_file);
}

}  // namespace zoomwatch::cli
