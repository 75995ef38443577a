// Joins of all kinds over inputs with retractions, and innerunique's choice of left rows.
//
// Both sides are kept by key. A key with rows on both sides yields their pairs; whether a side's rows are yielded alone (outer, semi,
// anti) depends on whether the other side has the key, so a key that gains its first or loses its last row there re-decides them.
// Bilinear: d(L * R) = dL * R + L * dR, with L updated between.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "common/kql/ascii_case.h"
#include "common/kql/compare.h"
#include "common/kql/incremental/nodes.h"
#include "common/kql/incremental/row_key.h"

namespace zoomwatch::kql::incremental {

namespace {

Value Folded(const Value& value) {
  if (!value.is_string()) return value;
  return Value::String(FoldAsciiCase(value.AsString()));
}

// Evaluates the keys of a batch of rows.
class KeyReader {
 public:
  KeyReader(NodeContext context, const std::vector<ScalarPtr>& keys, bool ignore_case) : ignore_case_(ignore_case) {
    for (const ScalarPtr& key : keys) keys_.emplace_back(key, context.execution, nullptr);
  }
  void Read(const Deltas& deltas) {
    columns_.clear();
    if (deltas.rows() == 0) return;
    for (ScalarEvaluator& key : keys_) columns_.push_back(key.Evaluate(deltas.block));
  }
  RowKey At(std::size_t row) const {
    RowKey key;
    key.reserve(columns_.size());
    for (const CellsPtr& column : columns_) key.push_back(ignore_case_ ? Folded((*column)[row]) : (*column)[row]);
    return key;
  }

 private:
  const bool ignore_case_;
  std::vector<ScalarEvaluator> keys_;
  std::vector<CellsPtr> columns_;
};

bool HasNull(const RowKey& key) {
  return std::any_of(key.begin(), key.end(), [](const Value& value) { return value.is_null(); });
}

struct Weighted {
  KeptRow row;
  std::int64_t weight = 0;
};

// The rows of one side with one key. Rows are few per key as a rule, so they are searched in order of their position.
class Rows {
 public:
  // Adds the weight to the row; a row whose weight becomes 0 is dropped. Returns the change in bytes.
  std::int64_t Add(const KeptRow& row, std::int64_t weight) {
    auto at = std::lower_bound(rows_.begin(), rows_.end(), row.position(),
                               [](const Weighted& kept, Position position) { return kept.row.position() < position; });
    for (; at != rows_.end() && at->row.position() == row.position(); ++at) {
      if (at->row.id != row.id || !RowKeyEqual()(at->row.cells, row.cells)) continue;
      at->weight += weight;
      if (at->weight != 0) return 0;
      const auto bytes = static_cast<std::int64_t>(RowBytes(at->row));
      rows_.erase(at);
      return -bytes;
    }
    rows_.insert(at, {row, weight});
    return static_cast<std::int64_t>(RowBytes(row));
  }
  const std::vector<Weighted>& rows() const { return rows_; }
  bool empty() const { return rows_.empty(); }

 private:
  std::vector<Weighted> rows_;  // by position
};

class JoinNode final : public Node {
 public:
  JoinNode(NodeContext context, JoinShape shape)
      : shape_(std::move(shape)),
        left_keys_(context, shape_.left_keys, shape_.ignore_case),
        right_keys_(context, shape_.right_keys, shape_.ignore_case) {}

  absl::StatusOr<Deltas> Tick(Ticks, const std::vector<const Deltas*>& inputs) override {
    DeltaBuilder out(shape_.outputs.size());
    AddSide(*inputs[0], left_keys_, false, out);
    AddSide(*inputs[1], right_keys_, true, out);
    return out.Take();
  }
  std::uint64_t state_bytes() const override { return static_cast<std::uint64_t>(bytes_); }

 private:
  struct Entry {
    Rows left, right;
  };

  void AddSide(const Deltas& deltas, KeyReader& keys, bool right, DeltaBuilder& out) {
    keys.Read(deltas);
    for (std::size_t row = 0; row < deltas.rows(); ++row) AddRow(RowAt(deltas, row), deltas.weights[row], keys.At(row), right, out);
  }

  void AddRow(const KeptRow& row, std::int64_t weight, RowKey key, bool right, DeltaBuilder& out) {
    if (HasNull(key)) {  // matches nothing, so it needs no state
      if (YieldsAlone(right, false)) out.Add(Alone(row, right), weight);
      return;
    }
    const auto [at, added] = keys_.try_emplace(std::move(key));
    if (added) bytes_ += kKeyBytes;
    Entry& entry = at->second;
    Rows& own = right ? entry.right : entry.left;
    const Rows& other = right ? entry.left : entry.right;

    if (YieldsAlone(right, !other.empty())) out.Add(Alone(row, right), weight);
    if (YieldsPairs()) {
      for (const Weighted& match : other.rows()) {
        out.Add(right ? Pair(match.row, row) : Pair(row, match.row), weight * match.weight);
      }
    }
    const bool had = !own.empty();
    bytes_ += own.Add(row, weight);
    if (had != !own.empty()) Redecide(other, !right, had, out);
    if (own.empty() && other.empty()) {
      keys_.erase(at);
      bytes_ -= kKeyBytes;
    }
  }

