#include "common/kql/batch/executor.h"

#include <fmt/format.h>

#include <map>
#include <unordered_map>
#include <utility>

#include "common/kql/batch/blocks.h"
#include "common/kql/batch/demand.h"
#include "common/kql/batch/operator.h"
#include "common/kql/batch/shared_rows.h"
#include "common/kql/value_set.h"

namespace zoomwatch::kql {
namespace batch {

absl::Status MemoryAccount::Add(std::string_view operator_name, std::int64_t bytes) {
  if (bytes < 0) {
    used_ -= std::min(used_, static_cast<std::uint64_t>(-bytes));
    return absl::OkStatus();
  }
  used_ += static_cast<std::uint64_t>(bytes);
  peak_ = std::max(peak_, used_);
  if (used_ <= limit_) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      fmt::format("{}: the query holds {} bytes, more than max_memory_bytes {}", operator_name, used_, limit_));
}

namespace {

std::string NameOf(const Relation& relation) {
  switch (relation.kind) {
    case RelationKind::kTable: return relation.table;
    case RelationKind::kRows: return relation.schema.empty() ? "print" : "datatable";
    case RelationKind::kRange: return "range";
    case RelationKind::kInput: return "mv-apply rows";
    case RelationKind::kFilter: return "where";
    case RelationKind::kProject: return "project";
    case RelationKind::kAggregate: return "summarize";
    case RelationKind::kJoin: return fmt::format("join kind={}", JoinKindName(relation.join));
    case RelationKind::kUnion: return "union";
    case RelationKind::kSort: return "sort";
    case RelationKind::kTop: return "top";
    case RelationKind::kTake: return "take";
    case RelationKind::kExpand: return "mv-expand";
    case RelationKind::kApply: return "mv-apply";
    case RelationKind::kParse: return "parse";
    case RelationKind::kSerialize: return "serialize";
  }
  return "";
}

class SetMembers final : public Members {
 public:
  bool Contains(const Value& value, bool ignore_case) const override {
    return ignore_case ? set.ContainsText(value) : set.Contains(value);
  }
  ValueSet set;
};

// The rows of an mv-apply that its subquery reads.
class InputOperator final : public Operator {
 public:
  explicit InputOperator(Block rows) : rows_(std::move(rows)) {}
  absl::StatusOr<Block> Next() override { return std::exchange(rows_, Block{}); }

 private:
  Block rows_;
};

class QueryExecution final : public Execution, public SubqueryResults {
 public:
  QueryExecution(const Relation& root, TableSource& tables, const ExecutionOptions& options)
      : options_(options),
        tables_(tables),
        context_(options.now),
        memory_(options.limits.max_memory_bytes),
        demands_(ComputeDemands(root, options.now)) {
    context_.max_value_bytes = 2 * options.limits.max_memory_bytes;
  }

  ExecutionContext& context() override { return context_; }
  SubqueryResults& subqueries() override { return *this; }
  MemoryAccount& memory() override { return memory_; }
  TableSource& tables() override { return tables_; }
  const Demand& demand(const Relation& relation) override { return demands_.at(&relation); }
  void SetInput(const Relation& input, Block rows) override { inputs_[&input] = std::move(rows); }
  void AddScanned(const ScanStatistics& scanned) override {
    statistics_.scanned.rows += scanned.rows;
    statistics_.scanned.bytes += scanned.bytes;
  }

  // A subquery in an expression has no way to return its error; it is kept and ends the execution here.
  absl::Status Check() override {
    if (!failure_.ok()) return failure_;
    return options_.check ? options_.check() : absl::OkStatus();
  }

  OperatorPtr Build(const Relation& relation) override {
    if (!IsShared(relation)) return BuildOwn(relation);
    std::shared_ptr<SharedRows>& shared = shared_[&relation];
    if (shared == nullptr) {
      shared = std::make_shared<SharedRows>(memory_, options_.limits.max_memory_bytes / 4,
                                            [this, &relation] { return BuildOwn(relation); });
    }
    return shared->Reader();
  }

