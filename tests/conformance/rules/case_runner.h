// Runs a case of a rule with the batch evaluator: the query over what had arrived by then, at every time at which its result may
// change. An alert is a row identity that the result did not have the time before. This is what a live evaluation must agree with; it
// is slow and shares nothing with one but the binder and the expressions.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/event_table/event_catalog.h"
#include "common/kql/plan.h"
#include "common/kql/types.h"
#include "common/kql/value.h"
#include "common/ruleset/case_file.h"
#include "common/ruleset/rule.h"
#include "zoomwatch/event/v1/event.pb.h"

namespace zoomwatch::ruleset {

using Row = std::map<std::string, kql::Value>;

struct SeenAlert {
  kql::Ticks at = 0;
  Row row;    // as it appeared
  Row later;  // at the time of the last step
};

class CaseRunner {
 public:
  CaseRunner(const Rule& rule, const RuleCase& one);

  std::vector<SeenAlert> Run();

  // Of what Run() is made. An event with the time of its arrival; repeated deliveries are left out.
  const std::vector<std::pair<kql::Ticks, event::v1::Event>>& events() const { return events_; }
  // Arrivals, and when a row may leave or enter a part of the window that rules use.
  std::set<kql::Ticks> Times() const;
  std::vector<std::vector<kql::Value>> Evaluate(kql::Ticks now) const;
  // With the legacy columns that its events have.
  event_table::EventCatalog Catalog() const;
  const kql::BoundQuery& query() const { return query_; }

 private:
  std::string IdentityOf(const Row& row) const;

  const Rule& rule_;
  const kql::Ticks end_;  // of the last step
  const std::vector<std::pair<kql::Ticks, event::v1::Event>> events_;
  const kql::BoundQuery query_;
  const std::vector<std::string> identity_;
};

// Compares the alerts of a case with those that it expects; `where` names it in failures.
void ExpectAlerts(const Rule& rule, const RuleCase& one, const std::string& where);

// Empty, with failures, when the file is bad.
std::vector<RuleCase> ReadCases(const std::string& case_path);

// ExpectAlerts() for each case of a file; returns how many there are.
int ExpectAlertsOfFile(const Rule& rule, const std::string& case_path);

}  // namespace zoomwatch::ruleset
