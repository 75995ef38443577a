#include "cli/result_output.h"

#include <fmt/format.h>

#include <fstream>

#include "common/chart/chart.h"
#include "common/chart/svg_chart.h"
#include "common/chart/text_chart.h"
#include "common/status/status_macros.h"

namespace zoomwatch::cli {
namespace {

std::string NotDrawn(const kql::Rendering& rendering, const absl::Status& status) {
  return fmt::format("render {}: {}", rendering.chart, std::string(status.message()));
}

absl::Status WriteSvg(const std::optional<kql::Rendering>& rendering, const absl::StatusOr<chart::Chart>& chart, const std::string& path) {
  if (!rendering) return absl::InvalidArgumentError("--output: the query does not end in render");
  if (!chart.ok()) return absl::InvalidArgumentError(NotDrawn(*rendering, chart.status()));
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << chart::DrawSvg(*chart);
  file.close();
  return file ? absl::OkStatus() : absl::UnknownError(fmt::format("{}: cannot be written", path));
}

}  // namespace

absl::Status ShowResult(const kql::Schema& schema, std::span<const std::vector<kql::Value>> rows,
                        const std::optional<kql::Rendering>& rendering, const OutputOptions& options, const Console& console) {
  const bool drawn = rendering && chart::IsDrawn(*rendering);
  const absl::StatusOr<chart::Chart> chart =
      drawn ? chart::MakeChart(*rendering, schema, rows) : absl::InvalidArgumentError("a table is no chart");
  if (!options.svg_file.empty()) ZOOMWATCH_RETURN_IF_ERROR(WriteSvg(rendering, chart, options.svg_file));
  if (drawn && chart.ok() && options.print.format == ResultFormat::kTable) {
    console.out << chart::DrawText(*chart);
    return absl::OkStatus();
  }
  if (drawn && options.print.format == ResultFormat::kTable) {
    console.error << fmt::format("{}: {}; the rows instead:\n", options.command, NotDrawn(*rendering, chart.status()));
  }
  console.out << PrintResult(schema, rows, options.print);
  return absl::OkStatus();
}

}  // namespace zoomwatch::cli
