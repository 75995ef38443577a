// Published signature vectors, read from ZOOMWATCH_CORPUS/zoom-signature-vectors: signed requests and challenge answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "common/testing/status_matchers.h"
#include "services/receiver/signature_verifier.h"
#include "services/receiver/url_validation.h"

namespace zoomwatch::receiver {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string Text(simdjson::dom::element object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

void CheckVector(const std::string& directory, simdjson::dom::element vector) {
  SCOPED_TRACE(Text(vector, "name"));
  const HmacSha256Key key{Secret(Text(vector, "secret_token"))};
  std::string token = Text(vector, "plainToken");
  if (const std::string body_file = Text(vector, "body_file"); !body_file.empty()) {
    const std::string body = ReadAll(directory + body_file);
    ASSERT_FALSE(body.empty()) << body_file;
    const std::string timestamp = Text(vector, "timestamp");
    const auto signature = ParseSignature(Text(vector, "signature"), timestamp);
    ASSERT_OK(signature);
    const HmacSha256Key* const keys[] = {&key};
    EXPECT_EQ(FindSigningKey(keys, *signature, body), 0u);
    EXPECT_EQ(FindSigningKey(keys, *signature, body + "\n"), std::nullopt);
    const auto found = FindPlainToken(body);
    ASSERT_OK(found);
    EXPECT_EQ(found->value_or(""), token);
  }
  std::string answer = Text(vector, "encryptedToken");
  if (answer.empty()) answer = Text(vector, "expected_encryptedToken_computed");
  if (!token.empty()) {
    ASSERT_FALSE(answer.empty());
    EXPECT_EQ(ChallengeAnswer(key, token), "{\"plainToken\":\"" + token + "\",\"encryptedToken\":\"" + answer + "\"}");
  }
}

TEST(SignatureCorpus, EveryPublishedVectorVerifies) {
  const char* const corpus = std::getenv("ZOOMWATCH_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "NOT RUN: set ZOOMWATCH_CORPUS to the folder that has zoom-signature-vectors/";
  const std::string directory = std::string(corpus) + "/zoom-signature-vectors/";
  simdjson::dom::parser parser;
  simdjson::dom::array vectors;
  ASSERT_EQ(parser.load(directory + "vectors.json").get(vectors), simdjson::SUCCESS);
  ASSERT_GE(vectors.size(), 3u);
  for (const simdjson::dom::element vector : vectors) CheckVector(directory, vector);
}

}  // namespace
}  // namespace zoomwatch::receiver
