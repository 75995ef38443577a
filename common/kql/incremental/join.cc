// Joins of all kinds over inputs with retractions, and innerunique's choice of left rows.
//
// Both sides are kept by key. A key with rows on both sides yields their pairs; whether a side's rows are yielded alone (outer, semi,
// anti) depends on whether the other side has the key, so a key that gains its first or loses its last row there re-decides them.
// Bilinear: d(L * R) = dL * R + L * dR, with L updated between.
#include <algorithm>
#include <memory>
#include <new>
#include <unordered_set>
#include <utility>

#include "absl/container/flat_hash_set.h"
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

// The rows of one side with one key, in order of their position. They are few as a rule; one alone takes no memory besides itself.
class Rows {
 public:
  Rows() = default;
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows() {
    if (is_single()) HeldRow::Retake(word_);
    if (is_many()) delete &many();
  }

  bool empty() const { return word_ == 0; }
  // REQUIRES: not empty.
  HeldRow First() const { return is_many() ? many().front().row : Single(); }

  // Adds the weight of that row of the deltas; a row whose weight becomes 0 is dropped. Returns the change in bytes.
  std::int64_t Add(const Deltas& deltas, std::size_t row, RowHolder& holder) {
    const std::int64_t weight = deltas.weights[row];
    if (empty() && weight == 1) {
      HeldRow held = holder.At(deltas, row, false);
      const std::int64_t bytes = BytesOf(held);
      word_ = held.Release();
      return bytes;
    }
    if (is_single() && weight == -1 && IsRow(Single(), deltas, row)) {
      const HeldRow held = HeldRow::Retake(std::exchange(word_, 0));
      return -BytesOf(held);
    }
    std::int64_t bytes = -ListBytes();
    bytes += AddToMany(deltas, row, holder);
    return bytes + ListBytes();
  }

  // Calls `visit` with each row and its weight.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    if (is_single()) return visit(Single(), std::int64_t{1});
    if (!is_many()) return;
    for (const Weighted& weighted : many()) visit(weighted.row, weighted.weight);
  }

 private:
  struct Weighted {
    HeldRow row;
    std::int64_t weight = 0;
  };
  using Many = std::vector<Weighted>;

  static bool IsRow(const HeldRow& held, const Deltas& deltas, std::size_t row) {
    return held.order() == deltas.orders[row] && held.place() == deltas.places[row] && held.id() == deltas.ids[row] &&
           HasCells(held, deltas, row);
  }
  static std::int64_t BytesOf(const HeldRow& held) { return held.counted() ? 0 : static_cast<std::int64_t>(held.bytes()); }

  std::int64_t AddToMany(const Deltas& deltas, std::size_t row, RowHolder& holder) {
    if (!is_many()) {
      auto list = std::make_unique<Many>();
      if (is_single()) list->push_back({HeldRow::Retake(word_), 1});
      word_ = reinterpret_cast<std::uintptr_t>(list.release()) | 1;
    }
    Many& list = many();
    const Position position = deltas.position(row);
    const auto before = [](const Weighted& kept, Position p) { return Position(kept.row.order(), kept.row.place()) < p; };
    auto at = std::lower_bound(list.begin(), list.end(), position, before);
    for (; at != list.end() && Position(at->row.order(), at->row.place()) == position; ++at) {
      if (!IsRow(at->row, deltas, row)) continue;
      at->weight += deltas.weights[row];
      if (at->weight != 0) return 0;
      const std::int64_t bytes = -BytesOf(at->row);
      list.erase(at);
      Shrink();
      return bytes;
    }
    HeldRow held = holder.At(deltas, row, false);
    const std::int64_t bytes = BytesOf(held);
    list.insert(at, {std::move(held), deltas.weights[row]});
    return bytes;
  }

  // A list of none or of one that is there once is none.
  void Shrink() {
    Many& list = many();
    if (list.size() > 1 || (list.size() == 1 && list.front().weight != 1)) return;
    const std::uintptr_t left = list.empty() ? 0 : list.front().row.Release();
    delete &list;
    word_ = left;
  }

  bool is_many() const { return (word_ & 1) != 0; }
  bool is_single() const { return word_ != 0 && !is_many(); }
  Many& many() const { return *reinterpret_cast<Many*>(word_ - 1); }
  HeldRow Single() const {
    HeldRow kept = HeldRow::Retake(word_);
    HeldRow single = kept;
    kept.Release();
    return single;
  }
  std::int64_t ListBytes() const {
    return is_many() ? static_cast<std::int64_t>(sizeof(Many) + many().capacity() * sizeof(Weighted)) : 0;
  }

  std::uintptr_t word_ = 0;  // a HeldRow that is there once; or a list of them, and then 1 more than its address
};

