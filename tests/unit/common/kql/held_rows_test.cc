// Rows that live views keep: what they hold, and that they give it back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "common/kql/binder.h"
#include "common/kql/compare.h"
#include "common/kql/incremental/due_queue.h"
#include "common/kql/incremental/node.h"
#include "common/kql/incremental/view.h"
#include "common/kql/json.h"
#include "fmt/format.h"

namespace zoomwatch::kql::incremental {
namespace {

using ::testing::ElementsAre;

std::vector<Value> EveryKind() {
  return {Value(),
          Value::Bool(true),
          Value::Bool(false),
          Value::Long(std::numeric_limits<std::int64_t>::min()),
          Value::Real(-0.0),
          Value::Real(std::numeric_limits<double>::quiet_NaN()),
          Value::DateTime(638'000'000'000'000'000),
          Value::TimeSpan(-1),
          Value::String(""),
          Value::String(std::string(64, 'a')),
          Value::String(std::string(65, 'b')),
          Value::String(std::string("\0\x07\xFF", 3)),
          Value::OfDecimal(Decimal::FromLong(7)),
          Value::OfGuid({.bytes = {1, 2, 3}}),
          *ParseJson(R"({"a": [1, "x"], "b": {}})"),
          *ParseJson("[]")};
}

Deltas OneRow(const std::vector<Value>& cells) {
  DeltaBuilder rows(cells.size());
  rows.Add({.cells = cells, .order = 3, .place = 2, .id = 9}, 1);
  return rows.Take();
}

TEST(HeldRow, GivesEveryKindOfCellBack) {
  const std::vector<Value> cells = EveryKind();
  const Deltas deltas = OneRow(cells);
  RowHolder holder;
  const HeldRow held = holder.At(deltas, 0, false);
  const KeptRow row = Unpacked(held);
  EXPECT_EQ(row.order, 3U);
  EXPECT_EQ(row.place, 2U);
  EXPECT_EQ(row.id, 9U);
  ASSERT_EQ(row.cells.size(), cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    EXPECT_EQ(row.cells[i].kind(), cells[i].kind()) << i;
    EXPECT_TRUE(SameKey(row.cells[i], cells[i])) << i;
  }
  EXPECT_TRUE(std::signbit(row.cells[4].AsReal()));
  EXPECT_TRUE(HasCells(held, deltas, 0));
}

TEST(HeldRow, IsComparedCellByCellAsKeysAre) {
  RowHolder holder;
  const HeldRow held = holder.At(OneRow({Value::Long(1), Value::String("x")}), 0, false);
  EXPECT_TRUE(HasCells(held, OneRow({Value::Real(1), Value::String("x")}), 0));
  EXPECT_FALSE(HasCells(held, OneRow({Value::Long(2), Value::String("x")}), 0));
  EXPECT_FALSE(HasCells(held, OneRow({Value::Long(1), Value::String("y")}), 0));
  EXPECT_FALSE(HasCells(held, OneRow({Value::Long(1), Value()}), 0)) << "null is no text";
  EXPECT_FALSE(HasCells(held, OneRow({Value::Long(1)}), 0));
  EXPECT_FALSE(HasCells(held, OneRow({Value::Long(1), Value::String("x"), Value()}), 0));
}

TEST(HeldRow, BlanksTakeAByteAndLongTextsAreShared) {
  RowHolder holder;
  std::vector<Value> cells(100, Value::String(""));
  EXPECT_LE(holder.At(OneRow(cells), 0, false).bytes(), 160U);
  const Value text = Value::String(std::string(1000, 'x'));
  cells.back() = text;
  const HeldRow held = holder.At(OneRow(cells), 0, false);
  EXPECT_EQ(Unpacked(held).cells.back().AsString().data(), text.AsString().data());
  EXPECT_GT(held.bytes(), 1000U);
}

TEST(DueQueue, GivesWhatCameLateAtItsTime) {
  DueQueue<std::string> queue;
  queue.Push(10, "a");
  queue.Push(20, "b");
  queue.Push(10, "late a");
  queue.Push(20, "c");
  queue.Push(5, "first");
  queue.Push(15, "between");
  EXPECT_EQ(queue.size(), 6U);
  EXPECT_FALSE(queue.IsDue(4));
  std::vector<std::string> popped;
  while (queue.IsDue(20)) popped.push_back(queue.Pop());
  EXPECT_THAT(popped, ElementsAre("first", "a", "late a", "between", "b", "c"));
  EXPECT_EQ(queue.NextDue(), kNever);
  EXPECT_EQ(queue.bytes(), 0U);
}

class Meetings final : public Catalog {
 public:
  std::optional<Schema> FindTable(std::string_view name, const MentionedNames&) const override {
    if (name != "T") return std::nullopt;
    return Schema{{"TimeGenerated", Type::kDateTime}, {"Kind", Type::kString}, {"Key", Type::kString}, {"Text", Type::kString}};
  }
  std::vector<std::string> TableNames() const override { return {"T"}; }
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }
};

TEST(HeldRows, AWindowAndTheJoinBehindItHoldARowOnce) {
  constexpr Ticks kStart = 638'000'000'000'000'000;
  constexpr std::size_t kRows = 2000;
  for (const std::string kind : {"inner", "leftanti", "innerunique"}) {
    Diagnostic refused;
    const auto view = View::Create(Compile("let C = T | where Kind == 'c' | project Key, Scheduled = Text; T | where Kind == 'c' or Kind == 'j' "
                                           "| project Key, Text | join kind=" + kind + " C on Key | where Key == ''", Meetings()),
                                   {.window = kTicksPerHour}, refused);
    ASSERT_NE(view, nullptr) << refused.message;
    ASSERT_TRUE(view->Tick(kStart).ok());
    const std::uint64_t before = view->state_bytes();
    for (std::size_t i = 0; i < kRows; ++i) {
      view->Insert(0, {Value::DateTime(kStart), Value::String("c"), Value::String(fmt::format("{}", 80'000'000'000 + i)), Value::String("Europe/Zurich")}, i);
    }
    ASSERT_TRUE(view->Tick(kStart).ok());
    // The rows of both sides: a block each, in which their cells are, a place in a window, and half a key.
    EXPECT_LE((view->state_bytes() - before) / (2 * kRows), 130U) << kind;
    ASSERT_TRUE(view->Tick(kStart + kTicksPerHour).ok());
    EXPECT_EQ(view->state_bytes(), before) << kind;
  }
}

}  // namespace
}  // namespace zoomwatch::kql::incremental
