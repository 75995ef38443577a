// Makes azure/main.json, the template that is deployed, from azure/source/main.json and what the programs know. Not thread-safe.
//
// An object with one of these keys alone stands in the source for something else:
//
//   {"zoomwatch:stream": T}      the columns of table T as a stream declaration has them; T is "events" or "alerts"
//   {"zoomwatch:table": T}       the columns of table T as a table has them
//   {"zoomwatch:text": [F...]}   the text of files, one behind the other
//   {"zoomwatch:json": F}        a JSON file, its own directives carried out, as one line of text
//   {"zoomwatch:hunting": D}     the hunting queries among the rule files of a folder
//
// Files are named from the root of the repository.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace zoomwatch::azure {

// The template, ending in a line end. Errors: INVALID_ARGUMENT, naming the file and what is wrong.
absl::StatusOr<std::string> WriteTemplate(const std::string& root);

}  // namespace zoomwatch::azure
