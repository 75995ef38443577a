// The nodes of views that turn one row into others, by what they emit: rows, weights, identities and their order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/kql/binder.h"
#include "common/kql/convert.h"
#include "common/kql/incremental/view.h"
#include "common/kql/json.h"
#include "fmt/format.h"

namespace zoomwatch::kql::incremental {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr Ticks kStart = 638'000'000'000'000'000;
constexpr Ticks kWindow = 10 * kTicksPerMinute;

class OneTable final : public Catalog {
 public:
  std::optional<Schema> FindTable(std::string_view name, const MentionedNames&) const override {
    if (name != "T") return std::nullopt;
    return Schema{{"TimeGenerated", Type::kDateTime}, {"k", Type::kString}, {"d", Type::kDynamic}};
  }
  std::vector<std::string> TableNames() const override { return {"T"}; }
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }
};

std::string Refusal(const std::string& query) {
  Diagnostic refused;
  const auto view = View::Create(Compile(query, OneTable()), {.window = kWindow}, refused);
  return view == nullptr ? fmt::format("{} {}", refused.code, refused.message) : "";
}

// One query over T, fed row by row.
class ViewRows : public ::testing::Test {
 protected:
  void Open(const std::string& query, std::uint64_t max_state_bytes = 1 << 20) {
    Diagnostic refused;
    BoundQuery bound = Compile(query, OneTable());
    ASSERT_NE(bound.root, nullptr) << bound.diagnostics.front().message;
    view_ = View::Create(std::move(bound), {.window = kWindow, .max_state_bytes = max_state_bytes}, refused);
    ASSERT_NE(view_, nullptr) << refused.message;
  }

  void Insert(std::uint64_t order, const std::string& k, const std::string& json) {
    view_->Insert(0, {Value::DateTime(kStart), Value::String(k), ParseJson(json).value_or(Value())}, order);
  }

  // "+1 a|b" for each row that changed.
  std::vector<std::string> Tick(Ticks after = 0) {
    std::vector<std::string> changes;
    deltas_ = view_->Tick(kStart + after);
    if (!deltas_.ok()) return {std::string(deltas_.status().message())};
    for (std::size_t row = 0; row < deltas_->rows(); ++row) {
      std::string text = fmt::format("{:+}", deltas_->weights[row]);
      for (const Value& cell : RowAt(*deltas_, row).cells) text += (text.size() == 2 ? " " : "|") + ToText(cell);
      changes.push_back(text);
    }
    return changes;
  }

  std::unique_ptr<View> view_;
  absl::StatusOr<Deltas> deltas_ = Deltas{};
};

TEST_F(ViewRows, AnExpandedRowComesAndGoesPerElement) {
  Open("T | mv-expand with_itemindex=i e = d to typeof(string) | project k, i, e");
  Insert(1, "a", R"(["x", "y"])");
  EXPECT_THAT(Tick(), ElementsAre("+1 a|0|x", "+1 a|1|y"));
  EXPECT_THAT(Tick(kWindow - 1), IsEmpty());
  EXPECT_THAT(Tick(kWindow), ElementsAre("-1 a|0|x", "-1 a|1|y"));
  EXPECT_EQ(view_->state_bytes(), 0U);
}

TEST_F(ViewRows, BagsAreUnpackedAndPivotedAsTheyCome) {
  Open("T | project k, d | evaluate bag_unpack(d) : (*, side:string, n:long) | evaluate pivot(side, sum(n)) : (k:string, x:long, y:long)");
  Insert(1, "a", R"({"side": "x", "n": 3})");
  Insert(2, "b", R"({"side": "z", "n": 3})");
  EXPECT_THAT(Tick(), UnorderedElementsAre("+1 a|3|0", "+1 b|0|0"));
  Insert(3, "a", R"({"side": "y", "n": "4"})");
  EXPECT_THAT(Tick(), UnorderedElementsAre("-1 a|3|0", "+1 a|3|4"));
  EXPECT_THAT(Tick(kWindow), UnorderedElementsAre("-1 a|3|4", "-1 b|0|0"));
  EXPECT_EQ(view_->state_bytes(), 0U);
}

