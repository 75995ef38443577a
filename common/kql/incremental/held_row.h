// A row that nodes keep: one block of memory, however many of them keep it.
//
// Who keeps rows hands them on with its changes (Deltas::held), so that a window and the join behind it hold one row between them. Such a
// row is "counted": its bytes are in the state of the node that made it, and those behind count no more than their reference.
// Not thread-safe: all references are of one view.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/kql/incremental/packed_cells.h"
#include "common/kql/value.h"

namespace zoomwatch::kql::incremental {

class HeldRow {
 public:
  HeldRow() = default;  // none
  // Takes the cells out of the packer.
  HeldRow(std::uint64_t order, std::uint64_t place, std::uint64_t id, bool counted, CellPacker& cells);
  HeldRow(const HeldRow& other) : block_(other.block_) {
    if (block_ != nullptr) ++block_->references;
  }
  HeldRow(HeldRow&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  HeldRow& operator=(HeldRow other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~HeldRow() {
    if (block_ != nullptr && --block_->references == 0) Destroy(block_);
  }

  bool is_none() const { return block_ == nullptr; }
  bool operator==(const HeldRow& other) const { return block_ == other.block_; }  // the very same

  // REQUIRES, for all of these: not none.
  std::uint64_t order() const { return block_->order; }
  std::uint64_t place() const { return block_->has_more ? block_->more()->place : 0; }
  std::uint64_t id() const { return block_->id; }
  bool counted() const { return block_->counted; }
  CellReader cells() const { return {block_->cells(), block_->boxed(), block_->text_bytes}; }
  std::size_t bytes() const;

  // As one word, which keeps the row until it is a HeldRow again.
  std::uintptr_t Release() { return reinterpret_cast<std::uintptr_t>(std::exchange(block_, nullptr)); }
  static HeldRow Retake(std::uintptr_t word) { return HeldRow(reinterpret_cast<Block*>(word)); }

 private:
  // What few rows have.
  struct More {
    std::uint64_t place;
    std::uint64_t boxed;
  };
  // Behind it: More, when it has that, and the cells.
  struct Block {
    std::uint32_t references;
    std::uint32_t text_bytes : 30;
    std::uint32_t has_more : 1;
    std::uint32_t counted : 1;
    std::uint64_t order;
    std::uint64_t id;

    More* more() { return reinterpret_cast<More*>(this + 1); }
    std::size_t boxed() { return has_more ? more()->boxed : 0; }
    void* cells() { return has_more ? static_cast<void*>(more() + 1) : static_cast<void*>(this + 1); }
  };
  explicit HeldRow(Block* block) : block_(block) {}
  static void Destroy(Block* block);

  Block* block_ = nullptr;
};

// What the allocator takes for so many bytes.
constexpr std::size_t AllocatedBytes(std::size_t bytes) { return (bytes + 15) / 16 * 16; }

}  // namespace zoomwatch::kql::incremental
