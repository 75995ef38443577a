// Cells as nodes keep them for long: one after the other in as few bytes as they need.
//
// A short text, a number and a time are written out, a blank is one byte. A long text, an array and the like stay the values that they
// are, which are shared with whoever else has them ("boxed"). Packed cells are these values and then the bytes; where they are is up to
// the owner, who destroys them. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/kql/value.h"

namespace zoomwatch::kql::incremental {

// Collects the cells of a row; used again and again.
class CellPacker {
 public:
  void Add(const Value& cell);

  std::size_t boxed() const { return boxed_.size(); }
  std::size_t text_bytes() const { return text_.size(); }
  // Bytes that the packed cells take.
  std::size_t size() const { return boxed_.size() * sizeof(Value) + text_.size(); }
  // Moves the cells to so many bytes, which are aligned as a Value; begins anew.
  void MoveTo(void* to);

 private:
  std::vector<Value> boxed_;
  std::string text_;
};

// Reads packed cells in their order. They outlive it.
class CellReader {
 public:
  CellReader(const void* cells, std::size_t boxed, std::size_t text_bytes);

  bool done() const { return at_ == end_; }
  // REQUIRES, for all of these: not done.
  Value Next();
  void Skip();
  bool NextIs(const Value& cell);  // by SameKey()

 private:
  const Value* boxed_;
  const char* at_;
  const char* end_;
};

// What boxed cells keep alive besides themselves.
std::size_t BoxedBytes(const void* cells, std::size_t boxed);
void DestroyCells(void* cells, std::size_t boxed);

}  // namespace zoomwatch::kql::incremental
