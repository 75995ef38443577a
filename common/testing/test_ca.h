// A certificate authority for tests: makes PEM files of ECDSA P-256 keys and certificates at test time, so that none is checked in
// and none expires. Aborts on failure. For tests only.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace zoomwatch::testing {

struct CertificateFiles {
  std::string certificate_file;
  std::string private_key_file;
};

class TestCa {
 public:
  // Writes <directory>/<name>.pem. The directory must exist and outlives the object.
  TestCa(std::filesystem::path directory, const std::string& name);

  // File with the authority's own certificate.
  const std::string& ca_file() const { return ca_.certificate_file; }

  struct Request {
    std::string common_name;
    std::vector<std::string> subject_alternative_names = {"DNS:localhost", "IP:127.0.0.1"};
    absl::Duration valid_from = -absl::Hours(1);   // relative to now
    absl::Duration valid_until = absl::Hours(24);  // relative to now
  };
  // Writes <directory>/<file_stem>.pem and .key, signed by this authority. Writing over existing files is atomic (rename), as
  // Kubernetes does it.
  CertificateFiles Issue(const std::string& file_stem, const Request& request) const;

 private:
  const std::filesystem::path directory_;
  CertificateFiles ca_;
};

}  // namespace zoomwatch::testing
