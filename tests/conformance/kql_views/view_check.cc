#include "tests/conformance/kql_views/view_check.h"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
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

// Text that is equal for cells that count as equal: arrays and bags without their order, reals to ten digits.
std::string Canonical(const Value& value) {
  if (value.is_array()) {
    std::multiset<std::string> elements;
    for (const Value& element : value.AsArray()) elements.insert(Canonical(element));
    return fmt::format("[{}]", fmt::join(elements, ","));
  }
  if (value.is_bag()) {
    std::multiset<std::string> entries;
    for (const auto& [key, element] : value.AsBag().entries()) entries.insert(fmt::format("{}={}", key, Canonical(element)));
    return fmt::format("{{{}}}", fmt::join(entries, ","));
  }
  if (value.kind() == Kind::kReal) {
    // Sums in another order differ in the last digits, also on both sides of half a digit: there few values are when moved a little.
    return fmt::format("{:.9e}", value.AsReal() == 0 ? 0.0 : value.AsReal() * (1 + 3.1e-11));
  }
  return value.is_null() ? "null" : fmt::format("{}:{}", static_cast<int>(value.kind()), ToText(value));
}

std::string Canonical(const std::vector<Value>& row) {
  std::string text;
  for (const Value& cell : row) text += Canonical(cell) + "|";
  return text;
}

// Text that is equal for rows that a view takes for the same.
std::string Exact(std::uint64_t id, const std::vector<Value>& row) {
  std::string text = std::to_string(id);
  for (const Value& cell : row) text += fmt::format("|{}:{}", static_cast<int>(cell.kind()), cell.is_null() ? "" : ToText(cell));
  return text;
}

using Rows = std::map<std::string, std::int64_t>;

std::string Difference(const Rows& view, const Rows& expected, const char* other) {
  std::string text;
  for (const auto& [row, count] : expected) {
    const auto at = view.find(row);
    if (at == view.end() || at->second != count) {
      text += fmt::format("\n  {} has {} x {}, view {}", other, count, row, at == view.end() ? 0 : at->second);
    }
  }
  for (const auto& [row, count] : view) {
    if (!expected.contains(row)) text += fmt::format("\n  view has {} x {}, {} none", count, row, other);
  }
  return text;
}

void AddTo(Rows& rows, const std::string& row, std::int64_t weight) {
  const auto [at, added] = rows.try_emplace(row, 0);
  at->second += weight;
  if (at->second == 0) rows.erase(at);
}

// A view and what it shows, as the sum of its changes.
class Live {
 public:
  // False: `refused` says why.
  bool Create(const BoundQuery& query, Ticks window, std::string& refused) {
    Diagnostic diagnostic;
    view_ = incremental::View::Create(query, {.window = window}, diagnostic);
    if (view_ == nullptr) refused = "refused: " + diagnostic.message;
    return view_ != nullptr;
  }
  void Insert(const StreamRow& row, std::size_t order) {
    for (std::size_t table = 0; table < view_->tables().size(); ++table) {
      if (view_->tables()[table].name == row.table) view_->Insert(table, row.cells, order);
    }
  }
  // What is wrong with the changes in themselves; empty: nothing.
  std::string Tick(Ticks now) {
    const auto deltas = view_->Tick(now);
    if (!deltas.ok()) return std::string(deltas.status().message());
    changes_.clear();
    std::set<std::string> once;
    for (std::size_t row = 0; row < deltas->rows(); ++row) {
      if (deltas->leaves[row] != incremental::kNever) return "the view emits a row that leaves by itself";
      if (deltas->weights[row] == 0) return "the view emits a row of weight 0";
      const std::string text = Canonical(incremental::RowAt(*deltas, row).cells);
      const std::string identified = fmt::format("{:016x} {}", deltas->ids[row], text);
      taken_back_ = taken_back_ || deltas->weights[row] < 0;
      if (!once.insert(Exact(deltas->ids[row], incremental::RowAt(*deltas, row).cells)).second) {
        return fmt::format("at {}: two changes of {} in one tick", DateTimeToText(now), identified);
      }
      AddTo(changes_, identified, deltas->weights[row]);
      AddTo(identified_, identified, deltas->weights[row]);
      AddTo(shown_, text, deltas->weights[row]);
    }
    for (const auto& [row, count] : identified_) {
      if (count < 0) return fmt::format("at {}: weight {} of {}", DateTimeToText(now), count, row);
    }
    return "";
  }

