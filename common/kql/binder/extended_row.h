// The row that extend and its kin make: the input's columns, some replaced in place, others appended. Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/kql/plan.h"
#include "fmt/format.h"

namespace zoomwatch::kql {

struct ExtendedRow {
  ExtendedRow(const Schema& input, std::vector<ScalarPtr> columns)
      : schema(input), outputs(std::move(columns)), input_size(input.size()) {
    for (std::size_t i = 0; i < schema.size(); ++i) by_name.emplace(schema[i].name, i);
  }

  // Where the column is.
  std::size_t Set(const std::string& name, const ScalarPtr& value) {
    const auto [place, added] = by_name.emplace(name, schema.size());
    if (added) {
      schema.emplace_back();
      outputs.emplace_back();
    }
    schema[place->second] = {name, value->type, value->loose};
    outputs[place->second] = value;
    return place->second;
  }

  // Column1, Column2, ... of those that the input does not have; `count` is that of the query.
  std::size_t SetUnnamed(const ScalarPtr& value, int& count) {
    std::string name;
    do {
      name = fmt::format("Column{}", ++count);
    } while (IsOfInput(name));
    return Set(name, value);
  }

  Schema schema;
  std::vector<ScalarPtr> outputs;

 private:
  bool IsOfInput(const std::string& name) const {
    const auto found = by_name.find(name);
    return found != by_name.end() && found->second < input_size;
  }

  const std::size_t input_size;
  std::unordered_map<std::string, std::size_t> by_name;
};

}  // namespace zoomwatch::kql
