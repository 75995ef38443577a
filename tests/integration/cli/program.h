// Programs as processes, and a folder with a configuration for `zoomwatch run`. For tests.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <random>
#include <string>
#include <vector>

#include "common/testing/temp_dir.h"

namespace zoomwatch::testing {

struct ProgramResult {
  int code = -1;  // exit code; -1: ended by a signal
  std::string out;
  std::string error;
};

// Runs build/<preset>/bin/<program> to its end.
ProgramResult RunProgram(const std::string& program, const std::vector<std::string>& arguments);

// A program in the background. Killed when the object goes.
class BackgroundProgram {
 public:
  // Standard error is appended to `log_file`.
  BackgroundProgram(const std::string& program, const std::vector<std::string>& arguments, const std::string& log_file);
  ~BackgroundProgram();
  BackgroundProgram(const BackgroundProgram&) = delete;
  BackgroundProgram& operator=(const BackgroundProgram&) = delete;

  // Sends the signal and waits for the end. The exit code; -1: ended by a signal.
  int End(int signal_number);

 private:
  pid_t pid_;
};

// The body of the answer to GET http://host:port/path; empty when there is none.
std::string HttpGet(const std::string& host, uint16_t port, const std::string& path);

// A folder with the configuration of the whole pipeline, on an address of this run's own, so that its fixed ports
// collide with nothing.
class PipelineFolder : public ::testing::Test {
 protected:
  static constexpr uint16_t kWebhookPort = 8443;
  static constexpr uint16_t kAdminPort = 9090;
  static constexpr uint16_t kGrpcPort = 9191;

  PipelineFolder();
  ~PipelineFolder() override;

  void Write(const std::string& name, const std::string& text) const;
  // Starts `zoomwatch run` and waits until it is ready.
  void Start();
  std::string url() const { return "http://" + host_ + ":8443/webhook"; }
  std::vector<std::string> Rows() const;
  // Waits until there are as many rows, then a little longer, so that one too many would be seen.
  std::vector<std::string> WaitForRows(size_t count) const;

  TempDir dir_;
  const unsigned seed_;
  std::mt19937 random_;
  std::string host_;
  std::unique_ptr<BackgroundProgram> pipeline_;
};

}  // namespace zoomwatch::testing
