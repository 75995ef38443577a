// Reads a configuration file into its message: the one place where defaults, limits and required options are enforced.
// What holds for each option stands beside it in proto/zoomwatch/config/v1 (OptionRule). See docs/adr on configuration.
//
// After success every option that has a default has a value, so services hold no second default. A group of options that is absent
// gets its defaults, unless it holds a required option: then it stays absent (has_x() is false), or is an error when it is
// required itself. A `oneof` must have exactly one member. Relative paths are taken from the folder of the file.
// Unknown keys, duplicate keys, wrong types and values outside their limits are errors; all of a file are reported together, a
// line each: "file:line:column: path.of.the.key: what is wrong". The status carries the reason of the first.
// Errors: CONFIG_UNREADABLE, CONFIG_MALFORMED, CONFIG_UNKNOWN_KEY, CONFIG_DUPLICATE_KEY, CONFIG_INVALID_VALUE, CONFIG_MISSING_KEY,
// SECRET_UNREADABLE and SECRET_EMPTY for files that must exist. Limits: 1 MiB of text, yaml::kMaxDepth. Pure apart from reading the files; thread-safe.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace zoomwatch {

// After an error the message's content is unspecified.
absl::Status LoadConfigFile(const std::string& path, google::protobuf::Message* config);

// As LoadConfigFile, for a text; `file_name` is for messages, `base_directory` for relative paths.
absl::Status ParseConfig(std::string_view text, const std::string& file_name, const std::string& base_directory,
                         google::protobuf::Message* config);

// The configuration as YAML that ParseConfig() reads back to an equal message. Holds no secrets, only names of files.
std::string PrintConfig(const google::protobuf::Message& config);

}  // namespace zoomwatch
