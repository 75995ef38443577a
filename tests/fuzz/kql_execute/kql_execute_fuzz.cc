// The bytes of a query -> rows of a small table, in the batch evaluator. Properties:
//   - an execution ends with rows, or with the error of a limit;
//   - every cell is of the kind that its column's type says, and a text is never null;
//   - what operators hold stays within the limit of memory;
//   - the same query gives the same rows and the same warnings.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/json.h"
#include "common/status/check.h"

namespace {

using namespace zoomwatch::kql;

constexpr Ticks kNow = 639'310'752'000'000'000;  // 2026-11-24T00:00:00Z
constexpr int kMaxChecks = 400;                  // the deadline, counted in blocks so that a run can be repeated
constexpr ExecutionLimits kLimits{.max_memory_bytes = 8 << 20, .max_result_rows = 5000, .max_result_bytes = 4 << 20};

// T: a few rows with nulls, doubles and odd texts in columns of every type. Empty: the same columns and no row.
class SmallTables final : public Catalog, public TableSource {
 public:
  std::optional<Schema> FindTable(std::string_view name, const MentionedNames&) const override {
    if (name != "T" && name != "Empty") return std::nullopt;
    return Schema{{"k", Type::kString},    {"n", Type::kLong},        {"i", Type::kInt},  {"r", Type::kReal}, {"m", Type::kDecimal},
                  {"at", Type::kDateTime}, {"span", Type::kTimeSpan}, {"b", Type::kBool}, {"g", Type::kGuid}, {"d", Type::kDynamic}};
  }
  std::vector<std::string> TableNames() const override { return {"Empty", "T"}; }
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }
  absl::StatusOr<std::unique_ptr<TableReader>> Open(const ScanRequest& request) override {
    return std::make_unique<Reader>(request.table == "T");
  }

 private:
  class Reader final : public TableReader {
   public:
    explicit Reader(bool has_rows) : done_(!has_rows) {}
    absl::StatusOr<Block> Next() override { return std::exchange(done_, true) ? Block{} : Rows(); }
    ScanStatistics statistics() const override { return {}; }

   private:
    bool done_;
  };

  static const Block& Rows() {
    static const Block& rows = *new Block(MakeRows());
    return rows;
  }

  static Block MakeRows() {
    const auto text = [](std::string_view value) { return Value::String(value); };
    const auto json = [](std::string_view value) { return *ParseJson(value); };
    const std::vector<Cells> columns = {
        {text("alpha"), text(""), text("Alpha"), text("n\xc3\xa4he 10.0.0.1 a=b; c=\"d\""), text("https://u:p@example.org:8443/a?b=c#d")},
        {Value::Long(1), Value(), Value::Long(-7), Value::Long(INT64_MAX), Value::Long(INT64_MIN)},
        {Value::Long(0), Value::Long(2), Value(), Value::Long(INT32_MAX), Value::Long(INT32_MIN)},
        {Value::Real(0.5), Value::Real(-0.0), Value::Real(std::numeric_limits<double>::quiet_NaN()), Value(),
         Value::Real(std::numeric_limits<double>::infinity())},
        {Value::OfDecimal(Decimal::FromLong(3)), Value(), Value::OfDecimal(Decimal::FromLong(-3)),
         Value::OfDecimal(Decimal::FromLong(INT64_MAX)), Value::OfDecimal(Decimal::FromLong(0))},
        {Value::DateTime(kNow), Value::DateTime(kMinDateTime), Value::DateTime(kMaxDateTime), Value(), Value::DateTime(kNow - 1)},
        {Value::TimeSpan(kTicksPerDay), Value(), Value::TimeSpan(INT64_MIN), Value::TimeSpan(INT64_MAX), Value::TimeSpan(0)},
        {Value::Bool(true), Value::Bool(false), Value(), Value::Bool(true), Value::Bool(false)},
        {Value::OfGuid({}), Value(), Value::OfGuid({.bytes = {1, 2, 3}}), Value(), Value::OfGuid({})},
        {json(R"({"a":{"b":[1,2.5,"x"]},"k":"v"})"), json(R"([1,"2",null,{"a":true}])"), Value(), json(R"("text")"), json("[]")}};
    Block block{.rows = 5, .columns = {}};
    for (const Cells& cells : columns) block.columns.push_back(std::make_shared<const Cells>(cells));
    return block;
  }
};

bool Fits(Type type, const Value& value) {
  if (value.is_null()) return type != Type::kString;
  switch (type) {
    case Type::kBool: return value.kind() == Kind::kBool;
    case Type::kInt: return value.kind() == Kind::kLong && value.AsLong() >= INT32_MIN && value.AsLong() <= INT32_MAX;
    case Type::kLong: return value.kind() == Kind::kLong;
    case Type::kReal: return value.kind() == Kind::kReal;
    case Type::kDecimal: return value.kind() == Kind::kDecimal;
    case Type::kString: return value.is_string();
    case Type::kDateTime:
      return value.kind() == Kind::kDateTime && value.AsTicks() >= kMinDateTime && value.AsTicks() <= kMaxDateTime;
    case Type::kTimeSpan: return value.kind() == Kind::kTimeSpan;
    case Type::kGuid: return value.kind() == Kind::kGuid;
    case Type::kDynamic: return true;
    case Type::kUnknown: return false;
  }
  return false;
}

absl::StatusOr<ResultTable> Run(const BoundQuery& query, SmallTables& tables) {
  int checks = 0;
  return ExecuteToTable(query, tables, {.now = kNow, .limits = kLimits, .check = [&checks] {
                                          return ++checks > kMaxChecks ? absl::DeadlineExceededError("too many blocks")
                                                                       : absl::OkStatus();
                                        }});
}

std::string TextOf(const ResultTable& table) {
  std::string text;
  for (const auto& row : table.rows) {
    AppendJson(Value::OfArray(row), text);
    text += '\n';
  }
  return text;
}

void CheckResult(const ResultTable& table) {
  ZOOMWATCH_CHECK(table.rows.size() <= kLimits.max_result_rows);
  ZOOMWATCH_CHECK(table.statistics.peak_memory_bytes <= kLimits.max_memory_bytes);
  for (const auto& row : table.rows) {
    ZOOMWATCH_CHECK(row.size() == table.schema.size());
    for (std::size_t c = 0; c < row.size(); ++c) ZOOMWATCH_CHECK(Fits(table.schema[c].type, row[c]));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  SmallTables tables;
  const BoundQuery query = Compile(text, tables);
  if (query.root == nullptr) return 0;
  const auto result = Run(query, tables);
  const auto again = Run(query, tables);
  ZOOMWATCH_CHECK(result.status() == again.status());
  if (!result.ok()) {
    ZOOMWATCH_CHECK(absl::IsResourceExhausted(result.status()) || absl::IsDeadlineExceeded(result.status()));
    ZOOMWATCH_CHECK(!result.status().message().empty());
    return 0;
  }
  CheckResult(*result);
  ZOOMWATCH_CHECK(TextOf(*result) == TextOf(*again));
  ZOOMWATCH_CHECK(result->statistics.warnings == again->statistics.warnings);
  return 0;
}
