#include "common/config/config.h"

#include <fmt/format.h>
#include <google/protobuf/duration.pb.h>
#include <re2/re2.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "common/config/nearest_name.h"
#include "common/config/values.h"
#include "common/status/reasons.h"
#include "common/status/status_macros.h"
#include "common/yaml/yaml.h"
#include "zoomwatch/config/v1/option_rule.pb.h"

namespace zoomwatch {
namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;

namespace pb = google::protobuf;
using config::ParseDuration;
using config::ParseInteger;
using ::zoomwatch::config::v1::OptionRule;

const OptionRule& RuleOf(const pb::FieldDescriptor& field) { return field.options().GetExtension(config::v1::rule); }

bool IsDuration(const pb::FieldDescriptor& field) {
  return field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE &&
         field.message_type()->full_name() == "google.protobuf.Duration";
}
bool IsGroup(const pb::FieldDescriptor& field) {
  return field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE && !IsDuration(field);
}
// "file:line:column".
std::string At(const std::string& file_name, const yaml::Place& place) {
  return place.line == 0 ? file_name : fmt::format("{}:{}:{}", file_name, place.line, place.column);
}

bool IsSize(const pb::FieldDescriptor& field) { return field.name().ends_with("_bytes"); }

// One pass over file and message descriptor together; faults are collected.
class Loader {
 public:
  Loader(const std::string& file_name, std::filesystem::path base) : file_name_(file_name), base_(std::move(base)) {}

  void LoadGroup(const yaml::Node& node, const std::string& path, pb::Message* message) {
    if (node.kind != yaml::Node::Kind::kMapping && node.kind != yaml::Node::Kind::kNull) {
      return Fault(Reason::kConfigInvalidValue, node, path, fmt::format("expected a mapping, found {}", KindName(node.kind)));
    }
    const pb::Descriptor& descriptor = *message->GetDescriptor();
    CheckOneofs(node, path, message);
    for (const auto& [key, value] : node.entries) {
      const pb::FieldDescriptor* field = descriptor.FindFieldByName(key.text);
      if (field == nullptr) {
        Unknown(key, path, descriptor);
      } else {
        LoadField(value.kind == yaml::Node::Kind::kNull ? key : value, value, Join(path, key.text), *field, message);
      }
    }
    for (int i = 0; i < descriptor.field_count(); ++i) Complete(node, path, *descriptor.field(i), message);
  }

  absl::Status status() const {
    if (faults_.empty()) return absl::OkStatus();
    std::string text;
    for (const auto& fault : faults_) text += (text.empty() ? "" : "\n") + fault.second;
    return Error(faults_[0].first, text);
  }

 private:
  static std::string Join(const std::string& path, const std::string& name) { return path.empty() ? name : path + "." + name; }

  void Fault(Reason reason, const yaml::Node& node, const std::string& path, std::string_view what) {
    faults_.emplace_back(reason, fmt::format("{}: {}{}{}", At(file_name_, node.place), path, path.empty() ? "" : ": ", what));
  }

  void Unknown(const yaml::Node& key, const std::string& path, const pb::Descriptor& descriptor) {
    std::vector<std::string_view> names;
    for (int i = 0; i < descriptor.field_count(); ++i) names.emplace_back(descriptor.field(i)->name());
    const std::string_view nearest = config::NearestName(key.text, names);
    std::string what = "no such option";
    if (!nearest.empty()) {
      what += fmt::format("; did you mean {}?", nearest);
    } else {
      what += "; here may stand:";
      for (int i = 0; i < descriptor.field_count(); ++i) what += " " + descriptor.field(i)->name();
    }
    Fault(Reason::kConfigUnknownKey, key, Join(path, key.text), what);
  }

  // `place` is where to point at; `node` holds the value.
  void LoadField(const yaml::Node& place, const yaml::Node& node, const std::string& path, const pb::FieldDescriptor& field,
                 pb::Message* message) {
    const pb::Reflection& reflection = *message->GetReflection();
    if (field.is_repeated()) return LoadList(place, node, path, field, message);
    if (IsGroup(field)) return LoadGroup(node, path, reflection.MutableMessage(message, &field));
    if (node.kind != yaml::Node::Kind::kScalar) {
      return Fault(Reason::kConfigInvalidValue, place, path, fmt::format("expected a value, found {}", KindName(node.kind)));
    }
    LoadScalar(node, path, node.text, field, message);
  }

