// The inside of the batch evaluator: one pull operator per relation kind. See executor.h for what holds for all of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kql/batch/demand.h"
#include "common/kql/batch/executor.h"
#include "common/kql/block.h"
#include "common/kql/functions/call.h"
#include "common/kql/plan.h"
#include "common/kql/scalar_evaluator.h"

namespace zoomwatch::kql::batch {

// Memory that operators hold, against the limit. A negative amount gives back.
class MemoryAccount {
 public:
  explicit MemoryAccount(std::uint64_t limit) : limit_(limit) {}
  // kResourceExhausted, naming the operator and the limit.
  absl::Status Add(std::string_view operator_name, std::int64_t bytes);
  std::uint64_t peak() const { return peak_; }

 private:
  const std::uint64_t limit_;
  std::uint64_t used_ = 0;
  std::uint64_t peak_ = 0;
};

class Operator {
 public:
  virtual ~Operator() = default;
  // The next rows; a block without rows is the end. After an error or the end it is not called again.
  virtual absl::StatusOr<Block> Next() = 0;
};
using OperatorPtr = std::unique_ptr<Operator>;

// What operators see of their execution. Implemented in executor.cc.
class Execution {
 public:
  virtual ~Execution() = default;
  virtual ExecutionContext& context() = 0;
  virtual SubqueryResults& subqueries() = 0;
  virtual MemoryAccount& memory() = 0;
  virtual TableSource& tables() = 0;
  virtual absl::Status Check() = 0;                        // cancellation, deadline
  virtual OperatorPtr Build(const Relation& relation) = 0;  // a fresh reader of that relation's rows
  virtual const Demand& demand(const Relation& relation) = 0;
  virtual void AddScanned(const ScanStatistics& scanned) = 0;
  // The rows that the next Build() of this kInput yields.
  virtual void SetInput(const Relation& input, Block rows) = 0;

  ScalarEvaluator Evaluator(const ScalarPtr& scalar) { return ScalarEvaluator(scalar, context(), &subqueries()); }
};

// One per relation kind, in the file of its name.
OperatorPtr MakeScan(Execution& execution, const Relation& relation);         // scan.cc
OperatorPtr MakeRows(Execution& execution, const Relation& relation);         // rows.cc: kRows, kRange
OperatorPtr MakeFilter(Execution& execution, const Relation& relation);       // filter.cc
OperatorPtr MakeProject(Execution& execution, const Relation& relation);      // project.cc, also with needs_order
OperatorPtr MakeAggregate(Execution& execution, const Relation& relation);    // aggregate.cc
OperatorPtr MakeJoin(Execution& execution, const Relation& relation);         // join.cc
OperatorPtr MakeUnion(Execution& execution, const Relation& relation);        // union.cc
OperatorPtr MakeSort(Execution& execution, const Relation& relation);         // sort.cc: kSort, kTop
OperatorPtr MakeTake(Execution& execution, const Relation& relation);         // take.cc
OperatorPtr MakeExpand(Execution& execution, const Relation& relation);       // expand.cc: kExpand
OperatorPtr MakeApply(Execution& execution, const Relation& relation);        // expand.cc: kApply
OperatorPtr MakeParse(Execution& execution, const Relation& relation);        // parse.cc

}  // namespace zoomwatch::kql::batch
