#include "common/kql/batch/executor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/kql/json.h"
#include "tests/unit/common/kql/plan_builder.h"

namespace zoomwatch::kql {
namespace {

using plan::Bool;
using plan::Call;
using plan::Datatable;
using plan::Long;
using plan::Operator;
using plan::Project;
using plan::Query;
using plan::Range;
using plan::Sort;
using plan::Take;
using plan::Text;
using plan::Top;
using plan::Where;

// Tables of rows in memory; remembers what it was asked.
class VectorTables final : public TableSource {
 public:
  explicit VectorTables(plan::Rows rows = {}) : rows_(std::move(rows)) {}

  absl::StatusOr<std::unique_ptr<TableReader>> Open(const ScanRequest& request) override {
    requests.push_back(request);
    return std::make_unique<Reader>(*this, request);
  }

  std::vector<ScanRequest> requests;
  std::size_t rows_read = 0;

 private:
  class Reader final : public TableReader {
   public:
    Reader(VectorTables& tables, const ScanRequest& request) : tables_(tables), request_(request) {}
    absl::StatusOr<Block> Next() override {
      const std::size_t rows = std::min(kBlockRows, tables_.rows_.size() - next_);
      Block block{.rows = rows, .columns = std::vector<CellsPtr>(request_.schema.size())};
      for (std::size_t c = 0; c < request_.schema.size(); ++c) {
        if (!request_.needed[c]) continue;
        Cells cells;
        for (std::size_t row = next_; row < next_ + rows; ++row) cells.push_back(tables_.rows_[row][c]);
        block.columns[c] = std::make_shared<const Cells>(std::move(cells));
      }
      next_ += rows;
      tables_.rows_read += rows;
      return block;
    }
    ScanStatistics statistics() const override { return {next_, next_ * 10}; }

   private:
    VectorTables& tables_;
    const ScanRequest request_;
    std::size_t next_ = 0;
  };

