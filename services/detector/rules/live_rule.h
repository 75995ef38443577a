// One rule as a live view: events in, findings out.
//
// A finding is what makes an alert. With the usual trigger (more than 0 rows) it is a row identity that newly appears in the view;
// with another threshold it is the moment at which the number of rows begins to fulfil it. A row that changes keeps its identity and
// is no new finding; one that left and comes back is one only when the last finding of that identity is older than the rule's period.
// Where the rule finds rows because others are missing (absence.h), there are no findings before its history is covered: they are held,
// and those whose row is still there then are found at that moment.
// Threading: one thread at a time. Ownership: the rule is shared and immutable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/event_table/event_catalog.h"
#include "common/kql/diagnostic.h"
#include "common/kql/incremental/view.h"
#include "common/ruleset/rule.h"
#include "services/detector/rules/row_filter.h"
#include "services/detector/rules/shared_cells.h"

namespace zoomwatch::detector {

enum class FindingCause { kEvent, kExpiry, kSchedule, kCoverage };

struct Finding {
  kql::Ticks time = 0;
  FindingCause cause = FindingCause::kEvent;
  std::uint64_t identity = 0;
  std::vector<std::vector<kql::Value>> rows;  // at most kMaxFindingRows
  std::int64_t row_count = 0;                 // all of them
  bool has_account_names = true;              // the rows' column AccountName, if any, is the table's, not one that the query makes
};
inline constexpr std::size_t kMaxFindingRows = 150;

// True: a finding for each row that appears. False: one when the number of rows begins to fulfil the trigger.
bool IsPerRow(const ruleset::Rule& rule);
bool Fulfils(std::int64_t count, const ruleset::Rule& rule);

struct LiveRuleOptions {
  std::uint64_t max_state_bytes = 256ULL << 20;
};

class LiveRule {
 public:
  // Null, and `refused` says why, when the query cannot be kept up to date. REQUIRES: the query compiles against the catalog.
  // `cells`, those of the events that come, outlive the rule.
  static std::unique_ptr<LiveRule> Create(std::shared_ptr<const ruleset::Rule> rule, const event_table::EventCatalog& catalog,
                                          const LiveRuleOptions& options, SharedCells& cells, kql::Diagnostic& refused);

  const ruleset::Rule& rule() const { return *rule_; }
  // Other texts, threshold and details; the query and the period stay. The state stays too. A threshold that the rows fulfil already is
  // no finding, as after a restart.
  void SetRule(std::shared_ptr<const ruleset::Rule> rule);
  const kql::Schema& schema() const { return view_->schema(); }
  bool has_account_names() const { return has_account_names_; }

  // What the cell at that place of every event is that can concern the rule; null: any text.
  using Texts = std::set<std::string>;
  const Texts* TextsAt(std::size_t place) const;
  // A place, other than that one, for which there are texts.
  std::optional<std::size_t> KeyPlace(std::size_t other_than) const;
  // False: no event with the name of the event in the cells can concern the rule.
  bool ConcernsName();

  // Findings before that time are held, when the rule depends on absence. Before Begin(), or while they are held.
  void HoldUntil(kql::Ticks covered_at);
  // The time of the last HoldUntil() while it has not passed; none: nothing is held.
  std::optional<kql::Ticks> held_until() const { return held_until_; }
  std::size_t held_count() const { return held_.size(); }

  // A history, before the first Tick(): Settle() brings in what was inserted, now and then, so that a long one is never held as a whole;
  // Begin() does too, and what the view shows then is no finding. `now`: the end of the history, each time.
  absl::Status Settle(kql::Ticks now);
  absl::Status Begin(kql::Ticks now);

  // Takes the event in the cells, whose name concerns the rule; nothing happens before the next Tick(). False: it cannot change anything, so no Tick() is due for its
  // sake. `order` grows with every event.
  bool Insert(std::uint64_t order);
  // REQUIRES: `now` is not before that of the last call. `cause`: of the findings. After an error the rule is not used again.
  absl::StatusOr<std::vector<Finding>> Tick(kql::Ticks now, FindingCause cause);
  kql::Ticks NextDue() const { return std::min(next_due_, held_until_.value_or(kql::incremental::kNever)); }

  // Tells when an identity was found last before a restart, so that it is found again neither too early nor too late.
  void Remember(std::uint64_t identity, kql::Ticks time);
  // Its finding became no alert: it may be found again as if it had not been.
  void Forget(std::uint64_t identity);

  // A row of the view with that identity as it is now; null: there is none.
  const std::vector<kql::Value>* ShownRow(std::uint64_t identity) const;

  // Of the view, of the rows that it shows and of the findings that are remembered or held.
  std::uint64_t state_bytes() const { return view_->state_bytes() + shown_bytes_ + (found_.size() + held_.size()) * kFoundBytes; }
  std::string Describe() const { return view_->Describe(); }

 private:
  // What the view wants of one of its tables.
  struct Table {
    std::vector<kql::CellsPtr> blank;                          // a row of an event that has nothing
    std::vector<std::pair<std::size_t, std::size_t>> columns;  // those that are read, and their places in the cells
    RowFilter filter;
  };
  LiveRule(std::shared_ptr<const ruleset::Rule> rule, std::unique_ptr<kql::incremental::View> view, const kql::RelationPtr& root,
           const LiveRuleOptions& options, SharedCells& cells);

  // Any order in which cells are equal only when kind and text are.
  struct CellOrder {
    bool operator()(const std::vector<kql::Value>& a, const std::vector<kql::Value>& b) const;
  };
  // The rows of the view with one identity.
  struct Shown {
    std::int64_t count = 0;
    std::map<std::vector<kql::Value>, std::int64_t, CellOrder> rows;  // with how often each is there
  };
  static constexpr std::uint64_t kFoundBytes = 48;  // a node of a hash map, and its place
  absl::Status CheckState() const;  // kResourceExhausted: it has become too large
  // Applies the changes to shown_. Returns the identities that were not there before and are now, in the order of the changes.
  std::vector<std::uint64_t> Show(const kql::incremental::Deltas& deltas);
  std::vector<Finding> Appeared(const kql::incremental::Deltas& deltas, kql::Ticks now, FindingCause cause);
  // What was held and is still shown, once the history is covered.
  std::vector<Finding> Release(kql::Ticks now);
  std::optional<Finding> Crossed(kql::Ticks now, FindingCause cause);
  // Holds the findings of what is shown, as far as it was not found.
  void HoldShown();
  Finding FindingOf(std::uint64_t identity, kql::Ticks now, FindingCause cause);
  bool FoundLately(std::uint64_t identity, kql::Ticks now) const;
  void ForgetOld(kql::Ticks now);

  std::shared_ptr<const ruleset::Rule> rule_;
  const std::unique_ptr<kql::incremental::View> view_;
  const std::uint64_t max_state_bytes_;
  const bool has_account_names_;
  SharedCells& cells_;
  std::vector<Table> tables_;             // of the view
  std::map<std::size_t, Texts> texts_;  // by place
  std::unordered_map<std::uint64_t, Shown> shown_;
  std::uint64_t shown_bytes_ = 0;
  std::int64_t row_count_ = 0;
  bool fulfilled_ = false;
  std::unordered_map<std::uint64_t, kql::Ticks> found_;  // identity -> its last finding
  kql::Ticks forget_at_ = 0;
  const bool depends_on_absence_;
  std::optional<kql::Ticks> held_until_;
  std::set<std::uint64_t> held_;  // identities that are shown and would have been found
  kql::Ticks next_due_ = 0;
};

}  // namespace zoomwatch::detector
