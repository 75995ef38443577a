#include "tests/fakes/azure_monitor/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "absl/status/status.h"

namespace zoomwatch::fakes {
namespace {

constexpr std::string_view kPrefix = "Custom-";
constexpr size_t kMaxColumnNameSize = 45;
constexpr std::string_view kRuleType = "Microsoft.Insights/dataCollectionRules";
// In lower case.
constexpr std::string_view kReserved[] = {"_resourceid", "id", "_subscriptionid", "tenantid", "type", "uniqueid", "title"};

struct TypeName {
  std::string_view name;
  ColumnType type;
};
constexpr TypeName kTypes[] = {
    {"string", ColumnType::kString},   {"int", ColumnType::kInt},         {"long", ColumnType::kLong},
    {"real", ColumnType::kReal},       {"boolean", ColumnType::kBoolean}, {"dynamic", ColumnType::kDynamic},
    {"datetime", ColumnType::kDateTime},
};

std::string_view View(boost::json::string_view text) { return {text.data(), text.size()}; }

const boost::json::value* Member(const boost::json::value* object, std::string_view key) {
  if (object == nullptr || !object->is_object()) return nullptr;
  return object->get_object().if_contains(boost::json::string_view(key.data(), key.size()));
}

std::string_view Text(const boost::json::value* value) {
  return value != nullptr && value->is_string() ? View(value->get_string()) : std::string_view();
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool Reserved(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::find(std::begin(kReserved), std::end(kReserved), lower) != std::end(kReserved);
}

bool LegalColumnName(std::string_view name) {
  return !name.empty() && !Reserved(name) && name.size() <= kMaxColumnNameSize && IsLetter(name[0]) &&
         std::all_of(name.begin(), name.end(), [](char c) { return IsLetter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

absl::StatusOr<Stream> ReadStream(std::string_view name, const boost::json::value& declaration) {
  Stream stream{.name = std::string(name), .auxiliary = Text(Member(&declaration, "plan")) == "Auxiliary"};
  if (!name.starts_with(kPrefix)) return absl::InvalidArgumentError(fmt::format("stream {}: does not start with {}", name, kPrefix));
  const boost::json::value* const columns = Member(&declaration, "columns");
  if (columns == nullptr || !columns->is_array()) return absl::InvalidArgumentError(fmt::format("stream {}: no columns", name));
  for (const boost::json::value& entry : columns->get_array()) {
    const std::string_view column = Text(Member(&entry, "name"));
    const std::optional<ColumnType> type = ColumnTypeOf(Text(Member(&entry, "type")));
    if (!LegalColumnName(column)) return absl::InvalidArgumentError(fmt::format("stream {}: column '{}': illegal name", name, column));
    if (!type) return absl::InvalidArgumentError(fmt::format("stream {}: column {}: unknown type", name, column));
    if (stream.Find(column) != nullptr) return absl::InvalidArgumentError(fmt::format("stream {}: column {} twice", name, column));
    stream.columns.push_back({std::string(column), *type});
  }
  return stream;
}

// The object that has "streamDeclarations": the root, its properties, or the rule among the resources of a template.
const boost::json::value* Declarations(const boost::json::value& root) {
  for (const boost::json::value* object : {&root, Member(&root, "properties")}) {
    if (const boost::json::value* found = Member(object, "streamDeclarations")) return found;
  }
  const boost::json::value* const resources = Member(&root, "resources");
  if (resources == nullptr || !resources->is_array()) return nullptr;
  for (const boost::json::value& resource : resources->get_array()) {
    if (Text(Member(&resource, "type")) == kRuleType) return Member(Member(&resource, "properties"), "streamDeclarations");
  }
  return nullptr;
}

}  // namespace

std::optional<ColumnType> ColumnTypeOf(std::string_view name) {
  for (const TypeName& row : kTypes) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}

std::string_view Stream::table() const { return std::string_view(name).substr(kPrefix.size()); }

const Column* Stream::Find(std::string_view column) const {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const Column& entry) { return entry.name == column; });
  return found == columns.end() ? nullptr : &*found;
}

absl::StatusOr<std::vector<Stream>> ReadStreams(std::string_view json) {
  boost::system::error_code error;
  const boost::json::value root = boost::json::parse(boost::json::string_view(json.data(), json.size()), error);
  if (error) return absl::InvalidArgumentError("streams: not JSON: " + error.message());
  const boost::json::value* const declarations = Declarations(root);
  if (declarations == nullptr || !declarations->is_object()) return absl::InvalidArgumentError("streams: no streamDeclarations");
  std::vector<Stream> streams;
  for (const auto& entry : declarations->get_object()) {
    absl::StatusOr<Stream> stream = ReadStream(View(entry.key()), entry.value());
    if (!stream.ok()) return stream.status();
    streams.push_back(*std::move(stream));
  }
  return streams;
}

}  // namespace zoomwatch::fakes