// Keys, each once, with what belongs to them: the rows of one side or of both. A key takes one block of memory.
template <typename Content>
class KeyIndex {
 public:
  class Entry {
   public:
    Content content;

    static Entry* Make(CellPacker& key) {
      void* const memory = ::operator new(sizeof(Entry) + key.size());
      auto* const entry = new (memory) Entry(key);
      key.MoveTo(entry + 1);
      return entry;
    }
    static void Destroy(Entry* entry) {
      DestroyCells(entry + 1, entry->boxed_);
      entry->~Entry();
      ::operator delete(entry);
    }
    CellReader key() const { return {this + 1, boxed_, text_bytes_}; }
    std::size_t bytes() const {
      return AllocatedBytes(sizeof(Entry) + boxed_ * sizeof(Value) + text_bytes_) + BoxedBytes(this + 1, boxed_);
    }

   private:
    explicit Entry(const CellPacker& key)
        : boxed_(static_cast<std::uint32_t>(key.boxed())), text_bytes_(static_cast<std::uint32_t>(key.text_bytes())) {}
    const std::uint32_t boxed_, text_bytes_;
  };

  KeyIndex() = default;
  KeyIndex(const KeyIndex&) = delete;
  KeyIndex& operator=(const KeyIndex&) = delete;
  ~KeyIndex() {
    for (Entry* entry : entries_) Entry::Destroy(entry);
  }

  Entry& At(const RowKey& key) {
    const auto at = entries_.find(key);
    if (at != entries_.end()) return **at;
    for (const Value& cell : key) packer_.Add(cell);
    Entry* const entry = Entry::Make(packer_);
    entry_bytes_ += entry->bytes();
    entries_.insert(entry);
    return *entry;
  }
  void Erase(Entry& entry) {
    entry_bytes_ -= entry.bytes();
    entries_.erase(&entry);
    Entry::Destroy(&entry);
    if (entries_.size() * 8 < entries_.capacity()) entries_.rehash(0);  // it does not shrink by itself
  }
  // Without those of the contents. The set has about two slots for each key.
  std::size_t bytes() const { return entry_bytes_ + entries_.size() * 2 * (sizeof(Entry*) + 1); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const RowKey& key) const { return RowKeyHash()(key); }
    std::size_t operator()(const Entry* entry) const {
      RowKey key;
      for (CellReader cells = entry->key(); !cells.done();) key.push_back(cells.Next());
      return RowKeyHash()(key);
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry* a, const Entry* b) const { return a == b; }  // each key is there once
    bool operator()(const Entry* entry, const RowKey& key) const {
      CellReader cells = entry->key();
      return std::all_of(key.begin(), key.end(), [&cells](const Value& cell) { return cells.NextIs(cell); });
    }
    bool operator()(const RowKey& key, const Entry* entry) const { return (*this)(entry, key); }
  };

  absl::flat_hash_set<Entry*, Hash, Equal> entries_;
  CellPacker packer_;
  std::size_t entry_bytes_ = 0;
};

class JoinNode final : public Node {
 public:
  JoinNode(NodeContext context, JoinShape shape)
      : shape_(std::move(shape)),
        left_keys_(context, shape_.left_keys, shape_.ignore_case),
        right_keys_(context, shape_.right_keys, shape_.ignore_case) {}

  absl::StatusOr<Deltas> Tick(Ticks, const std::vector<Deltas*>& inputs) override {
    DeltaBuilder out(shape_.outputs.size());
    AddSide(*inputs[0], left_keys_, false, out);
    AddSide(*inputs[1], right_keys_, true, out);
    return out.Take();
  }
  std::uint64_t state_bytes() const override { return keys_.bytes() + static_cast<std::uint64_t>(row_bytes_); }

 private:
  struct Sides {
    Rows left, right;
  };

  void AddSide(const Deltas& deltas, KeyReader& keys, bool right, DeltaBuilder& out) {
    keys.Read(deltas);
    for (std::size_t row = 0; row < deltas.rows(); ++row) AddRow(deltas, row, keys.At(row), right, out);
  }

