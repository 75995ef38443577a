// Replaces secrets in a webhook body by "[redacted]", by place and type; everything else stays byte for byte.
// Immutable after construction, so thread-safe; what changes is in the caller's Redaction.
// What is replaced at a secret place: strings other than "", numbers, and whole objects or arrays. Booleans, null and "" stay: they
// are no secrets, and rules need them. \u escapes of half a character, wherever they stand, become \ufffd, because many readers
// refuse a text that holds one.
// Source: docs/event-model.md, "redaction".
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/document.h"
#include "services/normalizer/redaction_table.h"

namespace zoomwatch {

// What Redactor::Find found in one document. Reused from document to document.
struct Redaction {
  struct Edit {
    uint32_t begin = 0;  // in the text, inclusive
    uint32_t end = 0;    // exclusive
    std::string_view replacement;
  };

  std::vector<Edit> edits;                // in the order of the text, not overlapping
  std::vector<std::string_view> paths;    // of secrets, each once, in the order of the text; they live as long as the Redactor
  int secret_count = 0;                   // values that were replaced
};

class Redactor {
 public:
  explicit Redactor(std::span<const SecretPath> table = SecretPaths());

  // Finds what has to be replaced, and marks secret values (and all inside them) in the document.
  void Find(json::Document& document, Redaction& redaction) const;

  // Replaces `out` by the text of the document with the edits applied.
  static void Write(const json::Document& document, const Redaction& redaction, std::string& out);

  // All places, each spelled out, for example "payload.old_object.password".
  const std::deque<std::string>& expanded_paths() const { return expanded_paths_; }

 private:
  using StateIndex = uint16_t;
  static constexpr StateIndex kDead = 0xffff;
  static constexpr uint16_t kNoPath = 0xffff;

  struct Branch {
    json::Key key;
    StateIndex target = kDead;
  };
  // A node of the tree of all places.
  struct State {
    std::vector<Branch> branches;
    StateIndex element = kDead;  // for "[]"
    uint16_t path = kNoPath;     // into expanded_paths_: a secret place
    std::vector<uint8_t> slots;  // hash table over branches: index + 1, or 0; size is a power of two
  };

  void Add(std::string path);
  StateIndex Step(StateIndex from, std::string_view key);
  StateIndex StepIntoElement(StateIndex from);
  void BuildSlots(State& state);
  const Branch* FindBranch(const State& state, const json::Node& member) const;

  void Walk(json::Document& document, json::NodeIndex value, StateIndex at, Redaction& redaction) const;
  void Redact(json::Document& document, json::NodeIndex value, uint16_t path, Redaction& redaction) const;

  std::deque<std::string> expanded_paths_;
  std::vector<State> states_;
};

}  // namespace zoomwatch
