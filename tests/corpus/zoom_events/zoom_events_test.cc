// Every sample body of the external corpus passes the normalizer. Runs where ZOOMWATCH_CORPUS names the folder with zoom-events/.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "common/json/document.h"
#include "common/json/parser.h"
#include "services/normalizer/normalizer.h"

namespace zoomwatch {
namespace {

using json::Document;
using json::NodeIndex;
using json::Type;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

ingest::v1::RawWebhook Webhook(std::string body) {
  ingest::v1::RawWebhook webhook;
  webhook.set_webhook_id("spool-1");
  webhook.set_account_name("main");
  webhook.mutable_receive_time()->set_seconds(1795500000);
  webhook.set_body(std::move(body));
  return webhook;
}

class ZoomEvents : public testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("ZOOMWATCH_CORPUS");
    if (folder == nullptr) GTEST_SKIP() << "ZOOMWATCH_CORPUS is not set: the corpus of sample events did not run";
    folder_ = folder;
  }

  std::filesystem::path folder_;
  Redactor redactor_;
  Normalizer normalizer_{redactor_};
  detect::v1::EventItem item_;
};

// Differences between a body and its stored payload, other than at redacted places.
void Compare(const Document& a, NodeIndex in, const Document& b, NodeIndex out, const std::string& path,
             const std::set<std::string>& redacted, std::vector<std::string>& differences) {
  if (redacted.count(path) != 0 && b.Raw(out) == "\"[redacted]\"") return;
  if (a.at(in).type != b.at(out).type) {
    differences.push_back(path + ": type");
    return;
  }
  if (a.at(in).type != Type::kObject && a.at(in).type != Type::kArray) {
    if (a.Raw(in) != b.Raw(out)) differences.push_back(path + ": value");
    return;
  }
  NodeIndex x = Document::first_child(in);
  NodeIndex y = Document::first_child(out);
  while (x != a.end_of(in) && y != b.end_of(out)) {
    const bool element = a.at(in).type == Type::kArray;
    std::string child = path;
    if (element) {
      child += "[]";
    } else {
      if (a.at(x).key != b.at(y).key) differences.push_back(path + ": key order");
      child += (path.empty() ? "" : ".") + std::string(a.at(x).key);
    }
    Compare(a, x, b, y, child, redacted, differences);
    x = a.at(x).next;
    y = b.at(y).next;
  }
  if (x != a.end_of(in) || y != b.end_of(out)) differences.push_back(path + ": length");
}

TEST_F(ZoomEvents, EveryBodyBecomesOneEventThatKeepsEveryLeaf) {
  int bodies = 0;
  json::Parser parser(json::ParserOptions{.duplicate_keys = json::DuplicateKeys::kKeepInsideArrays});
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "zoom-events")) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path().filename().string());
    ++bodies;
    const std::string body = ReadFile(entry.path());
    const NormalizeReport report = normalizer_.Normalize(Webhook(body), item_);
    ASSERT_TRUE(item_.has_event()) << item_.quarantined().reason() << ": " << item_.quarantined().message();
    EXPECT_FALSE(IsCatchAll(*report.mapping));
    Document in;
    Document out;
    ASSERT_TRUE(parser.Parse(body, in).ok());
    std::string name;
    in.AppendString(in.Find(Document::root(), "event"), name);
    name.erase(name.find_last_not_of(' ') + 1);
    EXPECT_EQ(item_.event().event(), name);
    EXPECT_EQ(item_.event().event_id().size(), 32u);
    ASSERT_TRUE(parser.Parse(item_.event().payload(), out).ok());
    const std::set<std::string> redacted(item_.event().redacted_paths().begin(), item_.event().redacted_paths().end());
    std::vector<std::string> differences;
    Compare(in, Document::root(), out, Document::root(), "", redacted, differences);
    EXPECT_TRUE(differences.empty()) << differences.front();
  }
  EXPECT_EQ(bodies, 569);
}

TEST_F(ZoomEvents, EveryNameOfTheCatalogueHasARowAndPasses) {
  std::ifstream catalogue(folder_ / "zoom-catalogue.tsv");
  std::string line;
  std::getline(catalogue, line);  // headings
  int names = 0;
  while (std::getline(catalogue, line)) {
    std::istringstream columns(line);
    std::string family;
    std::string event;
    std::getline(columns, family, '\t');
    std::getline(columns, event, '\t');
    SCOPED_TRACE(event);
    ++names;
    const NormalizeReport report =
        normalizer_.Normalize(Webhook(R"({"event":")" + event + R"(","event_ts":1790000000000,"payload":{"object":{}}})"), item_);
    ASSERT_TRUE(item_.has_event());
    EXPECT_FALSE(IsCatchAll(*report.mapping));
    EXPECT_FALSE(item_.event().category().empty());
    EXPECT_EQ(item_.event().event(), event);
  }
  EXPECT_EQ(names, 584);
}

}  // namespace
}  // namespace zoomwatch