  void AddRow(const Deltas& deltas, std::size_t row, const RowKey& key, bool right, DeltaBuilder& out) {
    const std::int64_t weight = deltas.weights[row];
    if (HasNull(key)) {  // matches nothing, so it needs no state
      if (YieldsAlone(right, false)) out.Add(Alone(RowAt(deltas, row), right), weight);
      return;
    }
    auto& entry = keys_.At(key);
    Rows& own = right ? entry.content.right : entry.content.left;
    const Rows& other = right ? entry.content.left : entry.content.right;

    if (YieldsAlone(right, !other.empty())) out.Add(Alone(RowAt(deltas, row), right), weight);
    if (YieldsPairs() && !other.empty()) {
      const KeptRow added = RowAt(deltas, row);
      other.ForEach([&](const HeldRow& held, std::int64_t times) {
        const KeptRow match = Unpacked(held);
        out.Add(right ? Pair(match, added) : Pair(added, match), weight * times);
      });
    }
    const bool had = !own.empty();
    row_bytes_ += own.Add(deltas, row, holder_);
    if (had != !own.empty()) Redecide(other, !right, had, out);
    if (own.empty() && other.empty()) keys_.Erase(entry);
  }

  // The rows of `side` alone, now that the other side has (no longer has) their key.
  void Redecide(const Rows& side, bool right, bool had, DeltaBuilder& out) {
    const bool before = YieldsAlone(right, had);
    const bool after = YieldsAlone(right, !had);
    if (before == after) return;
    side.ForEach([&](const HeldRow& held, std::int64_t times) { out.Add(Alone(Unpacked(held), right), after ? times : -times); });
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

  const JoinShape shape_;
  KeyReader left_keys_, right_keys_;
  RowHolder holder_;
  KeyIndex<Sides> keys_;
  std::int64_t row_bytes_ = 0;
};

class LeaderNode final : public Node {
 public:
  LeaderNode(NodeContext context, const std::vector<ScalarPtr>& keys) : reader_(context, keys, false) {}

  absl::StatusOr<Deltas> Tick(Ticks, const std::vector<Deltas*>& inputs) override {
    const Deltas& input = *inputs[0];
    columns_ = std::max(columns_, input.block.columns.size());
    DeltaBuilder out(columns_);
    reader_.Read(input);
    // The leaders before this tick, of the keys that it touches: a leader that changes twice within the tick shows once.
    std::vector<std::pair<Key*, HeldRow>> before;
    std::unordered_set<const Key*> known;
    for (std::size_t row = 0; row < input.rows(); ++row) {
      const RowKey key = reader_.At(row);
      if (HasNull(key)) continue;  // an inner join finds nothing for it
      Key& touched = keys_.At(key);
      if (known.insert(&touched).second) before.emplace_back(&touched, touched.content.empty() ? HeldRow() : touched.content.First());
      row_bytes_ += touched.content.Add(input, row, holder_);
    }
    for (const auto& [key, old] : before) {
      const HeldRow leader = key->content.empty() ? HeldRow() : key->content.First();
      if (!Same(old, leader)) {
        if (!old.is_none()) Emit(old, -1, out);
        if (!leader.is_none()) Emit(leader, 1, out);
      }
      if (leader.is_none()) keys_.Erase(*key);
    }
    return out.Take();
  }
  std::uint64_t state_bytes() const override { return keys_.bytes() + static_cast<std::uint64_t>(row_bytes_); }

 private:
  using Key = KeyIndex<Rows>::Entry;

  static bool Same(const HeldRow& a, const HeldRow& b) {
    if (a == b || a.is_none() || b.is_none()) return a == b;
    return a.order() == b.order() && a.id() == b.id() && RowKeyEqual()(Unpacked(a).cells, Unpacked(b).cells);
  }
  // A row that is counted here is counted again by who keeps it: it is another one there.
  static void Emit(const HeldRow& row, std::int64_t weight, DeltaBuilder& out) {
    if (row.counted()) return out.Add(row, kNever, weight);
    out.Add(Unpacked(row), weight);
  }

  KeyReader reader_;
  RowHolder holder_;
  KeyIndex<Rows> keys_;
  std::size_t columns_ = 0;
  std::int64_t row_bytes_ = 0;
};

}  // namespace

NodePtr MakeJoinNode(NodeContext context, JoinShape shape) { return std::make_unique<JoinNode>(context, std::move(shape)); }

NodePtr MakeLeaderNode(NodeContext context, std::vector<ScalarPtr> keys) { return std::make_unique<LeaderNode>(context, keys); }

}  // namespace zoomwatch::kql::incremental
