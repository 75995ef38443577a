#include "tests/conformance/kql_views/view_check.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <fmt/format.h>

#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/compare.h"
#include "common/kql/convert.h"
#include "common/kql/diagnostic.h"
#include "common/kql/incremental/view.h"
#include "common/kql/table_source.h"

namespace zoomwatch::kql::testing {

std::optional<Schema> Tables::FindTable(std::string_view name, const MentionedNames&) const {
  for (const auto& [table, schema] : tables_) {
    if (table == name) return schema;
  }
  return std::nullopt;
}

std::vector<std::string> Tables::TableNames() const {
  std::vector<std::string> names;
  for (const auto& [table, schema] : tables_) names.push_back(table);
  return names;
}

namespace {

class RowReader final : public TableReader {
 public:
  RowReader(std::vector<std::vector<Value>> rows, std::size_t columns) : rows_(std::move(rows)), columns_(columns) {}
  absl::StatusOr<Block> Next() override {
    Block block{.rows = std::min(rows_.size() - next_, kBlockRows), .columns = {}};
    for (std::size_t c = 0; c < columns_; ++c) {
      auto cells = std::make_shared<Cells>();
      for (std::size_t row = next_; row < next_ + block.rows; ++row) cells->push_back(rows_[row][c]);
      block.columns.push_back(std::move(cells));
    }
    next_ += block.rows;
    return block;
  }
  ScanStatistics statistics() const override { return {}; }

 private:
  const std::vector<std::vector<Value>> rows_;
  const std::size_t columns_;
  std::size_t next_ = 0;
};

// The rows received so far that the window lets through at `now`. TimeGenerated is the first column of every table.
class WindowedRows final : public TableSource {
 public:
  WindowedRows(const std::vector<StreamRow>& stream, std::size_t received, Ticks now, Ticks window)
      : stream_(stream), received_(received), now_(now), window_(window) {}
  absl::StatusOr<std::unique_ptr<TableReader>> Open(const ScanRequest& request) override {
    std::vector<std::vector<Value>> rows;
    for (std::size_t i = 0; i < received_; ++i) {
      const Ticks time = stream_[i].cells[0].AsTicks();
      if (stream_[i].table == request.table && time <= now_ && time > now_ - window_) rows.push_back(stream_[i].cells);
    }
    return std::make_unique<RowReader>(std::move(rows), request.schema.size());
  }

 private:
  const std::vector<StreamRow>& stream_;
  const std::size_t received_;
  const Ticks now_, window_;
};

// Text that is equal for cells that count as equal: arrays without their order, reals to ten digits.
std::string Canonical(const Value& value) {
  if (value.is_array()) {
    std::multiset<std::string> elements;
    for (const Value& element : value.AsArray()) elements.insert(Canonical(element));
    return fmt::format("[{}]", fmt::join(elements, ","));
  }
  if (value.kind() == Kind::kReal) return fmt::format("{:.9e}", value.AsReal() == 0 ? 0.0 : value.AsReal());
  return value.is_null() ? "null" : fmt::format("{}:{}", static_cast<int>(value.kind()), ToText(value));
}

std::string Canonical(const std::vector<Value>& row) {
  std::string text;
  for (const Value& cell : row) text += Canonical(cell) + "|";
  return text;
}

using Bag = std::map<std::string, std::int64_t>;

std::string Difference(const Bag& view, const Bag& batch) {
  std::string text;
  for (const auto& [row, count] : batch) {
    const auto at = view.find(row);
    if (at == view.end() || at->second != count) text += fmt::format("\n  batch has {} x {}, view {}", count, row, at == view.end() ? 0 : at->second);
  }
  for (const auto& [row, count] : view) {
    if (!batch.contains(row)) text += fmt::format("\n  view has {} x {}, batch none", count, row);
  }
  return text;
}

class Check {
 public:
  Check(const std::string& query, const Tables& tables, const std::vector<StreamRow>& stream, const CheckOptions& options)
      : text_(query), tables_(tables), stream_(stream), options_(options) {}

