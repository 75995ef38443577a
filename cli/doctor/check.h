// What `zoomwatch doctor` found out, one check after the other. Plain data; not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zoomwatch::cli {

enum class Verdict {
  kOk,
  kWarning,  // works now; a person should look at it
  kFailed,
  kSkipped,  // could not be asked, and why
};

struct Check {
  Verdict verdict = Verdict::kOk;
  std::string name;     // of the check: "certificate"
  std::string finding;  // what was seen, and where
  std::string remedy;   // what to do; empty when it is OK
};

using Checks = std::vector<Check>;

inline void Pass(Checks& checks, std::string_view name, std::string finding) {
  checks.push_back({Verdict::kOk, std::string(name), std::move(finding), {}});
}
inline void Warn(Checks& checks, std::string_view name, std::string finding, std::string remedy) {
  checks.push_back({Verdict::kWarning, std::string(name), std::move(finding), std::move(remedy)});
}
inline void Fail(Checks& checks, std::string_view name, std::string finding, std::string remedy) {
  checks.push_back({Verdict::kFailed, std::string(name), std::move(finding), std::move(remedy)});
}
inline void Skip(Checks& checks, std::string_view name, std::string finding, std::string remedy) {
  checks.push_back({Verdict::kSkipped, std::string(name), std::move(finding), std::move(remedy)});
}

bool AnyFailed(const Checks& checks);
// A line per check, and what to do below those that are not OK.
std::string ChecksTable(const Checks& checks);
std::string ChecksJson(const Checks& checks);

}  // namespace zoomwatch::cli
