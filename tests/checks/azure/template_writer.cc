#include "tests/checks/azure/template_writer.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>
#include <string_view>

#include "absl/status/status.h"
#include "common/event_table/columns.h"
#include "common/ruleset/query_checker.h"
#include "common/ruleset/rule_loader.h"
#include "common/ruleset/rule_source.h"
#include "services/detector/alerts/alert_row.h"
#include "tests/checks/azure/json_layout.h"

namespace zoomwatch::azure {
namespace {

namespace json = boost::json;

constexpr std::string_view kPrefix = "zoomwatch:";
// A tag of a saved search is a short text; the whole description stands above the query.
constexpr std::size_t kMaxTagBytes = 255;

std::string_view View(json::string_view text) { return {text.data(), text.size()}; }

absl::Status Wrong(std::string_view where, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("{}: {}", where, what));
}

// A text as a value of a template, where a leading "[" begins an expression unless it is doubled.
json::string Literal(std::string_view text) {
  return text.starts_with('[') ? json::string("[" + std::string(text)) : json::string(json::string_view(text.data(), text.size()));
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

std::string Trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return std::string(text);
}

// As many whole sentences as fit into a tag, on one line.
std::string Summary(std::string_view description) {
  std::string line;
  for (const char c : Trimmed(description)) {
    if (c != '\n') {
      line += c;
    } else if (!line.ends_with('-')) {  // words are parted behind their hyphens
      line += ' ';
    }
  }
  if (line.size() <= kMaxTagBytes) return line;
  const std::size_t end = line.rfind(". ", kMaxTagBytes - 1);
  return end == std::string::npos ? line.substr(0, kMaxTagBytes) : line.substr(0, end + 1);
}

std::string Commented(std::string_view description, std::string_view query) {
  std::istringstream lines{Trimmed(description)};
  std::string out;
  for (std::string line; std::getline(lines, line);) out += "// " + line + "\n";
  return out + std::string(query);
}

// Tables spell the type of a time in their own way.
std::string_view TableType(std::string_view type) { return type == "datetime" ? "dateTime" : type; }

struct AnyColumn {
  std::string_view name, type, holds;
};

absl::StatusOr<std::vector<AnyColumn>> ColumnsOf(std::string_view table) {
  std::vector<AnyColumn> columns;
  if (table == "events") {
    for (const event_table::Column& column : event_table::EventColumns()) {
      columns.push_back({column.name, event_table::NameOf(column.type), column.text});
    }
  } else if (table == "alerts") {
    for (const detector::AlertColumn& column : detector::AlertColumns()) columns.push_back({column.name, column.type, column.holds});
  } else {
    return Wrong(table, "is no table");
  }
  return columns;
}

class Writer {
 public:
  explicit Writer(const std::string& root) : root_(root) {}

  // The JSON file with its directives carried out.
  absl::StatusOr<json::value> ReadJson(std::string_view file) {
    absl::StatusOr<std::string> text = ReadText(file);
    if (!text.ok()) return text.status();
    boost::system::error_code error;
    json::value value = json::parse(*text, error);
    if (error) return Wrong(file, error.message());
    if (const absl::Status status = Expand(value); !status.ok()) return Wrong(file, std::string(status.message()));
    return value;
  }

 private:
  absl::StatusOr<std::string> ReadText(std::string_view file) const {
    std::ifstream in(root_ + "/" + std::string(file), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) return Wrong(file, "cannot be read");
    return text.str();
  }

  absl::Status Expand(json::value& value) {
    if (json::array* array = value.if_array()) {
      for (json::value& item : *array) {
        if (const absl::Status status = Expand(item); !status.ok()) return status;
      }
    } else if (json::object* object = value.if_object()) {
      if (object->size() == 1 && View(object->begin()->key()).starts_with(kPrefix)) {
        absl::StatusOr<json::value> made = Make(View(object->begin()->key()).substr(kPrefix.size()), object->begin()->value());
        if (!made.ok()) return made.status();
        value = *std::move(made);
        return absl::OkStatus();
      }
      for (auto& entry : *object) {
        if (const absl::Status status = Expand(entry.value()); !status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<json::value> Make(std::string_view directive, const json::value& argument) {
    if (directive == "text" && argument.is_array()) return Texts(argument.get_array());
    if (!argument.is_string()) return Wrong(directive, "takes a text");
    const std::string_view name = View(argument.get_string());
    if (directive == "stream" || directive == "table") return Columns(name, directive == "table");
    if (directive == "hunting") return HuntingQueries(name);
    if (directive != "json") return Wrong(directive, "is no directive");
    absl::StatusOr<json::value> value = ReadJson(name);
    if (!value.ok()) return value.status();
    return json::value(json::string(json::serialize(*value)));
  }

  absl::StatusOr<json::value> Texts(const json::array& files) const {
    std::string all;
    for (const json::value& file : files) {
      if (!file.is_string()) return Wrong("text", "takes names of files");
      absl::StatusOr<std::string> text = ReadText(View(file.get_string()));
      if (!text.ok()) return text.status();
      all += *text;
    }
    return json::value(Literal(Trimmed(all)));
  }

  static absl::StatusOr<json::value> Columns(std::string_view table, bool for_table) {
    absl::StatusOr<std::vector<AnyColumn>> columns = ColumnsOf(table);
    if (!columns.ok()) return columns.status();
    json::array array;
    for (const AnyColumn& column : *columns) {
      json::object entry{{"name", Literal(column.name)}, {"type", Literal(for_table ? TableType(column.type) : column.type)}};
      if (for_table) entry["description"] = Literal(column.holds);
      array.push_back(std::move(entry));
    }
    return json::value(std::move(array));
  }

  absl::StatusOr<json::value> HuntingQueries(std::string_view folder) const {
    absl::StatusOr<std::vector<ruleset::RuleFile>> files = ruleset::FolderRuleSource(root_ + "/" + std::string(folder)).Read();
    if (!files.ok()) return files.status();
    json::array array;
    for (const ruleset::RuleFile& file : *files) {
      if (!file.text) return Wrong(file.name, file.problem);
      ruleset::LoadResult result;
      const std::optional<ruleset::Rule> rule = ruleset::LoadRule(*file.text, ruleset::SyntaxChecker(), result);
      if (!rule) return Wrong(file.name, "is no rule");
      if (rule->kind != ruleset::RuleKind::kHunting) continue;
      array.push_back(json::object{{"id", Literal(rule->id)},
                                   {"name", Literal(rule->name)},
                                   {"description", Literal(Summary(rule->description))},
                                   {"tactics", Literal(Joined(rule->tactics))},
                                   {"techniques", Literal(Joined(rule->techniques))},
                                   {"query", Literal(Trimmed(Commented(rule->description, rule->query.text)))}});
    }
    return json::value(std::move(array));
  }

  const std::string root_;
};

}  // namespace

absl::StatusOr<std::string> WriteTemplate(const std::string& root) {
  absl::StatusOr<json::value> value = Writer(root).ReadJson("azure/source/main.json");
  if (!value.ok()) return value.status();
  return LaidOut(*value);
}

}  // namespace zoomwatch::azure
