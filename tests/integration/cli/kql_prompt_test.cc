// The prompt of `zoomwatch kql`, typed to through a terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;

class KqlPrompt : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string program = std::string(std::getenv("ZOOMWATCH_BIN_DIR")) + "/zoomwatch";
    winsize size{.ws_row = 40, .ws_col = 120, .ws_xpixel = 0, .ws_ypixel = 0};
    pid_ = forkpty(&terminal_, nullptr, nullptr, &size);
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      execl(program.c_str(), "zoomwatch", "kql", static_cast<char*>(nullptr));
      _exit(127);
    }
    ASSERT_THAT(WaitFor("kql> "), HasSubstr(".help for help"));
  }
  void TearDown() override {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(terminal_);
  }

  void Type(std::string_view keys) const {
    ASSERT_EQ(write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }

  // What the program writes up to and including `text`, waiting for up to 20 seconds; what comes behind it is kept for the next call.
  std::string WaitFor(std::string_view text) {
    pollfd waited{.fd = terminal_, .events = POLLIN, .revents = 0};
    while (unread_.find(text) == std::string::npos && poll(&waited, 1, 20'000) > 0) {
      char buffer[4096];
      const ssize_t count = read(terminal_, buffer, sizeof buffer);
      if (count <= 0) break;
      unread_.append(buffer, static_cast<size_t>(count));
    }
    EXPECT_THAT(unread_, HasSubstr(std::string(text)));
    const size_t at = unread_.find(text);
    if (at == std::string::npos) return "";
    const std::string seen = unread_.substr(0, at + text.size());
    unread_.erase(0, seen.size());
    return seen;
  }

  int End() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string unread_;
  int terminal_ = -1;
  pid_t pid_ = -1;
};

TEST_F(KqlPrompt, RunsQueriesOfSeveralLines) {
  Type("print x = 40\r");
  WaitFor("   > ");
  Type("| extend y = x + 2\r\r");
  WaitFor("40    42");
  WaitFor("kql> ");
  Type("\x04");
  EXPECT_EQ(End(), 0);
}

TEST_F(KqlPrompt, ChartsAreAsWideAsTheTerminal) {
  Type("datatable(k:string, n:long)['a', 1, 'bb', 2] | render barchart;\r");
  const std::string drawn = WaitFor(" 2\r\n");
  std::string bar;
  for (int i = 0; i < 120 - 16; ++i) bar += "█";
  EXPECT_THAT(drawn, HasSubstr("bb │" + bar + " 2\r\n"));
}

TEST_F(KqlPrompt, EditsAndRemembersLines) {
  Type("prinq xyz = 100 + 11;\x1b[D\x01\x06\x06\x06\x06\x1b[3~t\x05\r");  // to the q, delete it, t, to the end
  WaitFor("\r\n 111\r\n");
  WaitFor("kql> ");
  Type("\x1b[A\x7f * 2;\r");  // the line before, its ';' taken away
  WaitFor("\r\n 122\r\n");
  WaitFor("kql> ");
  Type(".quit\r");
  EXPECT_EQ(End(), 0);
}

TEST_F(KqlPrompt, ShowsMistakesAndGoesOn) {
  Type("print nosuch;\r");
  WaitFor("error KS142");
  WaitFor("kql> ");
  Type("print\x03");
  WaitFor("^C");
  WaitFor("kql> ");
  Type("print 7 * 6;\r");
  WaitFor("\r\n     42\r\n");
}

TEST_F(KqlPrompt, InterruptStopsTheQueryAndNotTheProgram) {
  Type("range x from 1 to 1000000000000 step 1 | count;\r");
  WaitFor("\r\n");
  usleep(300'000);
  Type("\x03");
  WaitFor("stopped");
  WaitFor("kql> ");
  Type("print 7 * 6;\r");
  WaitFor("\r\n     42\r\n");
}

}  // namespace
}  // namespace zoomwatch
