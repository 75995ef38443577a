// join and lookup: holds the right side by key and streams the left one past it. innerunique lets only the first left row of each key
// through; right outer, semi and anti joins remember which right rows met one.
// A null key matches nothing; "" is a key like any other.
#include <algorithm>
#include <utility>

#include "common/kql/batch/key_table.h"
#include "common/kql/batch/operator.h"

namespace zoomwatch::kql::batch {

namespace {

constexpr std::uint32_t kNone = UINT32_MAX;  // no such row

class JoinOperator final : public Operator {
 public:
  JoinOperator(Execution& execution, const Relation& relation)
      : execution_(execution),
        relation_(relation),
        left_(execution.Build(*relation.inputs[0])),
        right_(execution.Build(*relation.inputs[1])),
        right_keys_(relation.right_keys.size()),
        left_seen_(relation.left_keys.size()),
        right_columns_(relation.inputs[1]->schema.size()),
        right_column_read_(right_columns_.size(), true) {
    for (const ScalarPtr& key : relation.left_keys) left_evaluators_.push_back(execution.Evaluator(key));
    for (const ScalarPtr& key : relation.right_keys) right_evaluators_.push_back(execution.Evaluator(key));
  }

  ~JoinOperator() override { execution_.memory().Add(kName, -static_cast<std::int64_t>(accounted_)).IgnoreError(); }

  absl::StatusOr<Block> Next() override {
    if (!built_) {
      if (absl::Status status = BuildRight(); !status.ok()) return status;
    }
    while (!left_ended_) {
      if (absl::Status status = execution_.Check(); !status.ok()) return status;
      if (left_row_ == left_block_.rows) {
        if (absl::Status status = NextLeft(); !status.ok()) return status;
        continue;
      }
      Pairs pairs = MatchLeft();
      if (pairs.left.empty()) continue;
      return Gather(pairs);
    }
    return EmitRight();
  }

 private:
  static constexpr std::string_view kName = "join";

  // Rows of the result by the rows that they are made of; kNone is a side that is missing.
  struct Pairs {
    std::vector<std::uint32_t> left, right;
    void Add(std::uint32_t left_row, std::uint32_t right_row) {
      left.push_back(left_row);
      right.push_back(right_row);
    }
  };

  absl::Status BuildRight() {
    built_ = true;
    while (true) {
      absl::StatusOr<Block> block = right_->Next();
      if (!block.ok()) return block.status();
      if (block->rows == 0) break;
      if (absl::Status status = execution_.Check(); !status.ok()) return status;
      AddRight(*block);
      if (absl::Status status = Account(); !status.ok()) return status;
    }
    right_.reset();
    right_matched_.resize(right_rows_, false);
    return absl::OkStatus();
  }

  void AddRight(const Block& block) {
    KeyColumns keys;
    for (ScalarEvaluator& evaluator : right_evaluators_) keys.push_back(evaluator.Evaluate(block));
    for (std::size_t row = 0; row < block.rows; ++row) {
      const auto position = static_cast<std::uint32_t>(right_rows_++);
      next_with_key_.push_back(kNone);
      if (HasNull(keys, row)) continue;
      const std::uint32_t key = right_keys_.FindOrAdd(keys, row);
      if (key == first_with_key_.size()) {
        first_with_key_.push_back(position);
        last_with_key_.push_back(position);
      } else {
        next_with_key_[last_with_key_[key]] = position;
        last_with_key_[key] = position;
      }
    }
    for (std::size_t c = 0; c < right_columns_.size(); ++c) {
      if (block.columns[c] == nullptr) {
        right_column_read_[c] = false;
        continue;
      }
      for (const Value& value : *block.columns[c]) {
        right_columns_[c].push_back(value);
        right_bytes_ += value.MemoryBytes();
      }
    }
  }

  absl::Status NextLeft() {
    absl::StatusOr<Block> block = left_->Next();
    if (!block.ok()) return block.status();
    left_block_ = *std::move(block);
    left_ended_ = left_block_.rows == 0;
    left_row_ = 0;
    left_match_ = kNone;
    left_keys_.clear();
    if (left_ended_) return absl::OkStatus();
    for (ScalarEvaluator& evaluator : left_evaluators_) left_keys_.push_back(evaluator.Evaluate(left_block_));
    return Account();
  }

  std::uint32_t FirstMatch(std::size_t row) const {
    if (HasNull(left_keys_, row)) return kNone;
    const auto key = right_keys_.Find(left_keys_, row);
    return key ? first_with_key_[*key] : kNone;
  }

  // Matches left rows until a block's worth of result rows is there or the left block ends. A left row with many matches is
  // continued at left_match_ by the next call.
  Pairs MatchLeft() {
    Pairs pairs;
    for (; left_row_ < left_block_.rows && pairs.left.size() < kBlockRows; ++left_row_, left_match_ = kNone) {
      const bool continued = left_match_ != kNone;
      if (!continued) left_match_ = FirstMatch(left_row_);
      const auto left = static_cast<std::uint32_t>(left_row_);
      if (left_match_ == kNone) {
        if (KeepsUnmatchedLeft()) pairs.Add(left, kNone);
        continue;
      }
      if (!continued && !PairsMatches(left, pairs)) continue;
      while (left_match_ != kNone && pairs.left.size() < kBlockRows) {
        pairs.Add(left, left_match_);
        right_matched_[left_match_] = true;
        left_match_ = next_with_key_[left_match_];
      }
      if (left_match_ != kNone) break;  // more of this row in the next call
    }
    return pairs;
  }