  void LoadList(const yaml::Node& place, const yaml::Node& node, const std::string& path, const pb::FieldDescriptor& field,
                pb::Message* message) {
    if (node.kind != yaml::Node::Kind::kList) {
      return Fault(Reason::kConfigInvalidValue, place, path, fmt::format("expected a list, found {}", KindName(node.kind)));
    }
    const auto most = ParseInteger(RuleOf(field).maximum(), false);
    if (most.has_value() && static_cast<int64_t>(node.items.size()) > *most) {
      Fault(Reason::kConfigInvalidValue, place, path, fmt::format("{} items exceed {}", node.items.size(), *most));
    }
    for (size_t i = 0; i < node.items.size(); ++i) {
      const std::string item_path = fmt::format("{}[{}]", path, i);
      const yaml::Node& item = node.items[i];
      if (IsGroup(field)) {
        LoadGroup(item, item_path, message->GetReflection()->AddMessage(message, &field));
      } else if (item.kind != yaml::Node::Kind::kScalar) {
        Fault(Reason::kConfigInvalidValue, item, item_path, fmt::format("expected a value, found {}", KindName(item.kind)));
      } else {
        LoadScalar(item, item_path, item.text, field, message);
      }
    }
  }

  // Parses, checks and sets (or appends) one scalar. Used for values of the file and for defaults alike.
  void LoadScalar(const yaml::Node& node, const std::string& path, const std::string& text, const pb::FieldDescriptor& field,
                  pb::Message* message) {
    const pb::Reflection& reflection = *message->GetReflection();
    if (IsDuration(field)) {
      if (const auto value = Checked(node, path, text, field, ParseDuration, "a duration such as 250ms, 3s, 90m, 24h or 30d")) {
        auto* duration = static_cast<pb::Duration*>(reflection.MutableMessage(message, &field));
        duration->set_seconds(absl::ToInt64Seconds(*value));
        duration->set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(*value - absl::Seconds(duration->seconds()))));
      }
      return;
    }
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        if (text == "true" || text == "false") return reflection.SetBool(message, &field, text == "true");
        return Fault(Reason::kConfigInvalidValue, node, path, fmt::format("expected true or false, found \"{}\"", text));
      case pb::FieldDescriptor::CPPTYPE_INT32:
      case pb::FieldDescriptor::CPPTYPE_INT64: return LoadInteger(node, path, text, field, message);
      case pb::FieldDescriptor::CPPTYPE_STRING: return LoadString(node, path, text, field, message);
      default: return Fault(Reason::kConfigMalformed, node, path, "options of this type are not supported");
    }
  }

  // The parsed value, when it is well-formed and within the rule's limits.
  template <typename Parse>
  auto Checked(const yaml::Node& node, const std::string& path, const std::string& text, const pb::FieldDescriptor& field,
               Parse parse, std::string_view expected) -> decltype(parse(text)) {
    const auto value = parse(text);
    if (!value.has_value()) {
      Fault(Reason::kConfigInvalidValue, node, path, fmt::format("expected {}, found \"{}\"", expected, text));
      return std::nullopt;
    }
    const OptionRule& rule = RuleOf(field);
    if (const auto least = parse(rule.minimum()); !rule.minimum().empty() && *value < *least) {
      Fault(Reason::kConfigInvalidValue, node, path, fmt::format("{} is less than {}", text, rule.minimum()));
      return std::nullopt;
    }
    if (const auto most = parse(rule.maximum()); !rule.maximum().empty() && *value > *most) {
      Fault(Reason::kConfigInvalidValue, node, path, fmt::format("{} exceeds {}", text, rule.maximum()));
      return std::nullopt;
    }
    return value;
  }

  void LoadInteger(const yaml::Node& node, const std::string& path, const std::string& text, const pb::FieldDescriptor& field,
                   pb::Message* message) {
    const bool is_size = IsSize(field);
    const auto parse = [is_size](std::string_view t) { return ParseInteger(t, is_size); };
    const auto value = Checked(node, path, text, field, parse,
                               is_size ? "a number of bytes such as 65536, 64KiB, 1MiB or 10GiB" : "a whole number");
    if (!value.has_value()) return;
    const pb::Reflection& reflection = *message->GetReflection();
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_INT64) return reflection.SetInt64(message, &field, *value);
    if (*value > INT32_MAX || *value < INT32_MIN) {
      return Fault(Reason::kConfigInvalidValue, node, path, fmt::format("{} exceeds {}", text, INT32_MAX));
    }
    reflection.SetInt32(message, &field, static_cast<int32_t>(*value));
  }

  void LoadString(const yaml::Node& node, const std::string& path, const std::string& text, const pb::FieldDescriptor& field,
                  pb::Message* message) {
    const OptionRule& rule = RuleOf(field);
    if (text.find('\0') != std::string::npos) return Fault(Reason::kConfigInvalidValue, node, path, "holds a zero byte");
    if (!rule.one_of().empty() && std::find(rule.one_of().begin(), rule.one_of().end(), text) == rule.one_of().end()) {
      std::string choices;
      for (const std::string& choice : rule.one_of()) choices += (choices.empty() ? "" : ", ") + choice;
      return Fault(Reason::kConfigInvalidValue, node, path, fmt::format("\"{}\" is none of {}", text, choices));
    }
    if (!rule.pattern().empty() && !text.empty() && !re2::RE2::FullMatch(text, rule.pattern())) {
      return Fault(Reason::kConfigInvalidValue, node, path, fmt::format("\"{}\" does not match {}", text, rule.pattern()));
    }
    std::string value = text;
    if ((rule.path() || rule.existing_file()) && !value.empty()) value = (base_ / value).lexically_normal();
    if (rule.existing_file() && !value.empty()) CheckFile(node, path, value);
    const pb::Reflection& reflection = *message->GetReflection();
    if (field.is_repeated()) return reflection.AddString(message, &field, value);
    reflection.SetString(message, &field, value);
  }

  void CheckFile(const yaml::Node& node, const std::string& path, const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    std::error_code error;
    if (!stream || std::filesystem::is_directory(file, error)) {
      return Fault(Reason::kSecretUnreadable, node, path, fmt::format("{} cannot be read", file));
    }
    if (stream.peek() == std::ifstream::traits_type::eof()) {
      Fault(Reason::kSecretEmpty, node, path, fmt::format("{} is empty", file));
    }
  }

  void CheckOneofs(const yaml::Node& node, const std::string& path, pb::Message* message) {
    const pb::Descriptor& descriptor = *message->GetDescriptor();
    for (int i = 0; i < descriptor.real_oneof_decl_count(); ++i) {
      const pb::OneofDescriptor& oneof = *descriptor.oneof_decl(i);
      std::string members;
      int present = 0;
      for (int f = 0; f < oneof.field_count(); ++f) {
        const std::string& name = oneof.field(f)->name();
        members += (members.empty() ? "" : ", ") + name;
        for (const auto& entry : node.entries) present += entry.key.text == name ? 1 : 0;
      }
      if (present != 1) Fault(present == 0 ? Reason::kConfigMissingKey : Reason::kConfigInvalidValue, node, path,
                              fmt::format("exactly one of {} must be present, found {}", members, present));
    }
  }

  // Applies the default of an absent option, or reports that it is missing.
  void Complete(const yaml::Node& node, const std::string& path, const pb::FieldDescriptor& field, pb::Message* message) {
    if (field.real_containing_oneof() != nullptr) return;
    const OptionRule& rule = RuleOf(field);
    const pb::Reflection& reflection = *message->GetReflection();
    const bool present = std::any_of(node.entries.begin(), node.entries.end(),
                                     [&](const auto& entry) { return entry.key.text == field.name(); });
    const std::string field_path = Join(path, field.name());
    if (rule.required() && (!present || IsEmpty(field, *message))) {
      // An empty value that is present was parsed without a fault; anything else already has its fault.
      if (!present || faults_.empty() || !Mentioned(field_path)) {
        Fault(Reason::kConfigMissingKey, node, field_path, present ? "must not be empty" : "is required");
      }
      return;
    }
    if (present || field.is_repeated()) return;
    if (IsGroup(field)) {
      if (!HoldsRequired(*field.message_type())) LoadGroup(yaml::Node{.place = node.place}, field_path,
                                                           reflection.MutableMessage(message, &field));
    } else if (!rule.default_value().empty()) {
      LoadScalar(node, field_path, rule.default_value(), field, message);
    }
  }

  bool Mentioned(const std::string& path) const {
    return std::any_of(faults_.begin(), faults_.end(),
                       [&](const auto& fault) { return fault.second.find(": " + path) != std::string::npos; });
  }

  static bool IsEmpty(const pb::FieldDescriptor& field, const pb::Message& message) {
    const pb::Reflection& reflection = *message.GetReflection();
    if (field.is_repeated()) return reflection.FieldSize(message, &field) == 0;
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING) return reflection.GetString(message, &field).empty();
    return !reflection.HasField(message, &field);
  }

  static bool HoldsRequired(const pb::Descriptor& descriptor) {
    if (descriptor.real_oneof_decl_count() > 0) return true;
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const pb::FieldDescriptor& field = *descriptor.field(i);
      if (RuleOf(field).required()) return true;
    }
    return false;
  }

  const std::string& file_name_;
  const std::filesystem::path base_;
  std::vector<std::pair<Reason, std::string>> faults_;
};

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string ScalarText(const pb::Message& message, const pb::FieldDescriptor& field, int index) {
  const pb::Reflection& reflection = *message.GetReflection();
  if (IsDuration(field)) {
    const auto& duration = static_cast<const pb::Duration&>(reflection.GetMessage(message, &field));
    return config::FormatDuration(absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos()));
  }
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_BOOL: return reflection.GetBool(message, &field) ? "true" : "false";
    case pb::FieldDescriptor::CPPTYPE_INT32: return fmt::format("{}", reflection.GetInt32(message, &field));
    case pb::FieldDescriptor::CPPTYPE_INT64: return fmt::format("{}", reflection.GetInt64(message, &field));
    default:
      return Quoted(field.is_repeated() ? reflection.GetRepeatedString(message, &field, index)
                                        : reflection.GetString(message, &field));
  }
}

