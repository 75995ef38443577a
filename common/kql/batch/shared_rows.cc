#include "common/kql/batch/shared_rows.h"

#include <utility>

#include "common/kql/batch/blocks.h"

namespace zoomwatch::kql::batch {

class SharedRows::ReaderOperator final : public Operator {
 public:
  explicit ReaderOperator(std::shared_ptr<SharedRows> shared) : shared_(std::move(shared)) {}

  absl::StatusOr<Block> Next() override {
    absl::StatusOr<Block> block = shared_->BlockAt(position_, own_);
    ++position_;
    return block;
  }

 private:
  const std::shared_ptr<SharedRows> shared_;
  OperatorPtr own_;
  std::size_t position_ = 0;
};

OperatorPtr SharedRows::Reader() { return std::make_unique<ReaderOperator>(shared_from_this()); }

// `own` is the reader's own source, used once the rows are given up; whoever was in front then takes over the common
// one.
absl::StatusOr<Block> SharedRows::BlockAt(std::size_t position, OperatorPtr& own) {
  if (own != nullptr) return own->Next();
  if (given_up_) {
    own = factory_();
    for (std::size_t skipped = 0; skipped < position; ++skipped) {
      absl::StatusOr<Block> block = own->Next();
      if (!block.ok() || block->rows == 0) return block;
    }
    return own->Next();
  }
  if (position < blocks_.size()) return blocks_[position];
  if (source_ == nullptr) source_ = factory_();
  absl::StatusOr<Block> block = source_->Next();
  if (!block.ok()) return block;
  Keep(*block);
  if (given_up_) own = std::move(source_);
  if (!given_up_ && block->rows == 0) source_.reset();
  return block;
}

void SharedRows::Keep(const Block& block) {
  const std::uint64_t bytes = BytesOf(block);
  accounted_ += bytes;
  if (!memory_.Add("let", static_cast<std::int64_t>(bytes)).ok() || accounted_ > budget_) {
    given_up_ = true;
    Release();
    return;
  }
  blocks_.push_back(block);
}

void SharedRows::Release() {
  blocks_.clear();
  memory_.Add("let", -static_cast<std::int64_t>(accounted_)).IgnoreError();
  accounted_ = 0;
}

}  // namespace zoomwatch::kql::batch
