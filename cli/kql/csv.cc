#include "cli/kql/csv.h"

#include <algorithm>

namespace zoomwatch::cli {
namespace {

bool AtLineEnd(std::string_view text) { return text.empty() || text.front() == '\n' || text.starts_with("\r\n"); }

}  // namespace

void CsvReader::TakeLineEnd() {
  if (rest_.empty()) return;
  rest_.remove_prefix(rest_.front() == '\r' ? 2 : 1);
  ++line_;
}

absl::Status CsvReader::ReadField(std::string& field) {
  field.clear();
  if (rest_.empty() || rest_.front() != '"') {
    while (!AtLineEnd(rest_) && rest_.front() != separator_) {
      field += rest_.front();
      rest_.remove_prefix(1);
    }
    return absl::OkStatus();
  }
  rest_.remove_prefix(1);
  while (true) {
    const std::size_t quote = rest_.find('"');
    if (quote == std::string_view::npos) return absl::InvalidArgumentError("a quote is not closed");
    line_ += static_cast<std::size_t>(std::count(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(quote), '\n'));
    field += rest_.substr(0, quote);
    rest_.remove_prefix(quote + 1);
    if (rest_.empty() || rest_.front() != '"') break;
    field += '"';
    rest_.remove_prefix(1);
  }
  if (AtLineEnd(rest_) || rest_.front() == separator_) return absl::OkStatus();
  return absl::InvalidArgumentError("text follows a closing quote");
}

absl::StatusOr<bool> CsvReader::Next(std::vector<std::string>& fields) {
  fields.clear();
  while (!rest_.empty() && AtLineEnd(rest_)) TakeLineEnd();
  record_line_ = line_;
  if (rest_.empty()) return false;
  while (true) {
    if (const absl::Status status = ReadField(fields.emplace_back()); !status.ok()) return status;
    if (AtLineEnd(rest_)) break;
    rest_.remove_prefix(1);  // the separator
  }
  TakeLineEnd();
  return true;
}

}  // namespace zoomwatch::cli