void PrintGroup(const pb::Message& message, const std::string& indent, std::string* out);

void PrintList(const pb::Message& message, const pb::FieldDescriptor& field, const std::string& indent, std::string* out) {
  const pb::Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (!IsGroup(field)) {
      *out += fmt::format("{}  - {}\n", indent, ScalarText(message, field, i));
      continue;
    }
    std::string item;
    PrintGroup(reflection.GetRepeatedMessage(message, &field, i), indent + "    ", &item);
    if (!item.empty()) item.replace(indent.size() + 2, 1, "-");
    *out += item;
  }
}

void PrintGroup(const pb::Message& message, const std::string& indent, std::string* out) {
  std::vector<const pb::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->is_repeated()) {
      *out += fmt::format("{}{}:\n", indent, field->name());
      PrintList(message, *field, indent, out);
    } else if (IsGroup(*field)) {
      *out += fmt::format("{}{}:\n", indent, field->name());
      PrintGroup(message.GetReflection()->GetMessage(message, field), indent + "  ", out);
    } else {
      *out += fmt::format("{}{}: {}\n", indent, field->name(), ScalarText(message, *field, 0));
    }
  }
}

}  // namespace

absl::Status ParseConfig(std::string_view text, const std::string& file_name, const std::string& base_directory,
                         pb::Message* config) {
  config->Clear();
  std::vector<yaml::Fault> faults;
  const std::optional<yaml::Node> root = yaml::Parse(text, kMaxConfigBytes, faults);
  if (!faults.empty()) {
    const bool twice = faults[0].kind == yaml::Fault::Kind::kDuplicateKey;
    return Error(twice ? Reason::kConfigDuplicateKey : Reason::kConfigMalformed,
                 fmt::format("{}: {}", At(file_name, faults[0].place), faults[0].message));
  }
  Loader loader(file_name, base_directory);
  loader.LoadGroup(*root, "", config);
  return loader.status();
}

absl::Status LoadConfigFile(const std::string& path, pb::Message* config) {
  std::ifstream stream(path, std::ios::binary);
  std::error_code error;
  if (!stream || std::filesystem::is_directory(path, error)) {
    return Error(Reason::kConfigUnreadable, fmt::format("{}: cannot be read", path));
  }
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  return ParseConfig(text, path, std::filesystem::absolute(path, error).parent_path(), config);
}

std::string PrintConfig(const pb::Message& config) {
  std::string text;
  PrintGroup(config, "", &text);
  return text;
}

}  // namespace zoomwatch