  const plan::Rows rows_;
};

std::string Rows(const ResultTable& table) {
  Value::Array rows;
  for (const auto& row : table.rows) rows.push_back(Value::OfArray(row));
  return ToJson(Value::OfArray(std::move(rows)));
}

std::string ResultOf(const RelationPtr& root) {
  VectorTables tables;
  const auto table = ExecuteToTable(Query(root), tables, {});
  return table.ok() ? Rows(*table) : table.status().ToString();
}

absl::Status RunWithin(const RelationPtr& root, const ExecutionLimits& limits) {
  VectorTables tables;
  ExecutionOptions options;
  options.limits = limits;
  return ExecuteToTable(Query(root), tables, options).status();
}

ScalarPtr X(std::size_t column = 0) { return plan::Column(column, Type::kLong); }
RelationPtr Count(const RelationPtr& input) {
  Relation relation = plan::Over(RelationKind::kAggregate, input);
  relation.schema = {{"Count", Type::kLong}};
  relation.aggregates.push_back({.function = FindAggregate("count"), .arguments = {}, .parameters = {}});
  return plan::Made(std::move(relation));
}

const Schema kOneLong = {{"x", Type::kLong}};

TEST(BatchExecutor, RangesIncludeTheirEnds) {
  EXPECT_EQ(ResultOf(Range(Long(1), Long(5), Long(2))), "[[1],[3],[5]]");
  EXPECT_EQ(ResultOf(Range(Long(1), Long(6), Long(2))), "[[1],[3],[5]]");
  EXPECT_EQ(ResultOf(Range(Long(3), Long(1), Long(-1))), "[[3],[2],[1]]");
  EXPECT_EQ(ResultOf(Range(Long(1), Long(5), Long(0))), "[]");
  EXPECT_EQ(ResultOf(Range(Long(5), Long(1), Long(1))), "[]");
  EXPECT_EQ(ResultOf(Range(Long(9223372036854775806), Long(9223372036854775807), Long(1))),
            "[[9223372036854775806],[9223372036854775807]]");
  EXPECT_EQ(ResultOf(Count(Range(Long(1), Long(3000), Long(1)))), "[[3000]]") << "more than two blocks";
}

TEST(BatchExecutor, FilterKeepsOnlyTrue) {
  const RelationPtr rows = Datatable(kOneLong, {{Value::Long(1)}, {Value()}, {Value::Long(2)}});
  EXPECT_EQ(ResultOf(Where(rows, Operator(Op::kNotEqual, Type::kBool, {X(), Long(1)}))), "[[null],[2]]");
  EXPECT_EQ(ResultOf(Where(rows, Operator(Op::kGreater, Type::kBool, {X(), Long(1)}))), "[[2]]");
}

TEST(BatchExecutor, SortIsStableAndPlacesNulls) {
  const Schema schema = {{"k", Type::kReal}, {"n", Type::kLong}};
  const auto real = [](double value, std::int64_t n) { return std::vector<Value>{Value::Real(value), Value::Long(n)}; };
  const RelationPtr rows =
      Datatable(schema, {real(2, 1), real(1, 2), real(2, 3), {Value(), Value::Long(4)}, real(NAN, 5)});
  const auto order = [&](bool ascending, bool nulls_first) {
    const RelationPtr sorted = Sort(rows, {{plan::Column(0, Type::kReal), ascending, nulls_first}});
    return ResultOf(Project(sorted, {{"n", Type::kLong}}, {X(1)}));
  };
  EXPECT_EQ(order(true, true), "[[4],[5],[2],[1],[3]]");
  EXPECT_EQ(order(false, false), "[[1],[3],[2],[5],[4]]");
  EXPECT_EQ(order(true, false), "[[2],[1],[3],[5],[4]]");
}

TEST(BatchExecutor, TopHoldsLittleAndPrefersEarlierRows) {
  const RelationPtr numbers = Range(Long(1), Long(50'000), Long(1));
  const ScalarPtr bucket = Operator(Op::kModulo, Type::kLong, {X(), Long(10)});
  const RelationPtr top = Top(numbers, 3, {{bucket, false, false}});
  VectorTables tables;
  const auto result = ExecuteToTable(Query(top), tables, {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(Rows(*result), "[[9],[19],[29]]");
  EXPECT_LT(result->statistics.peak_memory_bytes, 500'000U) << "of 50000 rows a few thousand are held at a time";
}

TEST(BatchExecutor, TakeDoesNotReadOn) {
  VectorTables tables(plan::Rows(5 * kBlockRows, {Value::Long(1)}));
  const auto result = ExecuteToTable(Query(Take(plan::Table("T", kOneLong), 3)), tables, {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->rows.size(), 3U);
  EXPECT_EQ(tables.rows_read, kBlockRows);
  EXPECT_EQ(result->statistics.scanned.rows, kBlockRows);
  EXPECT_EQ(result->statistics.scanned.bytes, kBlockRows * 10);
  EXPECT_EQ(ResultOf(Take(Range(Long(1), Long(9), Long(1)), 0)), "[]");
  EXPECT_EQ(ResultOf(Take(Range(Long(1), Long(9), Long(1)), -1)), "[]");
}

TEST(BatchExecutor, PrevSeesAcrossBlocks) {
  const RelationPtr numbers = Range(Long(1), Long(2500), Long(1));
  const ScalarPtr step = Operator(Op::kSubtract, Type::kLong, {X(), Call("prev", Type::kLong, {X()})});
  const RelationPtr steps = Project(numbers, kOneLong, {step}, true);
  EXPECT_EQ(ResultOf(Count(Where(steps, Operator(Op::kEqual, Type::kBool, {X(), Long(1)})))), "[[2499]]");
}

TEST(BatchExecutor, UnionFillsMissingColumns) {
  Relation relation;
  relation.kind = RelationKind::kUnion;
  relation.schema = {{"source", Type::kString}, {"x", Type::kLong}, {"s", Type::kString}};
  relation.inputs = {Datatable(kOneLong, {{Value::Long(1)}}),
                     Datatable({{"s", Type::kString}}, {{Value::String("a")}})};
  relation.union_columns = {{std::nullopt, 0, std::nullopt}, {std::nullopt, std::nullopt, 0}};
  relation.source_names = {"first", "second"};
  EXPECT_EQ(ResultOf(plan::Made(std::move(relation))), R"([["first",1,""],["second",null,"a"]])");
}

Relation ExpandOf(const RelationPtr& input) {
  Relation relation = plan::Over(RelationKind::kExpand, input);
  relation.expansions.push_back({plan::Column(1, Type::kDynamic), std::nullopt, 1});
  relation.carried = {0, std::nullopt};
  return relation;
}

RelationPtr Lists(const std::vector<std::string>& texts) {
  plan::Rows rows;
  for (const std::string& text : texts)
    rows.push_back({Value::Long(static_cast<std::int64_t>(rows.size())), *ParseJson(text)});
  return Datatable({{"n", Type::kLong}, {"d", Type::kDynamic}}, std::move(rows));
}

TEST(BatchExecutor, ExpandYieldsARowPerElement) {
  const RelationPtr lists = Lists({"[1,2]", "[]", "null", "{\"a\":1,\"b\":2}", "\"text\""});
  EXPECT_EQ(ResultOf(plan::Made(ExpandOf(lists))), R"([[0,1],[0,2],[2,null],[3,{"a":1}],[3,{"b":2}],[4,"text"]])");
  Relation as_array = ExpandOf(lists);
  as_array.bag_as_array = true;
  as_array.limit = Long(1);
  EXPECT_EQ(ResultOf(plan::Made(std::move(as_array))), R"([[0,1],[2,null],[3,["a",1]],[4,"text"]])");
}

TEST(BatchExecutor, ExpandCastsWithoutReadingTexts) {
  Relation relation = ExpandOf(Lists({"[1,\"2\",3.7,null]"}));
  relation.schema[1].type = Type::kLong;
  relation.expansions[0].to_type = Type::kLong;
  EXPECT_EQ(ResultOf(plan::Made(std::move(relation))), "[[0,1],[0,null],[0,3],[0,null]]");
}

TEST(BatchExecutor, ExpandWalksSeveralListsInParallel) {
  const RelationPtr rows =
      Datatable({{"a", Type::kDynamic}, {"b", Type::kDynamic}}, {{*ParseJson("[1,2]"), *ParseJson("[3]")}});
  Relation relation = plan::Over(RelationKind::kExpand, rows);
  relation.schema.push_back({"i", Type::kLong});
  relation.expansions = {{plan::Column(0, Type::kDynamic), std::nullopt, 0},
                         {plan::Column(1, Type::kDynamic), std::nullopt, 1}};
  relation.carried = {std::nullopt, std::nullopt, std::nullopt};
  relation.item_index = 2;
  EXPECT_EQ(ResultOf(plan::Made(std::move(relation))), "[[1,3,0],[2,null,1]]");
}

TEST(BatchExecutor, ALongListFillsSeveralBlocks) {
  Value::Array many(3000, Value::Long(1));
  const RelationPtr rows =
      Datatable({{"n", Type::kLong}, {"d", Type::kDynamic}}, {{Value::Long(1), Value::OfArray(std::move(many))}});
  EXPECT_EQ(ResultOf(Count(plan::Made(ExpandOf(rows)))), "[[3000]]");
}

TEST(BatchExecutor, ApplyRunsTheSubqueryPerRow) {
  Relation input;
  input.kind = RelationKind::kInput;
  input.schema = {{"n", Type::kLong}, {"e", Type::kLong}};
  const RelationPtr expanded = plan::Made(std::move(input));
  Relation relation = ExpandOf(Lists({"[5,1,3]", "[]", "[7]"}));
  relation.kind = RelationKind::kApply;
  relation.schema = {{"n", Type::kLong}, {"e", Type::kLong}};
  relation.expansions[0].to_type = Type::kLong;
  relation.applied_input = expanded;
  relation.applied = Top(expanded, 2, {{X(1), false, false}});
  relation.join_outputs = {{false, 0}, {true, 1}};
  EXPECT_EQ(ResultOf(plan::Made(std::move(relation))), "[[0,5],[0,3],[2,7]]");
}

RelationPtr Parsing(const std::string& text, ParseMode mode, std::vector<ParseStep> steps, bool where = false) {
  Relation relation = plan::Over(RelationKind::kParse, Datatable({{"t", Type::kString}}, {{Value::String(text)}}));
  relation.schema.clear();
  relation.parsed = plan::Column(0, Type::kString);
  relation.parse_mode = mode;
  relation.parse_where = where;
  for (ParseStep& step : steps) {
    if (step.kind != ParsePart::Kind::kColumn) continue;
    step.output = relation.schema.size();
    relation.schema.push_back({"c" + std::to_string(step.output), step.type});
  }
  relation.carried.resize(relation.schema.size());
  relation.steps = std::move(steps);
  return plan::Made(std::move(relation));
}
ParseStep Star() { return {}; }
ParseStep Literal(std::string text) { return {.kind = ParsePart::Kind::kText, .text = std::move(text)}; }
ParseStep Column(Type type) { return {.kind = ParsePart::Kind::kColumn, .text = {}, .type = type}; }

TEST(BatchExecutor, ParseTakesAsLittleAsItCan) {
  const auto parse = [](const std::string& text, std::vector<ParseStep> steps, ParseMode mode = ParseMode::kSimple,
                        bool where = false) { return ResultOf(Parsing(text, mode, std::move(steps), where)); };
  const std::vector<ParseStep> steps = {Star(), Literal("id="),   Column(Type::kLong),
                                        Star(), Literal("name="), Column(Type::kString)};
  EXPECT_EQ(parse("x id=12, y name=a b", steps), R"([[12,"a b"]])");
  EXPECT_EQ(parse("x id=?, y name=a b", steps), R"([[null,""]])") << "one wrong value makes the row a mismatch";
  EXPECT_EQ(parse("x id=?, y name=a b", steps, ParseMode::kRelaxed), R"([[null,"a b"]])");
  EXPECT_EQ(parse("nothing", steps), R"([[null,""]])");
  EXPECT_EQ(parse("nothing", steps, ParseMode::kSimple, true), "[]");
  EXPECT_EQ(parse("a.b|c\nd", {Column(Type::kString), Literal("|"), Column(Type::kString)}), R"([["a.b","c\nd"]])");
  EXPECT_EQ(parse("zid=1", {Literal("id="), Column(Type::kLong)}), "[[null]]")
      << "without * the pattern starts with the text";
}

TEST(BatchExecutor, ParseByExpressionTakesAsMuchAsItCan) {
  const std::vector<ParseStep> steps = {Star(), Literal("k="), Column(Type::kString), Literal(",(x)?"), Star()};
  EXPECT_EQ(ResultOf(Parsing("k=a,b,c", ParseMode::kRegex, steps)), R"([["a,b"]])");
}

// --- demands and limits ---

const Schema kEvents = {
    {"TimeGenerated", Type::kDateTime}, {"Event", Type::kString}, {"Payload", Type::kDynamic}, {"User", Type::kString}};

TEST(BatchExecutor, AScanIsAskedForWhatIsRead) {
  VectorTables tables({{Value::DateTime(500), Value::String("joined"), Value(), Value::String("ann")},
                       {Value::DateTime(501), Value::String("left"), Value(), Value::String("bob")}});
  const ScalarPtr time = plan::Column(0, Type::kDateTime);
  const ScalarPtr event = plan::Column(1, Type::kString);
  const RelationPtr recent =
      Where(plan::Table("ZoomLogs", kEvents), Operator(Op::kGreaterOrEqual, Type::kBool, {time, plan::Time(500)}));
  const RelationPtr kept = Project(recent, {{"At", Type::kDateTime}, {"Kind", Type::kString}, {"Who", Type::kString}},
                                   {time, event, plan::Column(3, Type::kString)});
  const RelationPtr events = Where(kept, plan::In({plan::Column(1, Type::kString), Text("joined"), Text("invited")}));
  const RelationPtr query = Project(events, {{"Who", Type::kString}}, {plan::Column(2, Type::kString)});
  const auto result = ExecuteToTable(Query(query), tables, {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(Rows(*result), R"([["ann"]])");
  ASSERT_EQ(tables.requests.size(), 1U);
  EXPECT_EQ(tables.requests[0].needed, (std::vector<bool>{true, true, false, true}));
  EXPECT_EQ(tables.requests[0].time_from, 500);
  EXPECT_EQ(tables.requests[0].time_to, std::nullopt);
  EXPECT_EQ(tables.requests[0].events, (std::vector<std::string>{"invited", "joined"}));
}

TEST(BatchExecutor, BoundsStopAtOperatorsThatSeeOtherRows) {
  VectorTables tables;
  const ScalarPtr late = Operator(Op::kGreater, Type::kBool, {plan::Column(0, Type::kDateTime), plan::Time(500)});
  ASSERT_TRUE(ExecuteToTable(Query(Where(Take(plan::Table("ZoomLogs", kEvents), 10), late)), tables, {}).ok());
  EXPECT_EQ(tables.requests[0].time_from, std::nullopt);
}

TEST(BatchExecutor, BoundsOfSeveralReadersAreJoined) {
  VectorTables tables;
  const RelationPtr table = plan::Table("ZoomLogs", kEvents);
  const auto since = [&table](Ticks ticks) {
    return Where(table,
                 Operator(Op::kGreaterOrEqual, Type::kBool, {plan::Column(0, Type::kDateTime), plan::Time(ticks)}));
  };
  ASSERT_TRUE(ExecuteToTable(Query(plan::Union({since(300), since(200)})), tables, {}).ok());
  for (const ScanRequest& request : tables.requests) EXPECT_EQ(request.time_from, 200);
}

TEST(BatchExecutor, ATableReadTwiceIsComputedOnce) {
  VectorTables tables(plan::Rows(10, {Value::Long(1)}));
  const RelationPtr shared = Where(plan::Table("T", kOneLong), Operator(Op::kEqual, Type::kBool, {X(), Long(1)}));
  const auto result = ExecuteToTable(Query(Count(plan::Union({shared, shared}))), tables, {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(Rows(*result), "[[20]]");
  EXPECT_EQ(tables.rows_read, 10U);
}

TEST(BatchExecutor, ATableTooLargeToHoldIsComputedAgain) {
  VectorTables tables(plan::Rows(5 * kBlockRows, {Value::Long(1)}));
  const RelationPtr shared = Where(plan::Table("T", kOneLong), Operator(Op::kEqual, Type::kBool, {X(), Long(1)}));
  ExecutionOptions options;
  options.limits.max_memory_bytes = 4 * 2 * kBlockRows * sizeof(Value);  // room for two blocks
  const auto result = ExecuteToTable(Query(plan::Union({shared, shared})), tables, options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rows.size(), 10 * kBlockRows);
  EXPECT_EQ(tables.rows_read, 10 * kBlockRows);
}

TEST(BatchExecutor, SubqueriesAreComputedOnce) {
  VectorTables tables({{Value::Long(2)}, {Value::Long(3)}});
  const RelationPtr numbers = Range(Long(1), Long(3000), Long(1));
  const RelationPtr members = Where(numbers, plan::InTable(X(), plan::Table("T", kOneLong)));
  EXPECT_EQ(Rows(*ExecuteToTable(Query(members), tables, {})), "[[2],[3]]");
  EXPECT_EQ(tables.requests.size(), 1U);
  const RelationPtr equal =
      Where(numbers, Operator(Op::kEqual, Type::kBool, {X(), plan::ToScalar(plan::Table("T", kOneLong))}));
  EXPECT_EQ(Rows(*ExecuteToTable(Query(equal), tables, {})), "[[2]]");
  EXPECT_EQ(tables.requests.size(), 2U);
}

TEST(BatchExecutor, ToScalarOfNothingIsNull) {
  const RelationPtr nothing = Datatable(kOneLong, {});
  EXPECT_EQ(ResultOf(Project(Datatable({}, {{}}), kOneLong, {plan::ToScalar(nothing)})), "[[null]]");
}

TEST(BatchExecutor, HoldingTooMuchNamesTheOperatorAndTheLimit) {
  const RelationPtr sorted = Sort(Range(Long(1), Long(1'000'000'000'000), Long(1)), {{X(), true, true}});
  ExecutionLimits limits;
  limits.max_memory_bytes = 1 << 20;
  const absl::Status status = RunWithin(sorted, limits);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("sort: "), std::string::npos) << status;
  EXPECT_NE(status.message().find("max_memory_bytes 1048576"), std::string::npos) << status;
}

TEST(BatchExecutor, ASubquerysErrorEndsTheQuery) {
  const RelationPtr sorted = Sort(Range(Long(1), Long(1'000'000'000'000), Long(1)), {{X(), true, true}});
  ExecutionLimits limits;
  limits.max_memory_bytes = 1 << 20;
  const RelationPtr query =
      Where(Range(Long(1), Long(5), Long(1)), Operator(Op::kEqual, Type::kBool, {X(), plan::ToScalar(sorted)}));
  EXPECT_EQ(RunWithin(query, limits).code(), absl::StatusCode::kResourceExhausted);
}

TEST(BatchExecutor, ACrossJoinEndsAtTheResultLimit) {
  Relation join;
  join.kind = RelationKind::kJoin;
  join.join = JoinKind::kInner;
  join.inputs = {Range(Long(1), Long(100'000), Long(1)), Range(Long(1), Long(10'000), Long(1))};
  join.schema = {{"x", Type::kLong}, {"x1", Type::kLong}};
  join.left_keys = {Operator(Op::kMultiply, Type::kLong, {X(), Long(0)})};
  join.right_keys = join.left_keys;
  join.join_outputs = {{false, 0}, {true, 0}};
  const absl::Status status = RunWithin(plan::Made(std::move(join)), {});
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("max_result_rows 500000"), std::string::npos) << status;
}

TEST(BatchExecutor, ResultLimitsHoldAtTheirEdge) {
  const auto rows = [](std::int64_t count) { return Range(Long(1), Long(count), Long(1)); };
  ExecutionLimits limits;
  limits.max_result_rows = 10;
  EXPECT_TRUE(RunWithin(rows(9), limits).ok());
  EXPECT_TRUE(RunWithin(rows(10), limits).ok());
  EXPECT_EQ(RunWithin(rows(11), limits).code(), absl::StatusCode::kResourceExhausted);
  limits.max_result_rows = 1000;
  limits.max_result_bytes = 10 * sizeof(Value);
  EXPECT_TRUE(RunWithin(rows(10), limits).ok());
  EXPECT_EQ(RunWithin(rows(11), limits).code(), absl::StatusCode::kResourceExhausted);
}

TEST(BatchExecutor, CheckEndsAnEndlessQuery) {
  VectorTables tables;
  ExecutionOptions options;
  int asked = 0;
  options.check = [&asked] { return ++asked > 100 ? absl::CancelledError("by the caller") : absl::OkStatus(); };
  const RelationPtr endless = Count(Range(Long(1), Long(9'000'000'000'000'000), Long(1)));
  const auto result = ExecuteToTable(Query(endless), tables, options);
  EXPECT_EQ(result.status(), absl::CancelledError("by the caller"));
  EXPECT_EQ(asked, 101);
}

TEST(BatchExecutor, StatisticsNameTheOperators) {
  VectorTables tables;
  const RelationPtr query =
      Where(Range(Long(1), Long(5), Long(1)), Operator(Op::kGreater, Type::kBool, {X(), Long(3)}));
  const auto result = ExecuteToTable(Query(query), tables, {});
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->statistics.operators.size(), 2U);
  EXPECT_EQ(result->statistics.operators[0].name, "range");
  EXPECT_EQ(result->statistics.operators[0].rows_out, 5U);
  EXPECT_EQ(result->statistics.operators[1].name, "where");
  EXPECT_EQ(result->statistics.operators[1].rows_out, 2U);
  EXPECT_EQ(result->statistics.operators[1].time, absl::ZeroDuration());
}

TEST(BatchExecutor, StatisticsGiveEachOperatorItsOwnTime) {
  VectorTables tables;
  const RelationPtr query =
      Where(Range(Long(1), Long(5), Long(1)), Operator(Op::kGreater, Type::kBool, {X(), Long(3)}));
  absl::Duration now;
  ExecutionOptions options;
  options.monotonic = [&now] { return now += absl::Seconds(1); };
  const auto result = ExecuteToTable(Query(query), tables, options);
  ASSERT_TRUE(result.ok());
  // Each is asked twice, the second time at its end: a second within range, and with it three within where.
  EXPECT_EQ(result->statistics.operators[0].time, absl::Seconds(2));
  EXPECT_EQ(result->statistics.operators[1].time, absl::Seconds(4));
}

}  // namespace
}  // namespace zoomwatch::kql