TEST_F(ViewRows, NothingIsExpandedFromAnEmptyArrayAndOneRowFromNull) {
  Open("T | mv-expand d | project k, d");
  Insert(1, "empty", "[]");
  Insert(2, "null", "null");
  EXPECT_THAT(Tick(), ElementsAre("+1 null|"));
}

TEST_F(ViewRows, EqualElementsAreRowsOfTheirOwnIdentity) {
  Open("T | mv-expand d | project d");
  Insert(7, "a", "[1, 1]");
  EXPECT_THAT(Tick(), ElementsAre("+1 1", "+1 1"));
  const std::uint64_t event = CombineIds(0, 7);
  EXPECT_THAT(deltas_->ids, ElementsAre(CombineIds(event, 0), CombineIds(event, 1)));
}

TEST_F(ViewRows, TheFirstOfEqualElementsWinsAsInBatch) {
  Open("T | mv-expand d to typeof(string) | summarize arg_max(TimeGenerated, d), p = take_any(d), l = make_list(d) by k | project k, d, p, l");
  Insert(1, "a", R"(["z", "y", "x", "w", "v"])");
  EXPECT_THAT(Tick(), ElementsAre(R"(+1 a|z|z|["z","y","x","w","v"])"));
}

TEST_F(ViewRows, TheRowsOfOneStepAreLimitedBeforeTheyAreMade) {
  const std::string array = "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]";  // 32
  Open("T | mv-expand a = d | mv-expand b = d | mv-expand c = d | mv-expand e = d | count", 1 << 20);
  Insert(1, "a", array);  // 32^4 rows
  Tick();
  EXPECT_EQ(deltas_.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(deltas_.status().message(), "mv-expand: the rows of one step take more than 1048576 bytes");
}

TEST_F(ViewRows, AParsedRowIsItsInputWithOtherColumns) {
  Open("T | parse k with 'user ' name ':' port:long | project k, name, port");
  Insert(1, "user ann:80", "null");
  Insert(2, "user ann:many", "null");
  EXPECT_THAT(Tick(), ElementsAre("+1 user ann:80|ann|80", "+1 user ann:many||"));
  EXPECT_THAT(deltas_->ids, ElementsAre(CombineIds(0, 1), CombineIds(0, 2)));
  EXPECT_THAT(Tick(kWindow), ElementsAre("-1 user ann:80|ann|80", "-1 user ann:many||"));
}

TEST_F(ViewRows, ParseWhereLetsOnlyMatchesThrough) {
  Open("T | parse-where k with 'user ' name ':' port:long | project name, port");
  Insert(1, "nobody", "null");
  EXPECT_THAT(Tick(), IsEmpty());
  Insert(2, "user ann:many", "null");
  Insert(3, "user ben:443", "null");
  EXPECT_THAT(Tick(), ElementsAre("+1 ben|443"));
  EXPECT_THAT(deltas_->ids, ElementsAre(CombineIds(0, 3)));
  EXPECT_THAT(Tick(kWindow), ElementsAre("-1 ben|443"));
}

TEST_F(ViewRows, TakeOfSortedRowsTakesTheFirstInThatOrder) {
  Open("T | sort by k asc | take 1 | project k");
  Insert(1, "b", "null");
  EXPECT_THAT(Tick(), ElementsAre("+1 b"));
  Insert(2, "a", "null");
  EXPECT_THAT(Tick(), ElementsAre("-1 b", "+1 a"));
  Insert(3, "c", "null");
  EXPECT_THAT(Tick(), IsEmpty());
}

TEST_F(ViewRows, TakeAndTopPreferTheFirstElementsOfOneRow) {
  Open("T | mv-expand d to typeof(long) | take 2 | project d");
  Insert(1, "a", "[5, 4, 3, 2, 1]");
  EXPECT_THAT(Tick(), ElementsAre("+1 5", "+1 4"));
  Open("T | mv-expand d to typeof(long) | top 2 by k | project d");
  Insert(1, "a", "[5, 4, 3, 2, 1]");
  EXPECT_THAT(Tick(), ElementsAre("+1 5", "+1 4"));
}

TEST_F(ViewRows, AnAppliedSubquerySeesTheElementsOfOneRow) {
  Open("T | mv-apply d to typeof(long) on (summarize n = count(), s = sum(d)) | project k, n, s");
  Insert(1, "a", "[1, 2, 3]");
  Insert(2, "b", "[4]");
  Insert(3, "none", "[]");
  EXPECT_THAT(Tick(), ElementsAre("+1 a|3|6", "+1 b|1|4"));
  EXPECT_THAT(Tick(kWindow), ElementsAre("-1 a|3|6", "-1 b|1|4"));
  EXPECT_EQ(view_->state_bytes(), 0U);
}

TEST_F(ViewRows, AppliedTopGivesTheFirstOfEachRow) {
  Open("T | mv-apply e = d to typeof(long) on (top 2 by e desc) | project k, e");
  Insert(1, "a", "[1, 5, 3]");
  Insert(2, "b", "[2]");
  EXPECT_THAT(Tick(), ElementsAre("+1 a|5", "+1 a|3", "+1 b|2"));
}

TEST_F(ViewRows, TheRowsOfAppliedSubqueriesAreLimited) {
  Open("T | mv-apply a = d on (mv-expand b = d | mv-expand c = d) | count", 8 << 10);
  Insert(1, "a", "[1, 2, 3, 4, 5, 6, 7]");
  Tick();
  EXPECT_EQ(deltas_.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(ViewRefusals, OfApply) {
  EXPECT_EQ(Refusal("T | mv-apply e = d on (join kind=inner (T | project k) on k)"), "ZW006 an operator of this kind within mv-apply");
  EXPECT_EQ(Refusal("T | mv-apply e = d on (where TimeGenerated > ago(1m))"), "ZW006 a condition on now() or another table within mv-apply");
  EXPECT_EQ(Refusal("T | mv-apply e = d on (where k in ((T | project k)))"), "ZW006 a condition on now() or another table within mv-apply");
  EXPECT_EQ(Refusal("T | mv-apply e = d on (extend n = row_number())"), "ZW006 a function of neighbouring rows");
  EXPECT_EQ(Refusal("T | mv-apply e = pack_array(now(), k) on (take 1)"), "ZW006 now() outside of a condition: the value would change all the time");
}

TEST(ViewRefusals, OfWhatDependsOnSortedRows) {
  EXPECT_EQ(Refusal("T | sort by k asc | project k | take 1"), "ZW006 take of rows that were sorted some steps before");
  EXPECT_EQ(Refusal("T | top 5 by k asc | take 1"), "ZW006 take of rows that were sorted some steps before");
  EXPECT_EQ(Refusal("T | sort by k asc | summarize make_list(k)"), "ZW006 a list in the order of sorted rows");
  EXPECT_EQ(Refusal("T | where k == toscalar(T | sort by k asc | project k)"), "ZW006 toscalar() of the first of sorted rows: use top 1");
  EXPECT_EQ(Refusal("T | where k == toscalar(T | top 1 by k asc | project k)"), "");
  EXPECT_EQ(Refusal("T | sort by k asc | summarize count() by k"), "");
}

TEST(ViewRefusals, OfParse) {
  EXPECT_EQ(Refusal("T | parse tostring(now()) with * ':' rest"), "ZW006 now() outside of a condition: the value would change all the time");
  EXPECT_EQ(Refusal("T | parse strcat(k, toscalar(T | project k)) with * ':' rest"), "ZW006 a subquery within parse");
}

TEST(ViewRefusals, OfExpansions) {
  EXPECT_EQ(Refusal("T | mv-expand d = pack_array(now(), TimeGenerated)"), "ZW006 now() outside of a condition: the value would change all the time");
  EXPECT_EQ(Refusal("T | mv-expand d = pack_array(k, toscalar(T | count))"), "ZW006 a subquery within mv-expand");
  EXPECT_EQ(Refusal("T | mv-expand d limit toscalar(T | count)"), "ZW006 a number of rows that is not constant");
  EXPECT_EQ(Refusal("T | serialize n = row_number()"), "ZW006 a function of neighbouring rows");
  EXPECT_EQ(Refusal("T | serialize n = strlen(k)"), "");
}

}  // namespace
}  // namespace zoomwatch::kql::incremental
