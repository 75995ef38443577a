// Rows that nobody would send in good faith, and rows that Azure refuses. Claims: of random events with hostile sizes, names, values and
// times none is refused or changed, all arrive once; a row that Azure refuses for a reason of its own is alone in quarantine at the
// cost of few calls.
//
// The number of random events is ZOOMWATCH_HOSTILE_ROWS (default: what takes a second or two), their seed ZOOMWATCH_HOSTILE_SEED.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/json/parser.h"
#include "tests/integration/delivery/azure_delivery_fixture.h"

namespace zoomwatch::detector {
namespace {

using fakes::FaultAction;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

int NumberFromEnvironment(const char* name, int otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

class HostileEvents {
 public:
  explicit HostileEvents(unsigned seed) : random_(seed) {}

  // Fills everything of the event but its identity and account.
  void Fill(event::v1::Event& event, absl::Time now) {
    FillTexts(event);
    const auto* const families = event::v1::Event::descriptor()->FindOneofByName("family");
    if (!OneIn(8)) {
      const auto* const family = families->field(static_cast<int>(Below(static_cast<unsigned>(families->field_count()))));
      FillTexts(*event.GetReflection()->MutableMessage(&event, family));
    }
    event.set_event(Text(200) + "x");
    event.set_category(Text(64) + "x");
    do event.set_payload(Json(0));
    while (!parser_.Parse(event.payload(), document_).ok());  // the normalizer keeps such a body apart
    // Webhooks come in order, but now and then after a gap, with a wrong clock, or two days late.
    if (OneIn(200)) drift_ += absl::Minutes(Below(100)) - absl::Minutes(50);
    if (OneIn(1000)) drift_ = absl::Hours(Below(120)) - absl::Hours(90);
    Set(*event.mutable_receive_time(), now + drift_ + absl::Milliseconds(Below(1000)));
    Set(*event.mutable_event_time(), OneIn(50) ? absl::FromUnixSeconds(OneIn(2) ? -99'999'999'999 : 999'999'999'999) : now);
  }

 private:
  unsigned Below(unsigned limit) { return limit == 0 ? 0 : static_cast<unsigned>(random_() % limit); }
  bool OneIn(unsigned n) { return Below(n) == 0; }
  static void Set(google::protobuf::Timestamp& stamp, absl::Time time) {
    stamp.set_seconds(absl::ToUnixSeconds(time));
    stamp.set_nanos(static_cast<int32_t>((absl::ToUnixMicros(time) % 1'000'000 + 1'000'000) % 1'000'000 * 1000));
  }

  // Most are short; some stand at a limit; a few are beyond everything.
  std::size_t Size() {
    if (OneIn(3000)) return Below(1'500'000);
    if (OneIn(300)) return 63'900 + Below(200);
    if (OneIn(150)) return Below(140'000);
    if (OneIn(10)) return Below(3'000);
    return Below(60);
  }

  // Text in UTF-8 of at most that many bytes, as protobuf holds it.
  std::string Text(std::size_t most) {
    static const std::string kUnits[] = {"x", " ", "\"", "\\", "/", "\n", "\r", "\t", std::string(1, '\0'), "\x01", "\x1f", "\x7f", "\u00e9",
                                         "\u2028", "\ufeff", "\ufffd", "\U0001f4ce", "\U0010ffff", "</script>", "${jndi:x}", "'", "{{", "NaN"};
    const std::size_t size = std::min(most, Size());
    std::string text;
    const std::string& only = kUnits[Below(std::size(kUnits))];
    const bool mixed = size < 4'000;
    while (true) {
      const std::string& unit = mixed ? kUnits[Below(std::size(kUnits))] : only;
      if (text.size() + unit.size() > size) return text;
      text += unit;
    }
  }

  void FillTexts(google::protobuf::Message& message) {
    const auto* const reflection = message.GetReflection();
    const auto* const descriptor = message.GetDescriptor();
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const auto* const field = descriptor->field(i);
      if (field->real_containing_oneof() != nullptr || OneIn(3)) continue;
      using Field = google::protobuf::FieldDescriptor;
      if (field->cpp_type() == Field::CPPTYPE_STRING && field->is_repeated()) {
        for (unsigned n = OneIn(50) ? Below(3'000) : Below(4); n > 0; --n) reflection->AddString(&message, field, Text(300));
      } else if (field->cpp_type() == Field::CPPTYPE_STRING && field->name() != "event_id" && field->name() != "account_name") {
        reflection->SetString(&message, field, Text(2'000'000));
      } else if (field->cpp_type() == Field::CPPTYPE_INT64 && !field->is_repeated()) {
        constexpr int64_t kNumbers[] = {0, -1, INT64_MIN, INT64_MAX, (int64_t{1} << 53) - 1, int64_t{1} << 53, (int64_t{1} << 53) + 1};
        reflection->SetInt64(&message, field, kNumbers[Below(std::size(kNumbers))]);
      } else if (field->cpp_type() == Field::CPPTYPE_BOOL && !field->is_repeated()) {
        reflection->SetBool(&message, field, OneIn(2));
      }
    }
  }

  // The inside of a JSON string, as a sender may have written it.
  std::string JsonText() {
    static const std::string kUnits[] = {"x", " ", "\\\"", "\\\\", "\\/", "\\n", "\\u0000", "\\u001f", "\x7f", "\u00e9", "\\u00E9", "\u2028",
                                         "\U0001f4ce", "\\ud83d\\udcce", "\\ud800", "\\udfff", "\\udcce\\ud83d", "\\uFFFF"};
    const std::size_t size = OneIn(60) ? Size() : Below(20);
    std::string text;
    const std::string& only = kUnits[Below(std::size(kUnits))];
    while (text.size() < size) text += size > 4'000 ? only : kUnits[Below(std::size(kUnits))];
    return text;
  }
  std::string JsonKey() {
    static const char* const kNames[] = {"", "id", "Type", "TenantId", "TimeGenerated", "EventId", "_ResourceId", "__proto__", "Payload",
                                         "\\ud800", "\\ud801", "\\udfff", "a\\u0000b", "\u00e9", "e\u0301", "$", "payload.object", "[0]"};
    return OneIn(2) ? kNames[Below(std::size(kNames))] : JsonText();
  }
  std::string Json(int depth) {
    static const char* const kScalars[] = {"null", "true", "false", "0", "-0", "1e999", "-1E+400", "1e-999", "0.1", "9007199254740991",
                                           "9007199254740993", "-9223372036854775809", "123456789012345678901234567890", "1.0000000000000000000001"};
    if (depth == 0 && OneIn(100)) {  // deep
      const unsigned levels = 1 + Below(31);
      std::string text;
      for (unsigned i = 0; i < levels; ++i) text += "{\"d\":[";
      text = text.substr(0, text.size() - 1) + "1";
      for (unsigned i = 0; i < levels; ++i) text += i == 0 ? "}" : "]}";
      return text;
    }
    const unsigned kind = depth == 0 ? 0 : Below(depth < 5 ? 6 : 4) + 2;
    if (kind <= 1 || kind == 6) {
      std::string text = "{";
      std::set<std::string> keys;
      for (unsigned n = OneIn(100) ? Below(300) : Below(6); n > 0; --n) {
        const std::string key = JsonKey();
        if (!keys.insert(key).second) continue;
        text += fmt::format("{}\"{}\" : {}", text.size() > 1 ? "," : "", key, Json(depth + 1));
      }
      return text + "}";
    }
    if (kind == 7) {
      std::string text = "[";
      for (unsigned n = Below(5); n > 0; --n) text += Json(depth + 1) + (n > 1 ? ",\n" : "");
      return text + "]";
    }
    return OneIn(2) ? "\"" + JsonText() + "\"" : kScalars[Below(std::size(kScalars))];
  }

  std::mt19937 random_;
  json::Parser parser_;
  json::Document document_;
  absl::Duration drift_;
};

class HostileRowsTest : public AzureDeliveryFixture {};

TEST_F(HostileRowsTest, NoneIsRefusedChangedLostOrDoubled) {
  const int count = NumberFromEnvironment("ZOOMWATCH_HOSTILE_ROWS", 3'000);
  HostileEvents hostile(static_cast<unsigned>(NumberFromEnvironment("ZOOMWATCH_HOSTILE_SEED", 1)));
  options_.streams[0].auxiliary = true;  // the plan with the most rules
  options_.limits.max_field_bytes = 64'000;
  options_.limits.max_body_bytes = options_.limits.max_content_bytes = 1'000'000;
  StartAzure();
  Deliver();
  uint64_t calls = 0, bytes = 0, largest = 0, replaced = 0;
  for (int first = 0; first < count; first += 1000) {
    const int end = std::min(first + 1000, count);
    for (int number = first; number < end;) {
      std::vector<event::v1::Event> events;
      std::size_t batch_bytes = 0;
      while (number < end && events.size() < 500 && batch_bytes < 4'000'000) {
        event::v1::Event event;
        hostile.Fill(event, clock_.Now());
        event.set_event_id("id-" + std::to_string(number++));
        event.set_account_name("northwind");
        batch_bytes += event.ByteSizeLong();
        events.push_back(std::move(event));
      }
      Append(std::move(events));
    }
    AwaitAll();
    const std::map<int, int> arrived = Arrived();
    ASSERT_EQ(arrived.size(), static_cast<std::size_t>(end - first));
    ASSERT_EQ(arrived.begin()->first, first);
    for (const auto& [number, times] : arrived) ASSERT_EQ(times, 1) << number;
    const fakes::AzureState state = azure_->state();
    ASSERT_THAT(state.refusals, IsEmpty()) << "between " << first << " and " << end;
    const fakes::StreamState& stream = state.streams.at(kStream);
    ASSERT_THAT(stream.changes.undeclared, IsEmpty());
    ASSERT_THAT(stream.changes.lost, IsEmpty());
    ASSERT_THAT(stream.changes.cut, IsEmpty());
    ASSERT_EQ(stream.changes.time_missing, 0u);
    calls += stream.calls;
    bytes += stream.bytes;
    replaced += stream.changes.time_replaced;
    largest = std::max(largest, state.largest_content_bytes);
    azure_->Forget();
  }
  const auto quarantine = log_->ListQuarantine(0, 10);
  ASSERT_OK(quarantine);
  EXPECT_THAT(*quarantine, IsEmpty());
  EXPECT_LE(largest, 1'000'000u);
  EXPECT_THAT(metrics_.Text(), HasSubstr("zoomwatch_detector_delivery_failures_total{table=\"events\"} 0\n"));
  std::cout << fmt::format("{} rows, {} calls, {} bytes, largest call {}; refused 0, lost 0, doubled 0; TimeGenerated replaced {}\n", count,
                           calls, bytes, largest, replaced);
}

class PoisonTest : public AzureDeliveryFixture {
 protected:
  // How many calls it took to deliver 10,000 rows of which those whose ids match `poison` are refused.
  uint64_t CallsFor(const std::string& poison) {
    StartAzure();
    if (!poison.empty()) {
      EXPECT_OK(azure_->AddFault({.action = FaultAction::kRefuseRows, .count = 0, .status = 400, .message = "row is wrong",
                                  .column = "EventId", .matches = poison}));
    }
    const int first = static_cast<int>(appended_);
    for (int i = 0; i < 10'000; i += 1'000) AppendEvents(first + i, 1'000, 400);
    Deliver();
    AwaitAll();
    EXPECT_OK(worker_->health());
    worker_->Stop(absl::Seconds(30));
    const fakes::AzureState state = azure_->state();
    return state.Answers("ingestion", "400") + state.Answers("ingestion", "204");
  }
};

TEST_F(PoisonTest, OneBadRowInTenThousandCostsAtMostFortyCalls) {
  const uint64_t without = CallsFor("");
  ExpectEachOnce(10'000);
  int number = 10'000;
  for (const int place : {0, 1, 4'999, 6'789, 9'998, 9'999}) {
    SCOPED_TRACE(place);
    const int bad = number + place;
    const uint64_t with = CallsFor(fmt::format("^id-{}$", bad));
    EXPECT_LE(with, without + 40);
    const std::map<int, int> arrived = Arrived();
    EXPECT_EQ(arrived.size(), 9'999u);
    EXPECT_EQ(arrived.count(bad), 0u);
    for (const auto& [id, times] : arrived) EXPECT_EQ(times, 1) << id;
    number += 10'000;
    const auto quarantine = log_->ListQuarantine(0, 100);
    ASSERT_OK(quarantine);
    ASSERT_THAT(*quarantine, SizeIs(static_cast<std::size_t>(number / 10'000 - 1)));
    EXPECT_EQ(quarantine->back().sequence, static_cast<uint64_t>(bad) + 1);
    EXPECT_EQ(quarantine->back().reason, "DELIVERY_REJECTED");
    EXPECT_THAT(quarantine->back().message, HasSubstr("row is wrong"));
    std::cout << fmt::format("bad row at {}: {} calls, without it {}\n", place, with, without);
  }
}

}  // namespace
}  // namespace zoomwatch::detector
