#include "services/detector/rules/rule_index.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace zoomwatch::detector {

RuleIndex::RuleIndex(SharedCells& cells) : cells_(cells), event_place_(cells.PlaceOf({.name = "Event", .type = kql::Type::kString})) {}

void RuleIndex::Clear() {
  rules_.clear();
  by_event_.clear();
  others_.clear();
  by_name_.clear();
  kept_ = 0;
}

void RuleIndex::Add(std::size_t rule, LiveRule& live) {
  rules_.push_back(&live);
  const LiveRule::Texts* const events = live.TextsAt(event_place_);
  if (events == nullptr) return others_.push_back(rule);
  for (const std::string& event : *events) by_event_[event].push_back(rule);
}

const std::vector<std::size_t>& RuleIndex::Find(const std::string& name) {
  const OfName& named = Named(name);
  found_.clear();
  for (const Keyed& keyed : named.keyed) {
    const auto rules = keyed.rules.find(std::string(cells_.At(keyed.place).AsString()));
    if (rules != keyed.rules.end()) found_.insert(found_.end(), rules->second.begin(), rules->second.end());
  }
  if (found_.empty()) return named.always;
  found_.insert(found_.end(), named.always.begin(), named.always.end());
  std::sort(found_.begin(), found_.end());
  return found_;
}

const RuleIndex::OfName& RuleIndex::Named(const std::string& name) {
  if (name.size() > kMaxNameBytes) return long_named_ = Make();
  const auto known = by_name_.find(name);
  if (known != by_name_.end()) return known->second;
  OfName made = Make();
  if (by_name_.size() == kMaxNames || kept_ + made.size > kMaxKept) {
    by_name_.clear();
    kept_ = 0;
  }
  kept_ += made.size;
  return by_name_.emplace(name, std::move(made)).first->second;
}

RuleIndex::OfName RuleIndex::Make() {
  Rules candidates = others_;
  if (const auto rules = by_event_.find(std::string(cells_.At(event_place_).AsString())); rules != by_event_.end()) {
    candidates.clear();
    std::merge(others_.begin(), others_.end(), rules->second.begin(), rules->second.end(), std::back_inserter(candidates));
  }
  OfName made;
  for (const std::size_t rule : candidates) {
    LiveRule* const live = rules_[rule];
    if (live == nullptr || !live->ConcernsName()) continue;
    const auto place = live->KeyPlace(event_place_);
    if (!place) {
      made.always.push_back(rule);
      ++made.size;
      continue;
    }
    auto keyed = std::find_if(made.keyed.begin(), made.keyed.end(), [&](const Keyed& known) { return known.place == *place; });
    if (keyed == made.keyed.end()) keyed = made.keyed.insert(keyed, {.place = *place, .rules = {}});
    for (const std::string& text : *live->TextsAt(*place)) {
      keyed->rules[text].push_back(rule);
      ++made.size;
    }
  }
  return made;
}

}  // namespace zoomwatch::detector
