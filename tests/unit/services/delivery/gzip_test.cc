#include "services/detector/delivery/gzip.h"

#include <random>
#include <string>

#include "tests/unit/services/delivery/gunzip.h"

namespace zoomwatch::detector {
namespace {

TEST(GzipCompressor, EachResultIsAGzipMemberOfItsOwn) {
  GzipCompressor gzip;
  std::mt19937 random(7);
  std::string noise;
  for (int i = 0; i < 1'000'000; ++i) noise += static_cast<char>(random());
  for (const std::string& plain :
       {std::string(), std::string("[]"), std::string(1'000'000, 'x'), noise, std::string("again")}) {
    EXPECT_EQ(Gunzip(gzip.Compress(plain)), plain);
  }
}

TEST(GzipCompressor, MakesRowsSmaller) {
  std::string rows = "[";
  for (int i = 0; i < 1000; ++i)
    rows += R"({"Event":"meeting.started","EventId":")" + std::to_string(i * 7919) + "\"},";
  EXPECT_LT(GzipCompressor().Compress(rows).size(), rows.size() / 5);
}

}  // namespace
}  // namespace zoomwatch::detector
