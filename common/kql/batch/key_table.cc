#include "common/kql/batch/key_table.h"

#include <algorithm>

#include "common/kql/compare.h"

namespace zoomwatch::kql::batch {

namespace {

std::uint64_t HashOfRow(const KeyColumns& columns, std::size_t row) {
  std::uint64_t hash = 0;
  for (const CellsPtr& column : columns) hash = hash * 0x9E3779B97F4A7C15ULL + HashKey((*column)[row]);
  return hash;
}

}  // namespace

std::size_t KeyTable::SlotOf(const KeyColumns& columns, std::size_t row, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  const auto same = [&](std::uint32_t key) {
    if (hashes_[key] != hash) return false;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (!SameKey(keys_[c][key], (*columns[c])[row])) return false;
    }
    return true;
  };
  std::size_t slot = hash & mask;
  while (slots_[slot] != kFree && !same(slots_[slot])) slot = (slot + 1) & mask;
  return slot;
}

std::uint32_t KeyTable::FindOrAdd(const KeyColumns& columns, std::size_t row) {
  const std::uint64_t hash = HashOfRow(columns, row);
  const std::size_t slot = SlotOf(columns, row, hash);
  if (slots_[slot] != kFree) return slots_[slot];
  const auto key = static_cast<std::uint32_t>(hashes_.size());
  slots_[slot] = key;
  hashes_.push_back(hash);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    keys_[c].push_back((*columns[c])[row]);
    cell_bytes_ += keys_[c].back().MemoryBytes();
  }
  if (hashes_.size() * 2 > slots_.size()) Grow();
  return key;
}

std::optional<std::uint32_t> KeyTable::Find(const KeyColumns& columns, std::size_t row) const {
  const std::uint32_t key = slots_[SlotOf(columns, row, HashOfRow(columns, row))];
  if (key == kFree) return std::nullopt;
  return key;
}

void KeyTable::Grow() {
  slots_.assign(slots_.size() * 2, kFree);
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t key = 0; key < hashes_.size(); ++key) {
    std::size_t slot = hashes_[key] & mask;
    while (slots_[slot] != kFree) slot = (slot + 1) & mask;
    slots_[slot] = key;
  }
}

std::uint64_t KeyTable::memory_bytes() const {
  return cell_bytes_ + hashes_.capacity() * sizeof(std::uint64_t) + slots_.capacity() * sizeof(std::uint32_t);
}

bool HasNull(const KeyColumns& columns, std::size_t row) {
  return std::any_of(columns.begin(), columns.end(), [row](const CellsPtr& cells) { return (*cells)[row].is_null(); });
}

}  // namespace zoomwatch::kql::batch
