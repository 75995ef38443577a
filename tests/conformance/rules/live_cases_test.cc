// The cases of every shipped rule, as events arrive: the view has what the batch evaluator finds, after every arrival and at every time
// at which the result may change. Rules that no view can hold are named here, so that one more or one less is noticed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "common/event_table/event_cells.h"
#include "common/kql/binder.h"
#include "common/kql/incremental/view.h"
#include "common/kql/json.h"
#include "common/ruleset/rule_set.h"
#include "tests/conformance/rules/case_runner.h"

namespace zoomwatch::ruleset {
namespace {

using kql::incremental::View;

// The elements of lists in any order: a set has none.
std::string TextOf(const std::vector<kql::Value>& row) {
  std::string text;
  for (const kql::Value& value : row) {
    if (value.is_array()) {
      std::vector<std::string> items;
      for (const kql::Value& item : value.AsArray()) items.push_back(kql::ToJson(item));
      std::sort(items.begin(), items.end());
      for (const std::string& item : items) text += item + ",";
      text += "|";
    } else {
      text += kql::ToJson(value) + "|";
    }
  }
  return text;
}

std::unique_ptr<View> ViewOf(const Rule& rule, const event_table::EventCatalog& catalog, std::string& refused) {
  kql::Diagnostic diagnostic;
  auto view = View::Create(kql::Compile(rule.query.text, catalog),
                           {.window = absl::ToInt64Microseconds(rule.query_period) * kql::kTicksPerMicrosecond}, diagnostic);
  if (view == nullptr) refused = diagnostic.message;
  return view;
}

// The rows of a view, counted.
class Contents {
 public:
  void Apply(const kql::incremental::Deltas& deltas) {
    for (std::size_t i = 0; i < deltas.rows(); ++i) {
      std::vector<kql::Value> row;
      for (const kql::CellsPtr& column : deltas.block.columns) row.push_back((*column)[i]);
      const std::string text = TextOf(row);
      counts_[text] += deltas.weights[i];
      EXPECT_GE(counts_[text], 0) << text;
    }
  }
  std::vector<std::string> Rows() const {
    std::vector<std::string> rows;
    for (const auto& [text, count] : counts_) rows.insert(rows.end(), static_cast<std::size_t>(count), text);
    return rows;
  }

 private:
  std::map<std::string, std::int64_t> counts_;
};

void ExpectViewAsBatch(const Rule& rule, const RuleCase& one, const std::string& where) {
  const CaseRunner batch(rule, one);
  std::string refused;
  const auto view = ViewOf(rule, batch.Catalog(), refused);
  ASSERT_NE(view, nullptr) << where << ": " << refused;
  Contents contents;
  std::size_t next = 0;
  std::uint64_t order = 0;
  for (const kql::Ticks now : batch.Times()) {
    for (; next < batch.events().size() && batch.events()[next].first <= now; ++next) {
      for (std::size_t table = 0; table < view->tables().size(); ++table) {
        event_table::EventCells cells(view->tables()[table].schema, std::vector<bool>(view->tables()[table].schema.size(), true));
        std::vector<kql::Value> row;
        cells.Append(batch.events()[next].second, row);
        view->Insert(table, std::move(row), order++);
      }
    }
    const auto deltas = view->Tick(now);
    ASSERT_TRUE(deltas.ok()) << where << ": " << deltas.status();
    contents.Apply(*deltas);
    std::vector<std::string> expected;
    for (const auto& row : batch.Evaluate(now)) expected.push_back(TextOf(row));
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(contents.Rows(), expected) << where;
  }
}

TEST(RuleCases, GiveTheSameLiveAsInBatch) {
  const char* directory = std::getenv("ZOOMWATCH_SOURCE_DIR");
  const std::string folder = std::string(directory == nullptr ? "." : directory) + "/rules";
  const FolderRuleSource source(folder);
  const event_table::EventCatalog catalog;
  const ReloadResult reload = LoadRuleSet({&source}, BindingChecker(catalog), RuleSet({}));
  std::vector<std::string> refusals;
  for (const auto& loaded : reload.set->rules()) {
    std::string refused;
    if (ViewOf(loaded->rule, catalog, refused) == nullptr) {
      refusals.push_back(loaded->file + ": " + refused);
      continue;
    }
    const std::vector<RuleCase> cases = ReadCases(folder + "/" + loaded->file.substr(0, loaded->file.size() - 5) + ".test.yaml");
    for (const RuleCase& one : cases) ExpectViewAsBatch(loaded->rule, one, loaded->file + ": " + one.name);
  }
  EXPECT_THAT(refusals, ::testing::IsEmpty());  // a rule in it would be evaluated in batch every queryFrequency instead
}

}  // namespace
}  // namespace zoomwatch::ruleset
