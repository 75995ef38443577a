// Which of many rules an event may concern, without asking each of them.
//
// A rule is found by the name of the event, once per name: by the texts that its query compares Event with, and otherwise by its
// conditions on the name. Where the query also compares another column with texts, it is found only when the event has one of them.
// Conservative: what it leaves out cannot change anything of a rule's result.
// Threading: one thread at a time. Ownership: rules outlive their place here; the cells outlive the index. Limits: what was found of
// kMaxNames names is kept, and no more than kMaxKept rules of names together; then it starts over.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "services/detector/rules/live_rule.h"
#include "services/detector/rules/shared_cells.h"

namespace zoomwatch::detector {

class RuleIndex {
 public:
  static constexpr std::size_t kMaxNames = 1024;
  static constexpr std::size_t kMaxNameBytes = 256;  // longer ones are looked for each time
  static constexpr std::size_t kMaxKept = 1 << 18;

  explicit RuleIndex(SharedCells& cells);

  void Clear();
  // REQUIRES: `rule` is the number of rules that were added before.
  void Add(std::size_t rule, LiveRule& live);
  // The rule may be found again, but is not touched.
  void Remove(std::size_t rule) { rules_[rule] = nullptr; }

  // The rules that the event in the cells, which has this name, may concern, ascending. Valid until the next call.
  const std::vector<std::size_t>& Find(const std::string& name);

 private:
  using Rules = std::vector<std::size_t>;
  // Rules by the text of one cell.
  struct Keyed {
    std::size_t place = 0;
    std::unordered_map<std::string, Rules> rules;
  };
  struct OfName {
    Rules always;
    std::vector<Keyed> keyed;
    std::size_t size = 0;  // of all
  };
  const OfName& Named(const std::string& name);
  OfName Make();

  SharedCells& cells_;
  const std::size_t event_place_;
  std::vector<LiveRule*> rules_;
  std::unordered_map<std::string, Rules> by_event_;  // those that compare Event with texts
  Rules others_;
  std::unordered_map<std::string, OfName> by_name_;
  std::size_t kept_ = 0;
  OfName long_named_;
  Rules found_;
};

}  // namespace zoomwatch::detector
