#include "common/crypto/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "common/status/reasons.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::HasReason;
using testing::HasReasonAndMessage;

class SecretFileTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(directory_.file(name), std::ios::binary) << content;
    return directory_.file(name);
  }
  testing::TempDir directory_;
};

TEST_F(SecretFileTest, RemovesSurroundingWhiteSpaceOnly) {
  const auto secret = ReadSecretFile(Write("token", " \r\n\ttoken with space\r\n\n"));
  ASSERT_OK(secret);
  EXPECT_EQ(secret->Reveal(), "token with space");
}

TEST_F(SecretFileTest, RefusesAFileWithoutSecret) {
  EXPECT_THAT(ReadSecretFile(Write("empty", "")).status(), HasReason(Reason::kSecretEmpty));
  EXPECT_THAT(ReadSecretFile(Write("blank", " \n")).status(), HasReason(Reason::kSecretEmpty));
}

TEST_F(SecretFileTest, NamesTheFileThatCannotBeRead) {
  const std::string missing = directory_.file("missing");
  EXPECT_THAT(ReadSecretFile(missing).status(), HasReasonAndMessage(Reason::kSecretUnreadable, HasSubstr(missing)));
  EXPECT_THAT(ReadSecretFile(directory_.path()).status(), HasReason(Reason::kSecretUnreadable));
}

TEST_F(SecretFileTest, DoesNotHangOnANamedPipe) {
  const std::string path = directory_.file("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(ReadSecretFile(path).status(), HasReason(Reason::kSecretUnreadable));
}

TEST_F(SecretFileTest, LimitsTheSize) {
  EXPECT_EQ(ReadFileAsSecret(Write("at", std::string(kMaxSecretFileBytes, 'x')))->Reveal().size(), kMaxSecretFileBytes);
  EXPECT_THAT(ReadFileAsSecret(Write("above", std::string(kMaxSecretFileBytes + 1, 'x'))).status(),
              HasReasonAndMessage(Reason::kSecretUnreadable, Not(HasSubstr("xxx"))));
}

}  // namespace
}  // namespace zoomwatch
