#include "cli/hunt/hunt_client.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "common/status/grpc_status.h"
#include "common/status/status_macros.h"
#include "common/time/clock.h"
#include "common/transport/grpc/hunt_cells.h"

namespace zoomwatch::cli {
namespace {

using hunt::v1::HuntResponse;

absl::Status Unexpected(std::string_view what) { return absl::InternalError(fmt::format("the service answered with {}", what)); }

// The properties that name several columns have them separated by commas; in a title a comma is one.
std::vector<std::string> ValuesOf(const std::string& property, const std::string& text) {
  for (const char* list : {"ycolumns", "series", "anomalycolumns"}) {
    if (absl::EqualsIgnoreCase(property, list)) return absl::StrSplit(text, ',');
  }
  return {text};
}

absl::Status TakeSchema(const hunt::v1::Schema& schema, HuntResult& result) {
  for (const hunt::v1::Column& column : schema.columns()) {
    const std::optional<kql::Type> type = kql::TypeFromName(column.type());
    if (!type) return Unexpected("a column of an unknown type");
    result.schema.push_back({column.name(), *type});
  }
  if (schema.has_rendering()) {
    result.rendering = kql::Rendering{.chart = schema.rendering().chart(), .properties = {}};
    for (const auto& [name, values] : schema.rendering().properties()) {
      result.rendering->properties.push_back({name, ValuesOf(name, values)});
    }
  }
  result.warnings.assign(schema.warnings().begin(), schema.warnings().end());
  return absl::OkStatus();
}

absl::Status TakeRows(const hunt::v1::RowBatch& batch, HuntResult& result) {
  for (const hunt::v1::Row& row : batch.rows()) {
    if (static_cast<size_t>(row.cells_size()) != result.schema.size()) return Unexpected("a row of another width than its schema");
    std::vector<kql::Value>& cells = result.rows.emplace_back();
    for (int i = 0; i < row.cells_size(); ++i) {
      std::optional<kql::Value> value = FromCell(result.schema[static_cast<size_t>(i)].type, row.cells(i));
      if (!value) return Unexpected("a cell of another type than its column");
      cells.push_back(*std::move(value));
    }
  }
  return absl::OkStatus();
}

absl::Status Take(const HuntResponse& response, const std::function<void(const hunt::v1::Progress&)>& on_progress, HuntResult& result) {
  switch (response.content_case()) {
    case HuntResponse::kSchema: return TakeSchema(response.schema(), result);
    case HuntResponse::kRows: return TakeRows(response.rows(), result);
    case HuntResponse::kProgress: on_progress(response.progress()); return absl::OkStatus();
    case HuntResponse::kSummary: result.summary = response.summary(); return absl::OkStatus();
    case HuntResponse::CONTENT_NOT_SET: break;  // of a later version
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<HuntResult> CallHunt(hunt::v1::HuntService::StubInterface& stub, const hunt::v1::HuntRequest& request,
                                    absl::Duration timeout, const std::function<void(const hunt::v1::Progress&)>& on_progress) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(SystemClock::Get().Now() + timeout));
  const std::unique_ptr<grpc::ClientReaderInterface<HuntResponse>> reader = stub.Hunt(&context, request);
  HuntResult result;
  HuntResponse response;
  absl::Status unexpected;
  bool complete = false;
  while (unexpected.ok() && reader->Read(&response)) {
    unexpected = Take(response, on_progress, result);
    complete = response.has_summary();
  }
  if (!unexpected.ok()) context.TryCancel();
  const absl::Status status = FromGrpcStatus(reader->Finish());
  ZOOMWATCH_RETURN_IF_ERROR(unexpected);
  ZOOMWATCH_RETURN_IF_ERROR(status);
  if (!complete) return Unexpected("no summary");
  return result;
}

}  // namespace zoomwatch::cli
