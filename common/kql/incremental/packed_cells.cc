#include "common/kql/incremental/packed_cells.h"

#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "common/kql/compare.h"

namespace zoomwatch::kql::incremental {

namespace {

// The first byte of a cell. From kText on it is a text of so many bytes more.
enum Tag : unsigned char { kNull, kFalse, kTrue, kLong, kReal, kDateTime, kTimeSpan, kBoxed, kText };
constexpr std::size_t kMaxTextBytes = 64;  // a longer one costs less as a value, should another row have it too

bool IsNumber(unsigned char tag) { return tag >= kLong && tag <= kTimeSpan; }

template <typename T>
T Read(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

const Value& Blank() {
  static const Value& blank = *new Value(Value::String(""));
  return blank;
}

}  // namespace

void CellPacker::Add(const Value& cell) {
  const auto add = [this](Tag tag, auto number) {
    text_.push_back(static_cast<char>(tag));
    text_.append(reinterpret_cast<const char*>(&number), sizeof(number));
  };
  switch (cell.kind()) {
    case Kind::kNull: text_.push_back(kNull); return;
    case Kind::kBool: text_.push_back(cell.AsBool() ? kTrue : kFalse); return;
    case Kind::kLong: return add(kLong, cell.AsLong());
    case Kind::kReal: return add(kReal, cell.AsReal());
    case Kind::kDateTime: return add(kDateTime, cell.AsTicks());
    case Kind::kTimeSpan: return add(kTimeSpan, cell.AsTicks());
    case Kind::kString: {
      const std::string_view text = cell.AsString();
      if (text.size() > kMaxTextBytes) break;
      text_.push_back(static_cast<char>(kText + text.size()));
      text_.append(text);
      return;
    }
    case Kind::kDecimal:
    case Kind::kGuid:
    case Kind::kArray:
    case Kind::kBag: break;
  }
  text_.push_back(kBoxed);
  boxed_.push_back(cell);
}

void CellPacker::MoveTo(void* to) {
  auto* values = static_cast<Value*>(to);
  for (Value& value : boxed_) new (values++) Value(std::move(value));
  if (!text_.empty()) std::memcpy(static_cast<void*>(values), text_.data(), text_.size());
  boxed_.clear();
  text_.clear();
}

CellReader::CellReader(const void* cells, std::size_t boxed, std::size_t text_bytes)
    : boxed_(static_cast<const Value*>(cells)), at_(reinterpret_cast<const char*>(boxed_ + boxed)), end_(at_ + text_bytes) {}

Value CellReader::Next() {
  const char* const cell = at_;
  const auto tag = static_cast<unsigned char>(*cell);
  if (tag == kBoxed) {
    ++at_;
    return *boxed_++;
  }
  Skip();
  switch (tag) {
    case kNull: return Value();
    case kFalse: return Value::Bool(false);
    case kTrue: return Value::Bool(true);
    case kLong: return Value::Long(Read<std::int64_t>(cell + 1));
    case kReal: return Value::Real(Read<double>(cell + 1));
    case kDateTime: return Value::DateTime(Read<Ticks>(cell + 1));
    case kTimeSpan: return Value::TimeSpan(Read<Ticks>(cell + 1));
    case kText: return Blank();
    default: return Value::String({cell + 1, static_cast<std::size_t>(tag - kText)});
  }
}

void CellReader::Skip() {
  const auto tag = static_cast<unsigned char>(*at_++);
  if (tag > kText) {
    at_ += tag - kText;
  } else if (IsNumber(tag)) {
    at_ += sizeof(std::int64_t);
  } else if (tag == kBoxed) {
    ++boxed_;
  }
}

bool CellReader::NextIs(const Value& cell) {
  const auto tag = static_cast<unsigned char>(*at_);
  if (tag < kText) return SameKey(Next(), cell);
  const std::string_view text(at_ + 1, static_cast<std::size_t>(tag - kText));
  at_ += 1 + text.size();
  return cell.is_string() && cell.AsString() == text;
}

std::size_t BoxedBytes(const void* cells, std::size_t boxed) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < boxed; ++i) bytes += static_cast<const Value*>(cells)[i].MemoryBytes() - sizeof(Value);
  return bytes;
}

void DestroyCells(void* cells, std::size_t boxed) {
  for (std::size_t i = 0; i < boxed; ++i) static_cast<Value*>(cells)[i].~Value();
}

}  // namespace zoomwatch::kql::incremental
