// Reads comma-separated values as RFC 4180 has them, line ends of \n too. Thread-compatible; keeps a view of the text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace zoomwatch::cli {

class CsvReader {
 public:
  CsvReader(std::string_view text, char separator) : rest_(text), separator_(separator) {}

  // Reads the next record into `fields`; false at the end. Lines without anything in them are passed over.
  // Errors: INVALID_ARGUMENT for a quote that is not closed, or is followed by something else than a separator.
  absl::StatusOr<bool> Next(std::vector<std::string>& fields);

  // The line, from 1, on which the record begins that was read last.
  std::size_t line() const { return record_line_; }

 private:
  absl::Status ReadField(std::string& field);
  void TakeLineEnd();

  std::string_view rest_;
  char separator_;
  std::size_t line_ = 1;
  std::size_t record_line_ = 0;
};

}  // namespace zoomwatch::cli