  std::string Run() {
    query_ = Compile(text_, tables_);
    if (HasErrors(query_.diagnostics)) return "does not compile: " + Explain(text_, query_.diagnostics.front());
    Diagnostic refused;
    view_ = incremental::View::Create(Compile(text_, tables_), {.window = options_.window}, refused);
    if (view_ == nullptr) return "refused: " + refused.message;
    std::mt19937_64 random(options_.seed);
    if (const std::string found = TickAt(stream_.empty() ? 0 : stream_.front().arrival); !found.empty()) return found;
    for (std::size_t i = 0; i < stream_.size();) {
      if (const std::string found = PassTime(stream_[i].arrival); !found.empty()) return found;
      const std::size_t end = options_.one_by_one ? i + 1 : std::min<std::size_t>(stream_.size(), i + 1 + random() % 5);
      for (; i < end; ++i) Insert(i);
      if (const std::string found = TickAt(stream_[i - 1].arrival); !found.empty()) return found;
    }
    if (const std::string found = PassTime(now_ + 4 * options_.window); !found.empty()) return found;
    return "";
  }

 private:
  void Insert(std::size_t i) {
    for (std::size_t table = 0; table < view_->tables().size(); ++table) {
      if (view_->tables()[table].name == stream_[i].table) view_->Insert(table, stream_[i].cells, i);
    }
    received_ = i + 1;
  }

  // Ticks at every time at which the view says that it may change, and just before and after.
  std::string PassTime(Ticks until) {
    while (options_.one_by_one && view_->NextDue() <= until) {
      const Ticks due = view_->NextDue();
      for (const Ticks time : {due - 1, due, due + 1}) {
        if (time <= now_ || time > until) continue;
        if (const std::string found = TickAt(time); !found.empty()) return found;
      }
      if (due <= now_ && view_->NextDue() == due) return fmt::format("the view does not get past its due time {}", DateTimeToText(due));
    }
    return until > now_ ? TickAt(until) : "";
  }

  std::string TickAt(Ticks now) {
    now_ = now;
    const auto deltas = view_->Tick(now);
    if (!deltas.ok()) return std::string(deltas.status().message());
    for (std::size_t row = 0; row < deltas->rows(); ++row) {
      if (deltas->leaves[row] != incremental::kNever) return "the view emits a row that leaves by itself";
      const std::string text = Canonical(incremental::RowAt(*deltas, row).cells);
      const std::int64_t count = shown_[text] += deltas->weights[row];
      if (count == 0) shown_.erase(text);
    }
    for (const auto& [row, count] : shown_) {
      if (count < 0) return fmt::format("at {}: weight {} of {}", DateTimeToText(now), count, row);
    }
    return Compare();
  }

  std::string Compare() {
    WindowedRows rows(stream_, received_, now_, options_.window);
    const auto batch = ExecuteToTable(query_, rows, {.now = now_});
    if (!batch.ok()) return std::string(batch.status().message());
    Bag expected;
    for (const auto& row : batch->rows) ++expected[Canonical(row)];
    const std::string difference = Difference(shown_, expected);
    return difference.empty() ? "" : fmt::format("at {} after {} rows:{}", DateTimeToText(now_), received_, difference);
  }

  const std::string& text_;
  const Tables& tables_;
  const std::vector<StreamRow>& stream_;
  const CheckOptions options_;
  BoundQuery query_;
  std::unique_ptr<incremental::View> view_;
  Bag shown_;
  std::size_t received_ = 0;
  Ticks now_ = 0;
};

}  // namespace

std::string CheckView(const std::string& query, const Tables& tables, const std::vector<StreamRow>& stream, const CheckOptions& options) {
  return Check(query, tables, stream, options).Run();
}

}  // namespace zoomwatch::kql::testing
