// The names of a block of let statements: a query, or the body of a function. Not thread-safe.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/kql/binder/binder_state.h"

namespace zoomwatch::kql {

// Names are visible to what follows them. A function sees what stood before it, so each function starts a new scope.
class Binder::Block {
 public:
  Block(Binder& binder, const Scope* outer) : binder_(binder) { Open(outer); }

  const Scope& names() const { return *scopes_.back(); }
  void Let(const Statement& let);
  void Add(const std::string& name, Definition definition) { scopes_.back()->names[name] = std::move(definition); }

 private:
  void Open(const Scope* outer) {
    scopes_.push_back(std::make_unique<Scope>());
    scopes_.back()->outer = outer;
  }

  Binder& binder_;
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::set<std::string> declared_;
};

}  // namespace zoomwatch::kql
