// A stored table: asks its reader for the columns that somebody reads and for the rows that the filters above can let
// through.
#include <utility>

#include "common/kql/batch/operator.h"

namespace zoomwatch::kql::batch {
namespace {

ScanRequest RequestFor(const Relation& relation, const Demand& demand) {
  ScanRequest request;
  request.table = relation.table;
  request.schema = relation.schema;
  request.needed = demand.columns;
  for (const auto& [column, bounds] : demand.bounds) {
    if (relation.schema[column].name == "TimeGenerated") {
      request.time_from = bounds.from;
      request.time_to = bounds.to;
    } else if (relation.schema[column].name == "Event" && bounds.texts) {
      request.events.emplace(bounds.texts->begin(), bounds.texts->end());
    }
  }
  return request;
}

class ScanOperator final : public Operator {
 public:
  ScanOperator(Execution& execution, const Relation& relation)
      : execution_(execution), request_(RequestFor(relation, execution.demand(relation))) {}
  ~ScanOperator() override { Finish(); }

  absl::StatusOr<Block> Next() override {
    if (reader_ == nullptr) {
      absl::StatusOr<std::unique_ptr<TableReader>> reader = execution_.tables().Open(request_);
      if (!reader.ok()) return reader.status();
      reader_ = *std::move(reader);
    }
    absl::StatusOr<Block> block = reader_->Next();
    if (!block.ok()) return block;
    block->columns.resize(request_.schema.size());
    return block;
  }

 private:
  void Finish() {
    if (reader_ != nullptr) execution_.AddScanned(reader_->statistics());
    reader_.reset();
  }

  Execution& execution_;
  const ScanRequest request_;
  std::unique_ptr<TableReader> reader_;
};

}  // namespace

OperatorPtr MakeScan(Execution& execution, const Relation& relation) {
  return std::make_unique<ScanOperator>(execution, relation);
}

}  // namespace zoomwatch::kql::batch
