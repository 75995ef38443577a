#include "common/kql/value_set.h"

#include <array>
#include <cmath>
#include <optional>

#include "absl/container/flat_hash_set.h"
#include "common/kql/ascii_case.h"
#include "common/kql/compare.h"
#include "common/kql/convert.h"

namespace zoomwatch::kql {
namespace {

using Keys = absl::flat_hash_set<Value, KeyHash, KeyEqual>;

constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::kBag) + 1;
std::size_t At(Kind kind) { return static_cast<std::size_t>(kind); }

// Numbers are one kind to a text: their keys are equal across kinds.
Kind NumberAsOne(Kind kind) { return kind == Kind::kReal || kind == Kind::kDecimal ? Kind::kLong : kind; }

}  // namespace

struct ValueSet::Index {
  Keys keys;
  std::array<bool, kKinds> kinds{};               // those among the keys
  std::array<std::optional<Keys>, kKinds>
      texts;  // the texts among the keys, read as that kind; made when first asked for
  std::optional<absl::flat_hash_set<std::string>> folded;
};

ValueSet::ValueSet() : index_(std::make_unique<Index>()) {}
ValueSet::~ValueSet() = default;
ValueSet::ValueSet(ValueSet&&) noexcept = default;
ValueSet& ValueSet::operator=(ValueSet&&) noexcept = default;

std::size_t ValueSet::size() const { return index_->keys.size(); }

void ValueSet::Add(const Value& value) {
  if (value.is_null()) {
    has_null_ = true;
    return;
  }
  if (value.kind() == Kind::kReal && std::isnan(value.AsReal())) return;  // equal to nothing
  if (!index_->keys.insert(value).second) return;
  index_->kinds[At(NumberAsOne(value.kind()))] = true;
  memory_bytes_ += value.MemoryBytes() + 2 * sizeof(Value);
}

void ValueSet::AddFlattened(const Value& value) {
  if (!value.is_array()) return Add(value);
  for (const Value& element : value.AsArray()) AddFlattened(element);
}

bool ValueSet::ContainsExactly(const Value& value) const { return index_->keys.contains(value); }

bool ValueSet::Contains(const Value& value) const {
  Index& index = *index_;
  const Kind kind = NumberAsOne(value.kind());
  if (value.is_null() || (value.kind() == Kind::kReal && std::isnan(value.AsReal()))) return false;
  if (index.kinds[At(kind)] && ContainsExactly(value)) return true;
  if (value.is_string()) {
    for (std::size_t other = 0; other < kKinds; ++other) {
      if (!index.kinds[other] || other == At(Kind::kString)) continue;
      const Value read = ReadAs(static_cast<Kind>(other), value);
      if (!read.is_null() && ContainsExactly(read)) return true;
    }
    return false;
  }
  if (kind == Kind::kBool && index.kinds[At(Kind::kLong)] && ContainsExactly(Value::Long(value.AsBool() ? 1 : 0)))
    return true;
  if (kind == Kind::kLong && index.kinds[At(Kind::kBool)]) {
    for (const bool truth : {false, true}) {
      if (SameKey(Value::Long(truth ? 1 : 0), value) && ContainsExactly(Value::Bool(truth))) return true;
    }
  }
  if (!index.kinds[At(Kind::kString)]) return false;
  std::optional<Keys>& texts = index.texts[At(kind)];
  if (!texts) {
    texts.emplace();
    for (const Value& key : index.keys) {
      if (!key.is_string()) continue;
      Value read = ReadAs(value.kind(), key);
      if (!read.is_null()) texts->insert(std::move(read));
    }
  }
  return texts->contains(value);
}

bool ValueSet::ContainsText(const Value& value) const {
  Index& index = *index_;
  if (!index.folded) {
    index.folded.emplace();
    for (const Value& key : index.keys) index.folded->insert(FoldAsciiCase(ToText(key)));
    if (has_null_) index.folded->insert("");
  }
  return index.folded->contains(FoldAsciiCase(ToText(value)));
}

}  // namespace zoomwatch::kql
