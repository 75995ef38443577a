// Where rule files come from: the only way by which common/ruleset reaches files. Threading: one caller at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace zoomwatch::ruleset {

struct RuleFile {
  std::string name;                 // for people, and stable: a file that changes keeps it
  std::optional<std::string> text;  // nothing when it cannot be read
  std::string problem;              // then: why
};

class RuleSource {
 public:
  virtual ~RuleSource() = default;
  // Names the source in messages.
  virtual const std::string& name() const = 0;
  // All files, by name. Error: the source as a whole cannot be read.
  virtual absl::StatusOr<std::vector<RuleFile>> Read() const = 0;
};

// The files *.yaml and *.yml of a folder and its subfolders, but for case files (*.test.yaml) and what begins with a dot (so that a
// mounted ConfigMap, whose files are links into hidden folders, is read once). Names are paths below the folder.
// Limits: max_files, beyond which Read() fails; the size of a file is the reader's, but no more than one byte beyond it is read.
// Errors: CONFIG_UNREADABLE.
class FolderRuleSource final : public RuleSource {
 public:
  static constexpr std::size_t kMaxFiles = 10'000;

  explicit FolderRuleSource(std::string folder, std::size_t max_files = kMaxFiles);
  const std::string& name() const override { return folder_; }
  absl::StatusOr<std::vector<RuleFile>> Read() const override;

 private:
  const std::string folder_;
  const std::size_t max_files_;
};

}  // namespace zoomwatch::ruleset