  incremental::View& view() { return *view_; }
  const Rows& shown() const { return shown_; }            // by cells
  const Rows& identified() const { return identified_; }  // by identity and cells
  const Rows& changes() const { return changes_; }        // of the last tick, by identity and cells
  bool taken_back() const { return taken_back_; }

 private:
  std::unique_ptr<incremental::View> view_;
  Rows shown_, identified_, changes_;
  bool taken_back_ = false;
};

void CountScalar(const Scalar& scalar, Coverage& coverage);

void CountAggregates(const Relation& relation, Coverage& coverage) {
  for (const AggregateCall& call : relation.aggregates) ++coverage["aggregate " + call.function->name];
  if (relation.predicate != nullptr) CountScalar(*relation.predicate, coverage);
  for (const ScalarPtr& output : relation.outputs) CountScalar(*output, coverage);
  for (const RelationPtr& input : relation.inputs) CountAggregates(*input, coverage);
  if (relation.applied != nullptr) CountAggregates(*relation.applied, coverage);
}

void CountScalar(const Scalar& scalar, Coverage& coverage) {
  if (scalar.relation != nullptr) CountAggregates(*scalar.relation, coverage);
  for (const ScalarPtr& child : scalar.children) CountScalar(*child, coverage);
}

// The lines of View::Describe(): "  3  join kind=inner <- 1, 2".
void CountSteps(const std::string& description, Coverage& coverage) {
  std::size_t begin = 0;
  for (std::size_t end = description.find('\n'); end != std::string::npos; begin = end + 1, end = description.find('\n', begin)) {
    const std::string line = description.substr(begin, end - begin);
    ++coverage[line.substr(5, line.find(" <- ") - 5)];
  }
}

const std::string kTooLarge = "more rows than a result may have";

class Check {
 public:
  Check(const BoundQuery& query, const BoundQuery& batch_query, const std::vector<StreamRow>& stream, const CheckOptions& options, Coverage* coverage)
      : query_(query), batch_query_(batch_query), stream_(stream), options_(options), coverage_(coverage), random_(options.seed) {}

  std::string Run() {
    std::string found;
    if (!live_.Create(query_, options_.window, found)) return found;
    found = TickAt(stream_.empty() ? 0 : stream_.front().arrival);
    const std::uint64_t empty_bytes = live_.view().state_bytes();
    if (found.empty()) found = Feed();
    if (found.empty()) found = PassTime(now_ + 4 * options_.window);
    if (found == kTooLarge) {
      if (coverage_ != nullptr) ++(*coverage_)["results too large to compare"];
      return "";
    }
    if (found.empty() && live_.view().state_bytes() != empty_bytes) {
      found = fmt::format("{} bytes of state are left of nothing, {} before the first row", live_.view().state_bytes(), empty_bytes);
    }
    if (found.empty() && live_.view().NextDue() != incremental::kNever) found = "something is due though nothing is left";
    if (coverage_ != nullptr) {
      CountSteps(live_.view().Describe(), *coverage_);
      CountAggregates(*query_.root, *coverage_);
      if (live_.taken_back()) ++(*coverage_)["views with rows taken back"];
      if (compared_rows_ > 0) ++(*coverage_)["views with rows"];
    }
    return found;
  }

 private:
  std::string Feed() {
    switch (options_.feed) {
      case Feed::kRowByRow: return FeedGroups(1);
      case Feed::kGroups: anew_at_ = random_() % (stream_.size() + 1); return FeedGroups(5);
      case Feed::kShuffled: return FeedShuffled();
    }
    return "";
  }

  std::string FeedGroups(std::size_t most) {
    for (std::size_t i = 0; i < stream_.size();) {
      if (const std::string found = PassTime(stream_[i].arrival); !found.empty()) return found;
      for (std::size_t end = std::min<std::size_t>(stream_.size(), i + 1 + random_() % most); i < end; ++i) Insert(i, i);
      if (const std::string found = TickAt(stream_[i - 1].arrival); !found.empty()) return found;
      if (options_.feed == Feed::kGroups && anew_ == nullptr && i >= anew_at_) {
        if (const std::string found = BeginAnew(); !found.empty()) return found;
      }
    }
    return "";
  }

