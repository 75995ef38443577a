// The rows of a relation that several readers want: computed once and held, so that a `let` table costs what it costs
// once. When they need more than the budget, or the limit is reached, they are given up, and each reader computes them
// for itself. Not thread-safe. The execution outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "common/kql/batch/operator.h"

namespace zoomwatch::kql::batch {

class SharedRows : public std::enable_shared_from_this<SharedRows> {
 public:
  using Factory = std::function<OperatorPtr()>;  // yields the same blocks every time

  SharedRows(MemoryAccount& memory, std::uint64_t budget, Factory factory)
      : memory_(memory), budget_(budget), factory_(std::move(factory)) {}
  ~SharedRows() { Release(); }
  SharedRows(const SharedRows&) = delete;
  SharedRows& operator=(const SharedRows&) = delete;

  OperatorPtr Reader();

 private:
  class ReaderOperator;
  absl::StatusOr<Block> BlockAt(std::size_t position, OperatorPtr& own);
  void Keep(const Block& block);
  void Release();

  MemoryAccount& memory_;
  const std::uint64_t budget_;
  const Factory factory_;
  OperatorPtr source_;
  std::vector<Block> blocks_;   // the last one is without rows once the end is reached
  std::uint64_t accounted_ = 0;
  bool given_up_ = false;
};

}  // namespace zoomwatch::kql::batch
