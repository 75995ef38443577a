#include "common/ruleset/rule_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "common/ruleset/yaml_document.h"
#include "common/status/reasons.h"

namespace zoomwatch::ruleset {
namespace {

namespace fs = std::filesystem;

bool IsRuleFile(const std::string& name) {
  const auto ends_with = [&](std::string_view end) { return name.size() > end.size() && std::string_view(name).substr(name.size() - end.size()) == end; };
  if (name.front() == '.' || ends_with(".test.yaml") || ends_with(".test.yml")) return false;
  return ends_with(".yaml") || ends_with(".yml");
}

RuleFile ReadFile(const fs::path& folder, std::string name) {
  RuleFile file{.name = std::move(name)};
  // Whoever opened a pipe would wait for its other end.
  std::error_code error;
  if (const fs::file_type type = fs::status(folder / file.name, error).type(); type != fs::file_type::regular) {
    file.problem = error ? error.message() : "is no regular file";
    return file;
  }
  std::ifstream stream(folder / file.name, std::ios::binary);
  // One byte more than is allowed, so that the reader sees that it is too large.
  std::string text(kMaxRuleFileBytes + 1, '\0');
  if (stream) {
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
  }
  if (!stream.is_open() || stream.bad()) {
    file.problem = std::strerror(errno);
  } else {
    file.text = std::move(text);
  }
  return file;
}

}  // namespace

FolderRuleSource::FolderRuleSource(std::string folder, std::size_t max_files) : folder_(std::move(folder)), max_files_(max_files) {}

absl::StatusOr<std::vector<RuleFile>> FolderRuleSource::Read() const {
  std::error_code error;
  std::vector<std::string> names;
  fs::recursive_directory_iterator entry(folder_, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const std::string leaf = entry->path().filename().string();
    std::error_code kind_error;
    if (entry->is_directory(kind_error)) {
      if (leaf.front() == '.') entry.disable_recursion_pending();
      continue;
    }
    if (!IsRuleFile(leaf)) continue;
    if (names.size() == max_files_) {
      return Error(Reason::kConfigUnreadable, fmt::format("{}: more than {} rule files", folder_, max_files_));
    }
    names.push_back(entry->path().lexically_relative(folder_).generic_string());  // lexically: links keep their own names
  }
  if (error) return Error(Reason::kConfigUnreadable, fmt::format("{}: {}", folder_, error.message()));
  std::sort(names.begin(), names.end());
  std::vector<RuleFile> files;
  files.reserve(names.size());
  for (std::string& name : names) files.push_back(ReadFile(folder_, std::move(name)));
  return files;
}

}  // namespace zoomwatch::ruleset