  std::string FeedShuffled() {
    std::vector<std::size_t> order(stream_.size());
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random_() % i]);
    for (std::size_t i = 0; i < order.size(); ++i) Insert(order[i], i);
    return stream_.empty() ? "" : TickAt(stream_.back().arrival);
  }

  void Insert(std::size_t i, std::size_t order) {
    live_.Insert(stream_[i], order);
    if (anew_ != nullptr) anew_->Insert(stream_[i], order);
    ++received_;
  }

  // A second view that sees the rows so far at once, as after a restart.
  std::string BeginAnew() {
    anew_ = std::make_unique<Live>();
    std::string found;
    if (!anew_->Create(query_, options_.window, found)) return found;
    for (std::size_t i = 0; i < received_; ++i) anew_->Insert(stream_[i], i);
    found = anew_->Tick(now_);
    if (found.empty()) found = Difference(live_.identified(), anew_->identified(), "a view that begins here");
    return found.empty() ? "" : fmt::format("at {} after {} rows: {}", DateTimeToText(now_), received_, found);
  }

  // Ticks at every time at which the view says that it may change, and just before and after.
  std::string PassTime(Ticks until) {
    incremental::View& view = live_.view();
    while (options_.feed != Feed::kGroups && view.NextDue() <= until) {
      const Ticks due = view.NextDue();
      for (const Ticks time : {due - 1, due, due + 1}) {
        if (time <= now_ || time > until || (options_.feed == Feed::kShuffled && time != due)) continue;
        if (const std::string found = TickAt(time); !found.empty()) return found;
      }
      if (due <= now_ && view.NextDue() == due) return fmt::format("the view does not get past its due time {}", DateTimeToText(due));
    }
    return until > now_ ? TickAt(until) : "";
  }

  std::string TickAt(Ticks now) {
    now_ = now;
    if (const std::string found = live_.Tick(now); !found.empty()) return found;
    if (anew_ != nullptr) {
      std::string found = anew_->Tick(now);
      if (found.empty()) found = Difference(live_.changes(), anew_->changes(), "the change of a view that began later");
      if (!found.empty()) return fmt::format("at {} after {} rows:{}", DateTimeToText(now), received_, found);
    }
    return Compare();
  }

  std::string Compare() {
    WindowedRows rows(stream_, received_, now_, options_.window);
    const auto batch = ExecuteToTable(batch_query_, rows, {.now = now_});
    if (absl::IsResourceExhausted(batch.status())) return kTooLarge;
    if (!batch.ok()) return std::string(batch.status().message());
    Rows expected;
    for (const auto& row : batch->rows) ++expected[Canonical(row)];
    compared_rows_ += expected.size();
    const std::string difference = Difference(live_.shown(), expected, "batch");
    return difference.empty() ? "" : fmt::format("at {} after {} rows:{}", DateTimeToText(now_), received_, difference);
  }

  const BoundQuery& query_;
  const BoundQuery& batch_query_;
  const std::vector<StreamRow>& stream_;
  const CheckOptions& options_;
  Coverage* const coverage_;
  std::mt19937_64 random_;
  Live live_;
  std::unique_ptr<Live> anew_;
  std::size_t anew_at_ = 0;
  std::size_t received_ = 0;
  std::size_t compared_rows_ = 0;
  Ticks now_ = 0;
};

}  // namespace

std::string CheckView(const std::string& query, const Tables& tables, const std::vector<StreamRow>& stream, const CheckOptions& options,
                      Coverage* coverage) {
  const BoundQuery live = Compile(query, tables);
  if (live.root == nullptr) return "does not compile: " + Explain(query, live.diagnostics.front());
  if (options.batch_query.empty()) return CheckView(live, stream, options, coverage);
  const BoundQuery batch = Compile(options.batch_query, tables);
  if (batch.root == nullptr) return "does not compile: " + Explain(options.batch_query, batch.diagnostics.front());
  return Check(live, batch, stream, options, coverage).Run();
}

std::string CheckView(const BoundQuery& query, const std::vector<StreamRow>& stream, const CheckOptions& options, Coverage* coverage) {
  return Check(query, query, stream, options, coverage).Run();
}

std::vector<StreamRow> Shrink(const std::string& query, const Tables& tables, std::vector<StreamRow> stream, const CheckOptions& options) {
  for (std::size_t i = stream.size(); i-- > 0;) {
    std::vector<StreamRow> fewer = stream;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    if (!CheckView(query, tables, fewer, options).empty()) stream = std::move(fewer);
  }
  return stream;
}

}  // namespace zoomwatch::kql::testing
