#include "tests/integration/cli/program.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "common/status/check.h"

namespace zoomwatch::testing {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Empty `out_file`: standard output stays that of the test.
pid_t Launch(const std::string& program, const std::vector<std::string>& arguments, const std::string& out_file,
             const std::string& error_file) {
  const std::string path = std::string(std::getenv("ZOOMWATCH_BIN_DIR")) + "/" + program;
  std::vector<char*> argv = {const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = fork();
  ZOOMWATCH_CHECK(pid >= 0);
  if (pid != 0) return pid;
  if (!out_file.empty()) dup2(open(out_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
  dup2(open(error_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
  execv(path.c_str(), argv.data());
  _exit(127);
}

int WaitForEnd(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

ProgramResult RunProgram(const std::string& program, const std::vector<std::string>& arguments) {
  const TempDir dir;
  const pid_t pid = Launch(program, arguments, dir.file("out"), dir.file("error"));
  const int code = WaitForEnd(pid);
  return {.code = code, .out = ReadAll(dir.file("out")), .error = ReadAll(dir.file("error"))};
}

BackgroundProgram::BackgroundProgram(const std::string& program, const std::vector<std::string>& arguments,
                                     const std::string& log_file)
    : pid_(Launch(program, arguments, "", log_file)) {}

BackgroundProgram::~BackgroundProgram() { End(SIGKILL); }

int BackgroundProgram::End(int signal_number) {
  if (pid_ <= 0) return -1;
  kill(pid_, signal_number);
  const int code = WaitForEnd(pid_);
  pid_ = 0;
  return code;
}

std::string HttpGet(const std::string& host, uint16_t port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval timeout{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  std::string text;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    ssize_t count = 0;
    while ((count = recv(fd, buffer, sizeof buffer, 0)) > 0) text.append(buffer, static_cast<size_t>(count));
  }
  close(fd);
  const size_t body = text.find("\r\n\r\n");
  return text.starts_with("HTTP/1.1 200") && body != std::string::npos ? text.substr(body + 4) : "";
}

PipelineFolder::PipelineFolder() : seed_(std::random_device{}()), random_(seed_) {
  const auto part = [this] { return std::to_string(1 + random_() % 250); };
  host_ = "127." + part() + "." + part() + "." + part();
  Write("token", "cli-test-secret");
  Write("all.yaml", "webhook: {listen_address: '" + host_ + ":8443', allow_plaintext: true}\n" +
                        "zoom_accounts: [{name: main, secret_token_files: [token]}]\n"
                        "spool: {directory: spool, segment_bytes: 4MiB}\n"
                        "store: {directory: store}\n"
                        "delivery: {json_lines: {file: rows.jsonl}}\n"
                        "admin: {listen_address: '" +
                        host_ + ":9090'}\n" + "grpc: {listen_address: '" + host_ + ":9191', allow_plaintext: true}\n");
}

PipelineFolder::~PipelineFolder() {
  pipeline_.reset();
  if (HasFailure()) std::printf("seed %u\n%s", seed_, ReadAll(dir_.file("run.log")).c_str());
}

void PipelineFolder::Write(const std::string& name, const std::string& text) const {
  std::ofstream(dir_.file(name)) << text;
}

void PipelineFolder::Start() {
  pipeline_ = std::make_unique<BackgroundProgram>(
      "zoomwatch", std::vector<std::string>{"run", "--config", dir_.file("all.yaml")}, dir_.file("run.log"));
  for (int attempt = 0; attempt < 600; ++attempt) {
    if (!HttpGet(host_, kAdminPort, "/readyz").empty()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  FAIL() << "zoomwatch run did not become ready";
}

std::vector<std::string> PipelineFolder::Rows() const {
  std::ifstream file(dir_.file("rows.jsonl"));
  std::vector<std::string> rows;
  for (std::string line; std::getline(file, line);) rows.push_back(line);
  return rows;
}

std::vector<std::string> PipelineFolder::WaitForRows(size_t count) const {
  for (int attempt = 0; attempt < 1500 && Rows().size() < count; ++attempt)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  return Rows();
}

}  // namespace zoomwatch::testing
