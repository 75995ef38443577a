#include "tests/checks/proto/contract.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor_database.h>

#include <algorithm>
#include <filesystem>

namespace zoomwatch::proto_check {
namespace {

namespace pb = google::protobuf;
namespace fs = std::filesystem;

constexpr std::string_view kSeparator = ": ";

class ErrorList : public pb::compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& file, int line, int column, const std::string& message) override {
    text_ += fmt::format("{}:{}:{}: {}\n", file, line + 1, column + 1, message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string TypeOf(const pb::FieldDescriptor& field) {
  if (field.is_map()) {
    return fmt::format("map<{}, {}>", TypeOf(*field.message_type()->map_key()), TypeOf(*field.message_type()->map_value()));
  }
  if (field.message_type() != nullptr) return field.message_type()->full_name();
  if (field.enum_type() != nullptr) return field.enum_type()->full_name();
  return field.type_name();
}

std::string LabelOf(const pb::FieldDescriptor& field) {
  if (field.is_map()) return "";
  if (field.is_repeated()) return "repeated ";
  if (field.is_required()) return "required ";
  return field.has_optional_keyword() ? "optional " : "";
}

std::string TextOf(const pb::FieldDescriptor& field) {
  std::string text = fmt::format("{} {}{}", field.number(), LabelOf(field), TypeOf(field));
  if (const pb::OneofDescriptor* const oneof = field.real_containing_oneof(); oneof != nullptr) text += " in oneof " + oneof->name();
  if (field.has_json_name()) text += " as " + field.json_name();
  if (field.is_extension()) text += " of " + field.containing_type()->full_name();
  return text;
}

void AddEnum(const pb::EnumDescriptor& type, Contract& contract) {
  contract["enum " + type.full_name()];
  for (int i = 0; i < type.value_count(); ++i) {
    const pb::EnumValueDescriptor& value = *type.value(i);
    // The full name of a value is that of a sibling of its type.
    contract[fmt::format("value {}.{}", type.full_name(), value.name())] = std::to_string(value.number());
  }
}

void AddExtension(const pb::FieldDescriptor& field, Contract& contract) { contract["extension " + field.full_name()] = TextOf(field); }

void AddMessage(const pb::Descriptor& message, Contract& contract) {
  if (message.options().map_entry()) return;  // stands in its field
  contract["message " + message.full_name()];
  for (int i = 0; i < message.field_count(); ++i) contract["field " + message.field(i)->full_name()] = TextOf(*message.field(i));
  for (int i = 0; i < message.nested_type_count(); ++i) AddMessage(*message.nested_type(i), contract);
  for (int i = 0; i < message.enum_type_count(); ++i) AddEnum(*message.enum_type(i), contract);
  for (int i = 0; i < message.extension_count(); ++i) AddExtension(*message.extension(i), contract);
}

void AddService(const pb::ServiceDescriptor& service, Contract& contract) {
  contract["service " + service.full_name()];
  for (int i = 0; i < service.method_count(); ++i) {
    const pb::MethodDescriptor& method = *service.method(i);
    contract["rpc " + method.full_name()] =
        fmt::format("{}{} returns {}{}", method.client_streaming() ? "stream " : "", method.input_type()->full_name(),
                    method.server_streaming() ? "stream " : "", method.output_type()->full_name());
  }
}

void AddFile(const pb::FileDescriptor& file, Contract& contract) {
  for (int i = 0; i < file.message_type_count(); ++i) AddMessage(*file.message_type(i), contract);
  for (int i = 0; i < file.enum_type_count(); ++i) AddEnum(*file.enum_type(i), contract);
  for (int i = 0; i < file.service_count(); ++i) AddService(*file.service(i), contract);
  for (int i = 0; i < file.extension_count(); ++i) AddExtension(*file.extension(i), contract);
}

std::string Line(const std::string& name, const std::string& text) {
  return text.empty() ? name : fmt::format("{}{}{}", name, kSeparator, text);
}

}  // namespace

absl::StatusOr<Contract> ReadProtos(pb::compiler::SourceTree& tree, const std::vector<std::string>& files) {
  // The well-known types are those that libprotobuf has in itself.
  pb::DescriptorPoolDatabase well_known(*pb::DescriptorPool::generated_pool());
  pb::compiler::SourceTreeDescriptorDatabase database(&tree, &well_known);
  ErrorList errors;
  database.RecordErrorsTo(&errors);
  pb::DescriptorPool pool(&database, database.GetValidationErrorCollector());
  Contract contract;
  for (const std::string& name : files) {
    const pb::FileDescriptor* const file = pool.FindFileByName(name);
    if (file == nullptr) return absl::InvalidArgumentError(fmt::format("{}: cannot be read\n{}", name, errors.text()));
    AddFile(*file, contract);
  }
  if (!errors.text().empty()) return absl::InvalidArgumentError(errors.text());
  return contract;
}

absl::StatusOr<Contract> ReadProtoFolder(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".proto") files.push_back(entry->path().lexically_relative(folder).generic_string());
  }
  if (error) return absl::NotFoundError(fmt::format("{}: {}", folder, error.message()));
  if (files.empty()) return absl::NotFoundError(fmt::format("{}: no .proto files", folder));
  std::sort(files.begin(), files.end());
  pb::compiler::DiskSourceTree tree;
  tree.MapPath("", folder);
  return ReadProtos(tree, files);
}

std::string ToText(const Contract& contract) {
  std::string out;
  for (const auto& [name, text] : contract) out += Line(name, text) + "\n";
  return out;
}

absl::StatusOr<Contract> ParseContract(std::string_view text) {
  Contract contract;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const size_t separator = line.find(kSeparator);
    std::string name(line.substr(0, separator));
    std::string value(separator == std::string_view::npos ? "" : line.substr(separator + kSeparator.size()));
    if (contract.contains(name)) return absl::InvalidArgumentError(fmt::format("twice: {}", name));
    contract.emplace(std::move(name), std::move(value));
  }
  return contract;
}

std::vector<std::string> FindBreaks(const Contract& before, const Contract& after) {
  std::vector<std::string> breaks;
  for (const auto& [name, text] : before) {
    const auto now = after.find(name);
    if (now == after.end()) {
      breaks.push_back(fmt::format("removed or renamed: {}", Line(name, text)));
    } else if (now->second != text) {
      breaks.push_back(fmt::format("changed: {}, now {}", Line(name, text), now->second));
    }
  }
  return breaks;
}

std::vector<std::string> FindAdditions(const Contract& before, const Contract& after) {
  std::vector<std::string> additions;
  for (const auto& [name, text] : after) {
    if (!before.contains(name)) additions.push_back(Line(name, text));
  }
  return additions;
}

}  // namespace zoomwatch::proto_check