  Value FirstCell(const Relation& relation) override {
    const auto [found, added] = first_cells_.try_emplace(&relation);
    if (!added) return found->second;
    const OperatorPtr reader = Build(relation);
    const absl::StatusOr<Block> block = reader->Next();
    if (!block.ok()) {
      Fail(block.status());
    } else if (block->rows > 0 && !block->columns.empty() && block->columns[0] != nullptr) {
      first_cells_[&relation] = (*block->columns[0])[0];
    }
    return first_cells_[&relation];
  }

  const Members& MembersOf(const Relation& relation) override {
    std::unique_ptr<SetMembers>& members = members_[&relation];
    if (members != nullptr) return *members;
    auto filled = std::make_unique<SetMembers>();
    const OperatorPtr reader = Build(relation);
    std::size_t accounted = 0;
    while (true) {
      const absl::StatusOr<Block> block = reader->Next();
      if (!block.ok()) {
        Fail(block.status());
        break;
      }
      if (block->rows == 0) break;
      for (const Value& value : *block->columns[0]) filled->set.Add(value);
      const std::size_t added = filled->set.memory_bytes() - accounted;
      accounted += added;
      if (absl::Status status = memory_.Add("in", static_cast<std::int64_t>(added)); !status.ok()) {
        Fail(status);
        break;
      }
    }
    return *(members_[&relation] = std::move(filled));
  }

  ExecutionStatistics TakeStatistics() {
    statistics_.peak_memory_bytes = memory_.peak();
    statistics_.warnings = context_.warnings;
    return std::move(statistics_);
  }

 private:
  // Counts rows and time, and asks between blocks whether to go on.
  class CountedOperator final : public Operator {
   public:
    CountedOperator(QueryExecution& execution, std::size_t entry, OperatorPtr counted)
        : execution_(execution), entry_(entry), counted_(std::move(counted)) {}
    absl::StatusOr<Block> Next() override {
      if (absl::Status status = execution_.Check(); !status.ok()) return status;
      absl::StatusOr<Block> block = execution_.Timed(*counted_, entry_);
      if (!execution_.failure_.ok()) return execution_.failure_;
      if (absl::Status status = execution_.CheckValues(); !status.ok()) return status;
      if (block.ok()) execution_.statistics_.operators[entry_].rows_out += block->rows;
      return block;
    }

   private:
    QueryExecution& execution_;
    const std::size_t entry_;
    const OperatorPtr counted_;
  };

  // What operators take while another waits for them is theirs and not its.
  absl::StatusOr<Block> Timed(Operator& timed, std::size_t entry) {
    if (!options_.monotonic) return timed.Next();
    const absl::Duration outer = std::exchange(inner_time_, absl::ZeroDuration());
    const absl::Duration begin = options_.monotonic();
    absl::StatusOr<Block> block = timed.Next();
    const absl::Duration whole = options_.monotonic() - begin;
    statistics_.operators[entry].time += whole - inner_time_;
    inner_time_ = outer + whole;
    return block;
  }

  // Ends an execution whose expressions make values of more bytes than the limits allow, and starts the count for the next block.
  absl::Status CheckValues() {
    if (context_.MadeTooMuch()) {
      return absl::ResourceExhaustedError(fmt::format("expressions: the values of one block take more than twice max_memory_bytes {}",
                                                      options_.limits.max_memory_bytes));
    }
    context_.made_bytes = 0;
    return absl::OkStatus();
  }

  bool IsShared(const Relation& relation) const {
    const Demand& demand = demands_.at(&relation);
    if (demand.below_input || relation.kind == RelationKind::kRows || relation.kind == RelationKind::kRange)
      return false;
    // A table is cheaper to scan again, with what each reader needs of it, than to hold; but not for every row of an
    // mv-apply.
    return demand.applied || (demand.readers > 1 && relation.kind != RelationKind::kTable);
  }

