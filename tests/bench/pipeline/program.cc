#include "tests/bench/pipeline/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/status/check.h"

namespace zoomwatch::bench {

Program::Program(const std::string& path, const std::vector<std::string>& arguments, const std::string& output) {
  std::vector<char*> argv = {const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const std::string out = output + ".out", log = output + ".log";
  pid_ = fork();
  ZOOMWATCH_CHECK(pid_ >= 0);
  if (pid_ != 0) return;
  dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
  dup2(open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
  execv(path.c_str(), argv.data());
  _exit(127);
}

Program::~Program() {
  if (pid_ > 0) End(SIGKILL);
}

double Program::End(int signal_number) {
  ZOOMWATCH_CHECK(pid_ > 0);
  if (signal_number != 0) kill(pid_, signal_number);
  int status = 0;
  rusage usage{};
  wait4(pid_, &status, 0, &usage);
  pid_ = 0;
  ended_well_ = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace zoomwatch::bench
