#include "common/ruleset/rule_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/ruleset/yaml_document.h"
#include "common/status/reasons.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch::ruleset {
namespace {

using ::testing::ElementsAre;
namespace fs = std::filesystem;

std::vector<std::string> Names(const std::vector<RuleFile>& files) {
  std::vector<std::string> names;
  for (const RuleFile& file : files) names.push_back(file.name);
  return names;
}

void Write(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path) << text;
}

TEST(FolderRuleSource, ReadsRuleFilesByName) {
  const testing::TempDir dir;
  Write(dir.file("b.yaml"), "b");
  Write(dir.file("a.yml"), "a");
  Write(dir.file("sub/c.yaml"), "c");
  Write(dir.file("a.test.yaml"), "cases");
  Write(dir.file("README.md"), "text");
  Write(dir.file(".hidden.yaml"), "x");
  Write(dir.file("..data/d.yaml"), "x");
  const auto files = FolderRuleSource(dir.path()).Read();
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(Names(*files), ElementsAre("a.yml", "b.yaml", "sub/c.yaml"));
  EXPECT_EQ((*files)[2].text, "c");
}

TEST(FolderRuleSource, FollowsTheLinksOfAMountedConfigMap) {
  const testing::TempDir dir;
  Write(dir.file("..2026/a.yaml"), "a");
  fs::create_directory_symlink("..2026", dir.file("..data"));
  fs::create_symlink("..data/a.yaml", dir.file("a.yaml"));
  const auto files = FolderRuleSource(dir.path()).Read();
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(Names(*files), ElementsAre("a.yaml"));
  EXPECT_EQ((*files)[0].text, "a");
}

TEST(FolderRuleSource, DoesNotWaitForAPipe) {
  const testing::TempDir dir;
  ASSERT_EQ(mkfifo(dir.file("a.yaml").c_str(), 0600), 0);
  const auto files = FolderRuleSource(dir.path()).Read();
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_FALSE((*files)[0].text.has_value());
  EXPECT_EQ((*files)[0].problem, "is no regular file");
}

TEST(FolderRuleSource, ReportsAFileThatCannotBeRead) {
  const testing::TempDir dir;
  fs::create_symlink("nowhere.yaml", dir.file("a.yaml"));
  Write(dir.file("b.yaml"), "b");
  const auto files = FolderRuleSource(dir.path()).Read();
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_THAT(Names(*files), ElementsAre("a.yaml", "b.yaml"));
  EXPECT_FALSE((*files)[0].text.has_value());
  EXPECT_EQ((*files)[0].problem, "No such file or directory");
}

TEST(FolderRuleSource, ReadsNoMoreThanShowsThatAFileIsTooLarge) {
  const testing::TempDir dir;
  Write(dir.file("a.yaml"), std::string(3 * kMaxRuleFileBytes, 'x'));
  const auto files = FolderRuleSource(dir.path()).Read();
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ((*files)[0].text->size(), kMaxRuleFileBytes + 1);
}

TEST(FolderRuleSource, FailsWithoutItsFolder) {
  const testing::TempDir dir;
  const auto files = FolderRuleSource(dir.file("nowhere")).Read();
  EXPECT_EQ(ReasonOf(files.status()), Reason::kConfigUnreadable);
}

TEST(FolderRuleSource, LimitsTheNumberOfFiles) {
  const testing::TempDir dir;
  for (const char* name : {"a.yaml", "b.yaml", "c.yaml"}) Write(dir.file(name), "x");
  EXPECT_TRUE(FolderRuleSource(dir.path(), 3).Read().ok());
  EXPECT_EQ(ReasonOf(FolderRuleSource(dir.path(), 2).Read().status()), Reason::kConfigUnreadable);
}

}  // namespace
}  // namespace zoomwatch::ruleset
