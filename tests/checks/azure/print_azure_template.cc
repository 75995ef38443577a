// Prints azure/main.json for the repository in a folder: print_azure_template ROOT. scripts/update-docs writes it; a test compares it.
#include <cstdio>
#include <string>

#include "tests/checks/azure/template_writer.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: print_azure_template ROOT\n");
    return 2;
  }
  const absl::StatusOr<std::string> text = zoomwatch::azure::WriteTemplate(argv[1]);
  if (!text.ok()) {
    std::fprintf(stderr, "%s\n", std::string(text.status().message()).c_str());
    return 1;
  }
  std::fwrite(text->data(), 1, text->size(), stdout);
  return 0;
}
