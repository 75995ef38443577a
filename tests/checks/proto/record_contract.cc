// record_contract SOURCE_DIR: adds what is new in the protos to tests/checks/proto/contract.txt. Refuses, and writes nothing, when
// something that is recorded there is broken. scripts/accept-proto-additions runs it.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/checks/proto/contract.h"

namespace zoomwatch::proto_check {
namespace {

constexpr std::string_view kAbout =
    "# The contract of proto/, recorded by scripts/accept-proto-additions (proto/README.md).\n"
    "# A line may be added, never removed or changed.\n";

int Fail(std::string_view text) {
  fmt::print(stderr, "record_contract: {}\n", text);
  return 1;
}

int Record(const std::string& source_dir) {
  const std::string path = source_dir + "/tests/checks/proto/contract.txt";
  std::ostringstream text;
  if (std::ifstream file(path); file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  const absl::StatusOr<Contract> recorded = ParseContract(text.str());
  if (!recorded.ok()) return Fail(fmt::format("{}: {}", path, std::string(recorded.status().message())));
  const absl::StatusOr<Contract> current = ReadProtoFolder(source_dir + "/proto");
  if (!current.ok()) return Fail(std::string(current.status().message()));
  const std::vector<std::string> breaks = FindBreaks(*recorded, *current);
  for (const std::string& line : breaks) fmt::print(stderr, "{}\n", line);
  if (!breaks.empty()) return Fail("the protos break what was promised; nothing was recorded");
  for (const std::string& line : FindAdditions(*recorded, *current)) fmt::print("added: {}\n", line);
  std::ofstream out(path);
  out << kAbout << ToText(*current);
  out.close();
  return out ? 0 : Fail(path + ": cannot be written");
}

}  // namespace
}  // namespace zoomwatch::proto_check

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: record_contract SOURCE_DIR\n");
    return 2;
  }
  return zoomwatch::proto_check::Record(argv[1]);
}
