// Prints a page of reference documentation from the tables that the programs themselves use:
//   print_reference error-reasons | metrics | configuration | kql
// scripts/update-docs writes the pages; a test compares them.
#include <fmt/format.h>
#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>

#include <cctype>
#include <cstdio>
#include <span>
#include <string>

#include "common/http/http_metrics.h"
#include "common/metrics/metrics.h"
#include "common/status/reasons.h"
#include "services/detector/delivery/delivery_metrics.h"
#include "services/detector/event_log/event_log_metrics.h"
#include "services/detector/hunt/hunt_metrics.h"
#include "services/detector/incidents/incident_metrics.h"
#include "services/detector/rules/rule_metrics.h"
#include "services/normalizer/metrics.h"
#include "services/receiver/forwarder_metrics.h"
#include "services/receiver/metrics.h"
#include "services/receiver/spool/spool_metrics.h"
#include "tests/checks/docs/print_kql.h"
#include "zoomwatch/config/v1/option_rule.pb.h"

namespace zoomwatch {
namespace {

namespace pb = google::protobuf;

std::string_view RetryText(Retry retry) {
  switch (retry) {
    case Retry::kNever: return "never";
    case Retry::kLater: return "later";
    case Retry::kFixSettings: return "after a person changed something";
  }
  __builtin_unreachable();
}

void PrintReasons() {
  std::printf("# Error reasons\n\nThe reason is the part of an error that programs act on: in RPC status details, in logs, in metric labels and in the\n"
              "answers of the webhook port. This page is written by `scripts/update-docs`.\n\n"
              "| reason | code | HTTP | send again | meaning |\n|---|---|---|---|---|\n");
  for (const ReasonRow& row : ReasonTable()) {
    fmt::print("| `{}` | {} | {} | {} | {} |\n", row.name, absl::StatusCodeToString(row.code),
               row.http_status == 0 ? "" : std::to_string(row.http_status), RetryText(row.retry), row.text);
  }
}

std::string_view TypeText(MetricType type) {
  switch (type) {
    case MetricType::kCounter: return "counter";
    case MetricType::kGauge: return "gauge";
    case MetricType::kHistogram: return "histogram";
  }
  __builtin_unreachable();
}

void PrintMetricTable(std::string_view title, std::span<const MetricRow> rows) {
  fmt::print("\n## {}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n", title);
  for (const MetricRow& row : rows) {
    std::string labels;
    for (const std::string_view label : row.labels) {
      if (!label.empty()) labels += (labels.empty() ? "`" : ", `") + std::string(label) + "`";
    }
    fmt::print("| `{}` | {} | {} | {} |\n", row.name, TypeText(row.type), labels, row.help);
  }
}

void PrintMetrics() {
  std::printf("# Metrics\n\nEvery service serves them at /metrics of its admin port. Labels have closed sets of values. This page is written by\n"
              "`scripts/update-docs`.\n");
  PrintMetricTable("HTTP ports", http::HttpMetricTable());
  PrintMetricTable("Receiver: edge", receiver::ReceiverMetricTable());
  PrintMetricTable("Receiver: spool", receiver::kSpoolMetrics);
  PrintMetricTable("Receiver: forwarder", receiver::kForwarderMetrics);
  PrintMetricTable("Normalizer", NormalizerMetricTable());
  PrintMetricTable("Detector: event log", detector::EventLogMetricTable());
  PrintMetricTable("Detector: delivery", detector::kDeliveryMetrics);
  PrintMetricTable("Detector: incidents", detector::kIncidentMetrics);
  PrintMetricTable("Detector: rules", detector::kRuleMetrics);
  PrintMetricTable("Detector: hunting", detector::kHuntMetrics);
}

// The descriptors of the importer are of another pool than the generated code, so the extension is read through its bytes.
config::v1::OptionRule RuleOf(const pb::FieldDescriptor& field) {
  pb::FieldOptions options;
  options.ParseFromString(field.options().SerializeAsString());
  return options.GetExtension(config::v1::rule);
}

// The comment above a declaration, as one line.
template <typename Descriptor>
std::string CommentOf(const Descriptor& descriptor) {
  pb::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return "";
  std::string text;
  for (const char c : location.leading_comments) {
    if (c == '|') text += '\\';
    if (c == '\n' || (c == ' ' && (text.empty() || text.back() == ' '))) {
      if (!text.empty() && text.back() != ' ') text += ' ';
    } else {
      text += c;
    }
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string TypeOf(const pb::FieldDescriptor& field) {
  std::string type;
  if (field.message_type() != nullptr && field.message_type()->full_name() == "google.protobuf.Duration") {
    type = "duration";
  } else if (field.message_type() != nullptr) {
    type = fmt::format("[{}](#{})", field.message_type()->name(), Lower(field.message_type()->name()));
  } else if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING) {
    type = "text";
  } else if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_BOOL) {
    type = "true or false";
  } else {
    type = field.name().ends_with("_bytes") ? "size" : "number";
  }
  return field.is_repeated() ? "list of " + type : type;
}

void PrintMessage(const pb::Descriptor& message) {
  fmt::print("\n## {}\n\n{}\n\n| option | type | default | limits | meaning |\n|---|---|---|---|---|\n", message.name(), CommentOf(message));
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    const config::v1::OptionRule rule = RuleOf(field);
    std::string limits;
    if (!rule.minimum().empty()) limits += "at least " + rule.minimum() + " ";
    if (!rule.maximum().empty()) limits += "at most " + rule.maximum() + (field.is_repeated() ? " items " : " ");
    for (const std::string& choice : rule.one_of()) limits += choice + " ";
    if (rule.existing_file()) limits += "existing file ";
    fmt::print("| `{}` | {} | {} | {} | {} |\n", field.name(), TypeOf(field),
               rule.required() ? "required" : rule.default_value().empty() ? "" : "`" + rule.default_value() + "`", limits, CommentOf(field));
  }
}

int PrintConfiguration(const std::string& source_dir) {
  pb::compiler::DiskSourceTree tree;
  tree.MapPath("", source_dir + "/proto");
  tree.MapPath("", "/usr/include");
  pb::compiler::Importer importer(&tree, nullptr);
  std::printf("# Configuration\n\nEach service reads one YAML file (`--config FILE`); the top of the file is the message of that name below, and a group\n"
              "of options is a mapping. Unknown keys, duplicate keys and values outside their limits stop the start, all of a file together,\n"
              "each with its place. Relative paths are taken from the folder of the file. `--print-config` prints the file with all\n"
              "defaults. This page is written by `scripts/update-docs`.\n");
  for (const char* file : {"receiver", "normalizer", "detector", "all_in_one", "common"}) {
    const pb::FileDescriptor* descriptor = importer.Import(fmt::format("zoomwatch/config/v1/{}.proto", file));
    if (descriptor == nullptr) return 1;
    for (int i = 0; i < descriptor->message_type_count(); ++i) PrintMessage(*descriptor->message_type(i));
  }
  return 0;
}

}  // namespace
}  // namespace zoomwatch

int main(int argc, char** argv) {
  const std::string page = argc > 1 ? argv[1] : "";
  if (page == "error-reasons") {
    zoomwatch::PrintReasons();
  } else if (page == "metrics") {
    zoomwatch::PrintMetrics();
  } else if (page == "kql") {
    return zoomwatch::PrintKql();
  } else if (page == "configuration" && argc > 2) {
    return zoomwatch::PrintConfiguration(argv[2]);
  } else {
    std::fprintf(stderr, "usage: print_reference error-reasons | metrics | kql | configuration SOURCE_DIR\n");
    return 2;
  }
  return 0;
}
