#include "common/kql/incremental/held_row.h"

#include <new>

namespace zoomwatch::kql::incremental {

HeldRow::HeldRow(std::uint64_t order, std::uint64_t place, std::uint64_t id, bool counted, CellPacker& cells) {
  const bool has_more = place != 0 || cells.boxed() > 0;
  const std::size_t bytes = sizeof(Block) + (has_more ? sizeof(More) : 0) + cells.size();
  block_ = new (::operator new(bytes)) Block{.references = 1,
                                             .text_bytes = static_cast<std::uint32_t>(cells.text_bytes()) & 0x3FFF'FFFF,
                                             .has_more = has_more,
                                             .counted = counted,
                                             .order = order,
                                             .id = id};
  if (has_more) new (block_->more()) More{.place = place, .boxed = cells.boxed()};
  cells.MoveTo(block_->cells());
}

std::size_t HeldRow::bytes() const {
  const std::size_t fixed = sizeof(Block) + (block_->has_more ? sizeof(More) : 0);
  return AllocatedBytes(fixed + block_->boxed() * sizeof(Value) + block_->text_bytes) + BoxedBytes(block_->cells(), block_->boxed());
}

void HeldRow::Destroy(Block* block) {
  DestroyCells(block->cells(), block->boxed());
  ::operator delete(block);
}

}  // namespace zoomwatch::kql::incremental