  // A left row that has matches, seen for the first time. False: it needs no pairing (or has had what it gives).
  bool PairsMatches(std::uint32_t left, Pairs& pairs) {
    switch (relation_.join) {
      case JoinKind::kInner:
      case JoinKind::kLeftOuter:
      case JoinKind::kRightOuter:
      case JoinKind::kFullOuter: return true;
      case JoinKind::kInnerUnique: {
        const std::size_t before = left_seen_.size();
        return left_seen_.FindOrAdd(left_keys_, left) == before;
      }
      case JoinKind::kLeftSemi: pairs.Add(left, kNone); return false;
      case JoinKind::kLeftAnti: return false;
      case JoinKind::kRightSemi:
      case JoinKind::kRightAnti:
        for (std::uint32_t right = left_match_; right != kNone && !right_matched_[right]; right = next_with_key_[right]) {
          right_matched_[right] = true;
        }
        return false;
    }
    return false;
  }

  bool KeepsUnmatchedLeft() const {
    return relation_.join == JoinKind::kLeftOuter || relation_.join == JoinKind::kFullOuter || relation_.join == JoinKind::kLeftAnti;
  }

  // After the left side: the right rows that a join keeps because they did, or did not, meet a left one.
  absl::StatusOr<Block> EmitRight() {
    Pairs pairs;
    const bool unmatched = relation_.join == JoinKind::kRightOuter || relation_.join == JoinKind::kFullOuter ||
                           relation_.join == JoinKind::kRightAnti;
    if (!unmatched && relation_.join != JoinKind::kRightSemi) return Block();
    for (; right_row_ < right_rows_ && pairs.right.size() < kBlockRows; ++right_row_) {
      if (right_matched_[right_row_] != unmatched) pairs.Add(kNone, static_cast<std::uint32_t>(right_row_));
    }
    return pairs.right.empty() ? Block() : Gather(pairs);
  }

  Block Gather(const Pairs& pairs) const {
    Block block{.rows = pairs.left.size(), .columns = {}};
    for (std::size_t c = 0; c < relation_.join_outputs.size(); ++c) {
      const JoinOutput& output = relation_.join_outputs[c];
      const Cells* source = output.right ? (right_column_read_[output.column] ? &right_columns_[output.column] : nullptr)
                                         : LeftCells(output.column);
      if (source == nullptr) {
        block.columns.push_back(nullptr);
        continue;
      }
      const Column& declared = relation_.schema[c];
      const Value missing = declared.type == Type::kString && !declared.loose ? Value::String("") : Value();
      auto cells = std::make_shared<Cells>();
      cells->reserve(block.rows);
      for (const std::uint32_t row : output.right ? pairs.right : pairs.left) {
        cells->push_back(row == kNone ? missing : (*source)[row]);
      }
      block.columns.push_back(std::move(cells));
    }
    return block;
  }

  // Null when nothing reads the column. After the left side has ended its cells are all missing.
  const Cells* LeftCells(std::size_t column) const {
    static const Cells kNoCells;
    if (left_ended_) return &kNoCells;
    return left_block_.columns[column].get();
  }

  absl::Status Account() {
    const std::uint64_t bytes = right_bytes_ + right_keys_.memory_bytes() + left_seen_.memory_bytes() +
                                (next_with_key_.capacity() + first_with_key_.capacity() * 2) * sizeof(std::uint32_t);
    const auto change = static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(accounted_);
    accounted_ = bytes;
    return execution_.memory().Add(kName, change);
  }

  Execution& execution_;
  const Relation& relation_;
  OperatorPtr left_, right_;
  std::vector<ScalarEvaluator> left_evaluators_, right_evaluators_;

  // The right side: rows in columns, chained by key in their order.
  KeyTable right_keys_;
  KeyTable left_seen_;  // of innerunique
  std::vector<Cells> right_columns_;
  std::vector<bool> right_column_read_;
  std::size_t right_rows_ = 0;
  std::vector<std::uint32_t> next_with_key_;                    // per right row
  std::vector<std::uint32_t> first_with_key_, last_with_key_;  // per key
  std::vector<bool> right_matched_;                             // per right row

  Block left_block_;
  KeyColumns left_keys_;
  std::size_t left_row_ = 0;
  std::uint32_t left_match_ = kNone;  // where the current left row goes on
  std::size_t right_row_ = 0;
  std::uint64_t right_bytes_ = 0;
  std::uint64_t accounted_ = 0;
  bool built_ = false;
  bool left_ended_ = false;
};

}  // namespace

OperatorPtr MakeJoin(Execution& execution, const Relation& relation) {
  return std::make_unique<JoinOperator>(execution, relation);
}

}  // namespace zoomwatch::kql::batch
