// What names mean outside a query: the tables that exist and the functions that are stored. Implemented by whoever runs queries
// (the detector over its event log, the command line over files, tests over vectors). Implementations must be thread-safe.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/kql/schema.h"

namespace zoomwatch::kql {

// Every identifier and string constant of a query: the names that a table with virtual columns may be asked for.
using MentionedNames = std::set<std::string, std::less<>>;

class Catalog {
 public:
  virtual ~Catalog() = default;

  // The columns of a table: those that always exist, then the virtual ones among `mentioned`. None: there is no such table. Table
  // names are case-sensitive.
  virtual std::optional<Schema> FindTable(std::string_view name, const MentionedNames& mentioned) const = 0;
  virtual std::vector<std::string> TableNames() const = 0;

  // The text of a stored function without parameters: a query. A table of the same name hides it inside its own text.
  virtual std::optional<std::string> FindFunction(std::string_view name) const = 0;
};

// Knows nothing: for queries over datatable, print and range.
class EmptyCatalog final : public Catalog {
 public:
  std::optional<Schema> FindTable(std::string_view, const MentionedNames&) const override { return std::nullopt; }
  std::vector<std::string> TableNames() const override { return {}; }
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }
};

}  // namespace zoomwatch::kql
