// Rule files by the paths of a command line: folders, and single files. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/ruleset/rule_source.h"

namespace zoomwatch::cli {

// One source per path. Errors: CONFIG_UNREADABLE for a path that is neither a folder nor a file.
absl::StatusOr<std::vector<std::unique_ptr<ruleset::RuleSource>>> SourcesOf(const std::vector<std::string>& paths);

// Where a file of that name lies below the source, for messages that an editor can follow.
std::string PathOf(const std::string& source, const std::string& file);

// The whole file; error CONFIG_UNREADABLE.
absl::StatusOr<std::string> ReadText(const std::string& path);

}  // namespace zoomwatch::cli
