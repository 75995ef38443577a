// Functions that see more than their arguments: the schema, neighbouring rows, the query's clock. The binder and the
// evaluator treat them by their special form; the rows here give them their signatures and naming.
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {

void RegisterRowFunctions(FunctionRegistry& registry) {
  const auto add = [&registry](std::string name, SpecialForm form, std::vector<Overload> overloads,
                               Naming naming = Naming::kNone, std::string prefix = {}) {
    registry.Add({.name = std::move(name),
                  .naming = naming,
                  .prefix = std::move(prefix),
                  .overloads = std::move(overloads),
                  .nulls = NullRule::kSeesNulls,
                  .constant_foldable = form == SpecialForm::kNow,
                  .special = form});
  };
  registry.Add({.name = "column_ifexists",
                .aliases = {"columnifexists"},
                .naming = Naming::kColumnIfExists,
                .overloads = {{"string const, scalar", "arg1", nullptr}},
                .nulls = NullRule::kSeesNulls,
                .constant_foldable = false,
                .special = SpecialForm::kColumnIfExists});
  add("now", SpecialForm::kNow, {{"timespan?", "datetime", nullptr}});
  add("ingestion_time", SpecialForm::kIngestionTime, {{"", "datetime", nullptr}}, Naming::kFixed, "$IngestionTime");
  add("pack_all", SpecialForm::kPackAll, {{"scalar? literal", "bag", nullptr}});
  add("bag_pack_columns", SpecialForm::kBagPackColumns, {{"scalar+ column", "bag", nullptr}});
  add("prev", SpecialForm::kPrev, {{"scalar column, long?, scalar? const", "arg0", nullptr}});
  add("next", SpecialForm::kNext, {{"scalar column, long?, scalar? const", "arg0", nullptr}});
  add("row_number", SpecialForm::kRowNumber, {{"long?, bool?", "long", nullptr}});
  add("row_cumsum", SpecialForm::kRowCumSum, {{"number, bool?", "arg0", nullptr}});
}

}  // namespace zoomwatch::kql
