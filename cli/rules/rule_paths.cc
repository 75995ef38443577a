#include "cli/rules/rule_paths.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "common/status/reasons.h"
#include "common/status/status_macros.h"

namespace zoomwatch::cli {
namespace {

class SingleFile final : public ruleset::RuleSource {
 public:
  explicit SingleFile(std::string path) : path_(std::move(path)) {}
  const std::string& name() const override { return path_; }
  absl::StatusOr<std::vector<ruleset::RuleFile>> Read() const override {
    ZOOMWATCH_ASSIGN_OR_RETURN(std::string text, ReadText(path_));
    return std::vector<ruleset::RuleFile>{{.name = path_, .text = std::move(text), .problem = {}}};
  }

 private:
  const std::string path_;
};

}  // namespace

absl::StatusOr<std::vector<std::unique_ptr<ruleset::RuleSource>>> SourcesOf(const std::vector<std::string>& paths) {
  std::vector<std::unique_ptr<ruleset::RuleSource>> sources;
  for (const std::string& path : paths) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
      sources.push_back(std::make_unique<ruleset::FolderRuleSource>(path));
    } else if (std::filesystem::is_regular_file(path, error)) {
      sources.push_back(std::make_unique<SingleFile>(path));
    } else {
      return Error(Reason::kConfigUnreadable, path + ": is neither a folder nor a file");
    }
    ZOOMWATCH_RETURN_IF_ERROR(sources.back()->Read().status());
  }
  return sources;
}

std::string PathOf(const std::string& source, const std::string& file) {
  return source == file ? file : (std::filesystem::path(source) / file).string();
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.good() && !file.eof()) return Error(Reason::kConfigUnreadable, path + ": cannot be read");
  return text;
}

}  // namespace zoomwatch::cli
