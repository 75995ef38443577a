#include "services/normalizer/redaction.h"

#include <algorithm>

#include "common/json/text.h"
#include "common/status/check.h"
#include "services/normalizer/mapping/reader.h"

namespace zoomwatch {
namespace {

using json::Document;
using json::Node;
using json::NodeIndex;
using json::Type;

constexpr std::string_view kReplacementString = "\"[redacted]\"";
static_assert(kReplacementString.substr(1, kRedacted.size()) == kRedacted);
constexpr std::string_view kReplacementCharacter = "\\ufffd";
constexpr uint32_t kLoneEscapeLength = 6;

size_t SlotOf(uint32_t tag, size_t slots) { return (tag * 0x9e3779b1u >> 16) & (slots - 1); }

// Adds the edits for half characters between the edits that are there already.
void AddLoneSurrogates(std::string_view text, std::vector<Redaction::Edit>& edits) {
  const size_t secrets = edits.size();
  // Outside strings a JSON text has no backslash, so it can be searched as if it were one string.
  for (auto at = json::FindLoneSurrogate(text, 0); at; at = json::FindLoneSurrogate(text, *at + kLoneEscapeLength)) {
    const auto begin = static_cast<uint32_t>(*at);
    const auto secrets_end = edits.begin() + static_cast<std::ptrdiff_t>(secrets);
    const auto after = std::upper_bound(edits.begin(), secrets_end, begin,
                                        [](uint32_t position, const Redaction::Edit& edit) { return position < edit.begin; });
    const bool inside_secret = after != edits.begin() && begin < std::prev(after)->end;
    if (!inside_secret) edits.push_back({begin, begin + kLoneEscapeLength, kReplacementCharacter});
  }
  std::sort(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
}

}  // namespace

Redactor::Redactor(std::span<const SecretPath> table) {
  states_.emplace_back();
  for (const SecretPath& secret : table) {
    switch (secret.scope) {
      case SecretScope::kTop:
        Add(std::string(secret.path));
        break;
      case SecretScope::kBody:
        Add("payload.object." + std::string(secret.path));
        Add("payload.old_object." + std::string(secret.path));
        Add("payload." + std::string(secret.path));
        break;
    }
  }
  for (State& state : states_) BuildSlots(state);
}

void Redactor::Add(std::string path) {
  // A deque, so that the keys of the tree can point into the text of the path for good.
  StateIndex at = 0;
  std::string_view rest = expanded_paths_.emplace_back(std::move(path));
  while (!rest.empty()) {
    const size_t dot = rest.find('.');
    std::string_view step = rest.substr(0, dot);
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    const bool element = step.size() > 2 && step.substr(step.size() - 2) == "[]";
    if (element) step.remove_suffix(2);
    at = Step(at, step);
    if (element) at = StepIntoElement(at);
  }
  ZOOMWATCH_CHECK(states_[at].path == kNoPath);  // a place stands in the table twice
  states_[at].path = static_cast<uint16_t>(expanded_paths_.size() - 1);
}

Redactor::StateIndex Redactor::Step(StateIndex from, std::string_view key) {
  for (const Branch& branch : states_[from].branches) {
    if (branch.key.name == key) return branch.target;
  }
  const auto target = static_cast<StateIndex>(states_.size());
  states_[from].branches.push_back({json::Key(key), target});
  states_.emplace_back();
  return target;
}

Redactor::StateIndex Redactor::StepIntoElement(StateIndex from) {
  if (states_[from].element == kDead) {
    const auto target = static_cast<StateIndex>(states_.size());
    states_.emplace_back();
    states_[from].element = target;
  }
  return states_[from].element;
}

void Redactor::BuildSlots(State& state) {
  if (state.branches.empty()) return;
  size_t slots = 8;
  while (slots < state.branches.size() * 4) slots *= 2;
  state.slots.assign(slots, 0);
  for (size_t i = 0; i < state.branches.size(); ++i) {
    size_t slot = SlotOf(state.branches[i].key.tag, slots);
    while (state.slots[slot] != 0) slot = (slot + 1) & (slots - 1);
    state.slots[slot] = static_cast<uint8_t>(i + 1);
  }
}

const Redactor::Branch* Redactor::FindBranch(const State& state, const Node& member) const {
  if (state.slots.empty()) return nullptr;
  const size_t mask = state.slots.size() - 1;
  for (size_t slot = SlotOf(member.key_tag, state.slots.size()); state.slots[slot] != 0; slot = (slot + 1) & mask) {
    const Branch& branch = state.branches[state.slots[slot] - 1u];
    if (branch.key.tag == member.key_tag && branch.key.name == member.key) return &branch;
  }
  return nullptr;
}

void Redactor::Find(Document& document, Redaction& redaction) const {
  redaction.edits.clear();
  redaction.paths.clear();
  redaction.secret_count = 0;
  Walk(document, Document::root(), 0, redaction);
  if (document.has_lone_surrogates()) AddLoneSurrogates(document.text(), redaction.edits);
}

void Redactor::Walk(Document& document, NodeIndex value, StateIndex at, Redaction& redaction) const {
  const State& state = states_[at];
  if (state.path != kNoPath) return Redact(document, value, state.path, redaction);
  const Type type = document.at(value).type;
  const NodeIndex end = document.end_of(value);
  if (type == Type::kObject && !state.branches.empty()) {
    for (NodeIndex child = Document::first_child(value); child != end; child = document.at(child).next) {
      if (const Branch* branch = FindBranch(state, document.at(child))) Walk(document, child, branch->target, redaction);
    }
  } else if (type == Type::kArray && state.element != kDead) {
    for (NodeIndex child = Document::first_child(value); child != end; child = document.at(child).next) {
      Walk(document, child, state.element, redaction);
    }
  }
}

void Redactor::Redact(Document& document, NodeIndex value, uint16_t path, Redaction& redaction) const {
  const Node& node = document.at(value);
  switch (node.type) {
    case Type::kTrue:
    case Type::kFalse:
    case Type::kNull:
      return;
    case Type::kString:
      if (node.end - node.begin == 2) return;
      break;
    case Type::kNumber:
    case Type::kObject:
    case Type::kArray:
      break;
  }
  for (NodeIndex i = value; i != node.next; ++i) document.Mark(i);
  redaction.edits.push_back({node.begin, node.end, kReplacementString});
  ++redaction.secret_count;
  const std::string_view name = expanded_paths_[path];
  if (std::find(redaction.paths.begin(), redaction.paths.end(), name) == redaction.paths.end()) redaction.paths.push_back(name);
}

void Redactor::Write(const Document& document, const Redaction& redaction, std::string& out) {
  const std::string_view text = document.text();
  if (redaction.edits.empty()) {
    out.assign(text);
    return;
  }
  out.clear();
  out.reserve(text.size() + redaction.edits.size() * kReplacementString.size());
  size_t copied = 0;
  for (const Redaction::Edit& edit : redaction.edits) {
    out.append(text.substr(copied, edit.begin - copied));
    out.append(edit.replacement);
    copied = edit.end;
  }
  out.append(text.substr(copied));
}

}  // namespace zoomwatch