  // The rows of `side` alone, now that the other side has (no longer has) their key.
  void Redecide(const Rows& side, bool right, bool had, DeltaBuilder& out) {
    const bool before = YieldsAlone(right, had);
    const bool after = YieldsAlone(right, !had);
    if (before == after) return;
    for (const Weighted& kept : side.rows()) out.Add(Alone(kept.row, right), after ? kept.weight : -kept.weight);
  }

  bool YieldsPairs() const {
    return shape_.kind == JoinKind::kInner || shape_.kind == JoinKind::kInnerUnique || shape_.kind == JoinKind::kLeftOuter ||
           shape_.kind == JoinKind::kRightOuter || shape_.kind == JoinKind::kFullOuter;
  }

  // Whether a row of that side is yielded without a partner, given whether the other side has its key.
  bool YieldsAlone(bool right, bool other_has) const {
    switch (shape_.kind) {
      case JoinKind::kInner:
      case JoinKind::kInnerUnique: return false;
      case JoinKind::kLeftOuter:
      case JoinKind::kLeftAnti: return !right && !other_has;
      case JoinKind::kRightOuter:
      case JoinKind::kRightAnti: return right && !other_has;
      case JoinKind::kFullOuter: return !other_has;
      case JoinKind::kLeftSemi: return !right && other_has;
      case JoinKind::kRightSemi: return right && other_has;
    }
    return false;
  }

  KeptRow Pair(const KeptRow& left, const KeptRow& right) const {
    KeptRow row{.cells = {}, .order = left.order, .place = left.place, .id = CombineIds(left.id, right.id)};
    row.cells.reserve(shape_.outputs.size());
    for (const JoinOutput& output : shape_.outputs) row.cells.push_back((output.right ? right : left).cells[output.column]);
    return row;
  }

  KeptRow Alone(const KeptRow& own, bool right) const {
    const bool outer = YieldsPairs();
    KeptRow row{.cells = {}, .order = own.order, .place = own.place, .id = outer ? CombineIds(own.id, 0) : own.id};
    for (std::size_t c = 0; c < shape_.outputs.size(); ++c) {
      if (shape_.outputs[c].right == right) {
        row.cells.push_back(own.cells[shape_.outputs[c].column]);
      } else {
        row.cells.push_back(shape_.schema[c].type == Type::kString && !shape_.schema[c].loose ? Value::String("") : Value());
      }
    }
    return row;
  }

  static constexpr std::int64_t kKeyBytes = 160;  // entry, node and bucket of the map
  const JoinShape shape_;
  KeyReader left_keys_, right_keys_;
  std::unordered_map<RowKey, Entry, RowKeyHash, RowKeyEqual> keys_;
  std::int64_t bytes_ = 0;
};

class LeaderNode final : public Node {
 public:
  LeaderNode(NodeContext context, const std::vector<ScalarPtr>& keys) : reader_(context, keys, false) {}

  absl::StatusOr<Deltas> Tick(Ticks, const std::vector<const Deltas*>& inputs) override {
    const Deltas& input = *inputs[0];
    columns_ = std::max(columns_, input.block.columns.size());
    DeltaBuilder out(columns_);
    reader_.Read(input);
    // The leaders before this tick, of the keys that it touches: a leader that changes twice within the tick shows once.
    std::unordered_map<RowKey, std::optional<KeptRow>, RowKeyHash, RowKeyEqual> before;
    for (std::size_t row = 0; row < input.rows(); ++row) {
      RowKey key = reader_.At(row);
      if (HasNull(key)) continue;  // an inner join finds nothing for it
      Rows& rows = keys_[key];
      before.try_emplace(std::move(key), rows.empty() ? std::nullopt : std::optional(rows.rows().front().row));
      bytes_ += rows.Add(RowAt(input, row), input.weights[row]);
    }
    for (auto& [key, old] : before) {
      const auto at = keys_.find(key);
      const bool none = at->second.empty();
      const bool same = old && !none && Same(*old, at->second.rows().front().row);
      if (old && !same) out.Add(*old, -1);
      if (!none && !same) out.Add(at->second.rows().front().row, 1);
      if (none) keys_.erase(at);
    }
    return out.Take();
  }
  std::uint64_t state_bytes() const override { return static_cast<std::uint64_t>(bytes_); }

 private:
  static bool Same(const KeptRow& a, const KeptRow& b) {
    return a.order == b.order && a.id == b.id && RowKeyEqual()(a.cells, b.cells);
  }

  KeyReader reader_;
  std::unordered_map<RowKey, Rows, RowKeyHash, RowKeyEqual> keys_;
  std::size_t columns_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace

NodePtr MakeJoinNode(NodeContext context, JoinShape shape) { return std::make_unique<JoinNode>(context, std::move(shape)); }

NodePtr MakeLeaderNode(NodeContext context, std::vector<ScalarPtr> keys) { return std::make_unique<LeaderNode>(context, keys); }

}  // namespace zoomwatch::kql::incremental
