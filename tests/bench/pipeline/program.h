// A program of the build as a process, with its CPU time. For benchmarks; aborts on failure.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace zoomwatch::bench {

class Program {
 public:
  // Standard output goes to <output>.out, standard error to <output>.log.
  Program(const std::string& path, const std::vector<std::string>& arguments, const std::string& output);
  ~Program();  // kills it when it still runs
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Sends the signal, unless it is 0, and waits for the end. Returns the CPU seconds of the process.
  double End(int signal_number);
  // REQUIRES: End().
  bool ended_well() const { return ended_well_; }

 private:
  pid_t pid_ = 0;
  bool ended_well_ = false;
};

}  // namespace zoomwatch::bench
