// Tables that are held in memory, as `zoomwatch kql` queries them: what the binder and the batch evaluator see of them.
// Threading: thread-safe once the last table is added.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/event_table/event_catalog.h"
#include "common/kql/catalog.h"
#include "common/kql/schema.h"
#include "common/kql/table_source.h"
#include "common/kql/value.h"

namespace zoomwatch::cli {

// Cells by column; every column has one for each row, or none at all: then they are null, "" where the type is string.
struct MemoryTable {
  kql::Schema schema;
  std::vector<std::vector<kql::Value>> columns;
  std::size_t rows = 0;
  // Of a table of events: the names that its payloads have as columns of the retired connector (legacy_columns.h). Those that a query
  // mentions are columns too, read from the column Payload. Null: none.
  std::shared_ptr<const event_table::LegacyNames> legacy;

  std::uint64_t MemoryBytes() const;
};

class MemoryTables final : public kql::Catalog, public kql::TableSource {
 public:
  // Replaces a table of the same name. REQUIRES: the columns fit the schema.
  void Add(std::string name, MemoryTable table);

  std::optional<kql::Schema> FindTable(std::string_view name, const kql::MentionedNames& mentioned) const override;
  std::vector<std::string> TableNames() const override;
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }

  // Errors: NOT_FOUND.
  absl::StatusOr<std::unique_ptr<kql::TableReader>> Open(const kql::ScanRequest& request) override;

 private:
  struct Stored {
    kql::Schema schema;
    std::vector<kql::Block> blocks;
    std::shared_ptr<const event_table::LegacyNames> legacy;
  };
  std::map<std::string, Stored, std::less<>> tables_;
};

}  // namespace zoomwatch::cli
