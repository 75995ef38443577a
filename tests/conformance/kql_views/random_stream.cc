#include "tests/conformance/kql_views/random_stream.h"

#include <fmt/format.h>

#include "common/kql/convert.h"

namespace zoomwatch::kql::testing {

namespace {

constexpr Ticks kStart = 638'000'000'000'000'000;

class RowMaker {
 public:
  explicit RowMaker(std::mt19937_64& random) : random_(random) {}

  StreamRow Row(Ticks arrival) {
    static const std::vector<std::string> kKeys = {"a", "a", "a", "b", "b", "c", ""};
    StreamRow row{.table = Below(3) == 0 ? "B" : "A", .cells = {}, .arrival = arrival};
    row.cells = {Value::DateTime(arrival - Lateness()), Value::String(kKeys[Below(kKeys.size())]), Value::String(Group()),
                 Below(6) == 0 ? Value() : Value::Long(static_cast<std::int64_t>(Below(5))),
                 Below(6) == 0 ? Value() : Value::Real(static_cast<double>(Below(9)) / 4), Dynamic()};
    return row;
  }
  Ticks Step() {
    constexpr Ticks kSteps[] = {0, 0, 1, kTicksPerSecond, 30 * kTicksPerSecond, kTicksPerMinute, 3 * kTicksPerMinute};
    return kSteps[Below(std::size(kSteps))];
  }
  std::size_t Below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

 private:
  Ticks Lateness() {
    switch (Below(16)) {
      case 0:
      case 1:
      case 2: return static_cast<Ticks>(Below(25)) * kTicksPerMinute;
      case 3: return -static_cast<Ticks>(Below(4)) * kTicksPerMinute;  // the sender's clock is ahead
      default: return 0;
    }
  }
  std::string Group() {
    static const std::vector<std::string> kGroups = {"x", "X", "y", "z w", ""};
    return kGroups[Below(kGroups.size())];
  }
  Value Element() { return Below(2) == 0 ? Value::Long(static_cast<std::int64_t>(Below(3))) : Value::String(Group()); }
  Value Dynamic() {
    if (Below(3) == 0) return Value();
    std::vector<Value> list(Below(4));
    for (Value& item : list) item = Below(4) == 0 ? Value::OfBag(Bag({{"x", Element()}})) : Element();
    return Value::OfBag(Bag({{"x", Element()}, {"l", Value::OfArray(std::move(list))}}));
  }

  std::mt19937_64& random_;
};

}  // namespace

std::vector<StreamRow> RandomStream(std::mt19937_64& random, std::size_t rows) {
  RowMaker maker(random);
  std::vector<StreamRow> stream;
  Ticks arrival = kStart;
  while (stream.size() < rows) {
    arrival += maker.Step();
    if (!stream.empty() && maker.Below(12) == 0) {  // the same row again
      stream.push_back(stream[maker.Below(stream.size())]);
      stream.back().arrival = arrival;
    } else {
      stream.push_back(maker.Row(arrival));
    }
  }
  return stream;
}

std::string ToText(const std::vector<StreamRow>& stream) {
  const auto seconds = [](Ticks ticks) { return static_cast<double>(ticks) / static_cast<double>(kTicksPerSecond); };
  std::string text;
  for (const StreamRow& row : stream) {
    fmt::format_to(std::back_inserter(text), "  {:>9.7g}s late {:>5.7g}s  {}", seconds(row.arrival - stream.front().arrival),
                   seconds(row.arrival - row.cells[0].AsTicks()), row.table);
    for (std::size_t c = 1; c < row.cells.size(); ++c) {
      fmt::format_to(std::back_inserter(text), " {}", row.cells[c].is_null() ? "null" : "'" + ToText(row.cells[c]) + "'");
    }
    text += '\n';
  }
  return text;
}

}  // namespace zoomwatch::kql::testing