  OperatorPtr BuildOwn(const Relation& relation) {
    OperatorPtr built = MakeOperator(relation);  // first, so that inputs are listed before their readers
    const auto [entry, added] = entries_.try_emplace(&relation, statistics_.operators.size());
    if (added) statistics_.operators.push_back({.name = NameOf(relation), .span = relation.span});
    return std::make_unique<CountedOperator>(*this, entry->second, std::move(built));
  }

  OperatorPtr MakeOperator(const Relation& relation) {
    switch (relation.kind) {
      case RelationKind::kTable: return MakeScan(*this, relation);
      case RelationKind::kRows:
      case RelationKind::kRange: return MakeRows(*this, relation);
      case RelationKind::kInput: return std::make_unique<InputOperator>(inputs_[&relation]);
      case RelationKind::kFilter: return MakeFilter(*this, relation);
      case RelationKind::kProject: return MakeProject(*this, relation);
      case RelationKind::kAggregate: return MakeAggregate(*this, relation);
      case RelationKind::kJoin: return MakeJoin(*this, relation);
      case RelationKind::kUnion: return MakeUnion(*this, relation);
      case RelationKind::kSort:
      case RelationKind::kTop: return MakeSort(*this, relation);
      case RelationKind::kTake: return MakeTake(*this, relation);
      case RelationKind::kExpand: return MakeExpand(*this, relation);
      case RelationKind::kApply: return MakeApply(*this, relation);
      case RelationKind::kParse: return MakeParse(*this, relation);
      case RelationKind::kSerialize: return Build(*relation.inputs[0]);
    }
    return nullptr;
  }

  void Fail(const absl::Status& status) {
    if (failure_.ok()) failure_ = status;
  }

  const ExecutionOptions& options_;
  TableSource& tables_;
  ExecutionContext context_;
  MemoryAccount memory_;
  Demands demands_;
  ExecutionStatistics statistics_;
  absl::Status failure_;
  absl::Duration inner_time_;  // of the operators that the one being timed waited for
  std::unordered_map<const Relation*, std::size_t> entries_;
  std::unordered_map<const Relation*, Block> inputs_;
  std::unordered_map<const Relation*, Value> first_cells_;
  std::unordered_map<const Relation*, std::unique_ptr<SetMembers>> members_;
  std::unordered_map<const Relation*, std::shared_ptr<SharedRows>> shared_;
};

}  // namespace
}  // namespace batch

absl::StatusOr<ExecutionStatistics> Execute(const BoundQuery& query, TableSource& tables,
                                            const ExecutionOptions& options,
                                            const std::function<absl::Status(const Block&)>& emit) {
  batch::QueryExecution execution(*query.root, tables, options);
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  {
    const batch::OperatorPtr root = execution.Build(*query.root);
    while (true) {
      const absl::StatusOr<Block> block = root->Next();
      if (!block.ok()) return block.status();
      if (block->rows == 0) break;
      rows += block->rows;
      bytes += batch::BytesOf(*block);
      if (rows > options.limits.max_result_rows) {
        return absl::ResourceExhaustedError(
            fmt::format("result: more than max_result_rows {}", options.limits.max_result_rows));
      }
      if (bytes > options.limits.max_result_bytes) {
        return absl::ResourceExhaustedError(
            fmt::format("result: {} bytes, more than max_result_bytes {}", bytes, options.limits.max_result_bytes));
      }
      if (absl::Status status = emit(*block); !status.ok()) return status;
    }
  }
  return execution.TakeStatistics();
}

absl::StatusOr<ResultTable> ExecuteToTable(const BoundQuery& query, TableSource& tables,
                                           const ExecutionOptions& options) {
  ResultTable result;
  result.schema = query.root->schema;
  absl::StatusOr<ExecutionStatistics> statistics = Execute(query, tables, options, [&result](const Block& block) {
    for (std::size_t row = 0; row < block.rows; ++row) {
      std::vector<Value>& cells = result.rows.emplace_back();
      for (const CellsPtr& column : block.columns) cells.push_back((*column)[row]);
    }
    return absl::OkStatus();
  });
  if (!statistics.ok()) return statistics.status();
  result.statistics = *std::move(statistics);
  return result;
}

}  // namespace zoomwatch::kql
