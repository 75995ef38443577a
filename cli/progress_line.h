// How far a long command has come, as one line with a bar on standard error that is written over and over. Silent where that is no
// terminal. Threading: one thread. Ownership: the console outlives the line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/command.h"

namespace zoomwatch::cli {

// "[#####     ]  50%  100 of 200 events read", with `detail` behind it; without a total only the count.
std::string ProgressText(std::int64_t events, std::int64_t total, std::string_view detail = "");

class ProgressLine {
 public:
  explicit ProgressLine(const Console& console);
  // As Clear().
  ~ProgressLine();

  void Show(std::int64_t events, std::int64_t total, std::string_view detail = "");
  void Clear();
  // Whether there is a terminal.
  bool on() const { return on_; }

 private:
  const Console& console_;
  const bool on_;
  bool shown_ = false;
};

}  // namespace zoomwatch::cli
