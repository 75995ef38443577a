// What a hunt over stored events costs, as a multiple of reading and decoding the columns that it needs.
//
//   ZOOMWATCH_BENCH_EVENTS=5000000 hunt_bench [Google Benchmark's options]
//
// Events (200,000 when nothing is said): invented ones of every family, normalised, in an event log in a temporary folder, ten in a
// second. An iteration is one pass over all of them.
//   heads           looks at the name and the time of every stored event
//   decode          reads the columns of the query from the log and drops them: the baseline
//   hunt            the query: a filter that no index answers, and a summarize
//   hunt_index      the same for one event's name, which the log's heads answer
//   hunt_payload    a query that reads the whole body of every event
//   memory_loop     a loop by hand that computes the query over its columns, decoded before
//   memory_execute  the evaluator over the same columns
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "cli/zoom/event_bodies.h"
#include "common/event_table/event_catalog.h"
#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "services/detector/hunt/event_tables.h"
#include "services/normalizer/normalizer.h"
#include "tests/bench/micro/ratio_reporter.h"

namespace zoomwatch::bench {
namespace {

namespace fs = std::filesystem;

constexpr char kQuery[] =
    "ZoomLogs | where Event startswith 'meeting.' | summarize Events = count(), Users = dcount(User) by Event, bin(TimeGenerated, 1h)";
constexpr char kIndexQuery[] = "ZoomLogs | where Event == 'meeting.started' | summarize Events = count(), Users = dcount(User) by bin(TimeGenerated, 1h)";
constexpr char kPayloadQuery[] = "ZoomLogs | summarize Events = count() by Account = tostring(Payload.payload.account_id)";

constexpr std::int64_t kStartSeconds = 1'767'225'600;
constexpr std::size_t kDistinct = 2000;
constexpr std::size_t kBatch = 512, kInFlight = 8;

std::size_t EventCount() {
  const char* const text = std::getenv("ZOOMWATCH_BENCH_EVENTS");
  return text == nullptr ? 200'000 : std::strtoull(text, nullptr, 10);
}

std::vector<event::v1::Event> MakeEvents() {
  const auto bodies = cli::EventBodies::Make({.seed = 1, .start = absl::FromUnixSeconds(kStartSeconds), .families = {}});
  const Redactor redactor;
  Normalizer normalizer(redactor);
  std::vector<event::v1::Event> events;
  for (std::size_t i = 0; bodies.ok() && i < kDistinct; ++i) {
    ingest::v1::RawWebhook raw;
    raw.set_webhook_id("w");
    raw.set_account_name("main");
    raw.set_body(bodies->Body(i));
    raw.mutable_receive_time()->set_seconds(kStartSeconds);
    detect::v1::EventItem item;
    normalizer.Normalize(raw, item);
    if (item.has_event()) events.push_back(std::move(*item.mutable_event()));
  }
  return events;
}

// A log in a folder of its own, which goes with it.
class StoredEvents {
 public:
  explicit StoredEvents(std::size_t count)
      : folder_(fs::temp_directory_path() / ("hunt_bench." + std::to_string(absl::ToUnixNanos(SystemClock::Get().Now())))) {
    log_ = detector::EventLog::Open({.directory = folder_.string(), .retention = absl::Hours(24 * 3650), .max_disk_bytes = UINT64_MAX},
                                    SystemClock::Get(), metrics_)
               .value();
    const std::vector<event::v1::Event> events = MakeEvents();
    std::deque<std::future<absl::Status>> waiting;
    for (std::size_t next = 0; next < count || !waiting.empty();) {
      if (waiting.size() == kInFlight || next >= count) {
        if (const absl::Status status = waiting.front().get(); !status.ok()) std::abort();
        waiting.pop_front();
        continue;
      }
      std::vector<detect::v1::EventItem> items;
      for (; items.size() < kBatch && next < count; ++next) {
        detect::v1::EventItem& item = items.emplace_back();
        item.set_webhook_id(std::to_string(next));
        *item.mutable_event() = events[next % events.size()];
        item.mutable_event()->set_event_id("e" + std::to_string(next));
        item.mutable_event()->mutable_receive_time()->set_seconds(kStartSeconds + static_cast<std::int64_t>(next / 10));
      }
      auto stored = std::make_shared<std::promise<absl::Status>>();
      waiting.push_back(stored->get_future());
      log_->Append(std::move(items), [stored](const absl::StatusOr<BatchResult>& result) { stored->set_value(result.status()); });
    }
    std::printf("%zu events, %llu bytes each on average\n", count, static_cast<unsigned long long>(log_->EventBytes() / count));
  }
  ~StoredEvents() {
    log_.reset();
    fs::remove_all(folder_);
  }

  detector::EventLog& log() { return *log_; }
  detector::EventTables Tables() { return detector::EventTables(*log_, kql::kMinDateTime, kql::kMaxDateTime, log_->EndSequence()); }

 private:
  const fs::path folder_;
  Metrics metrics_;
  std::unique_ptr<detector::EventLog> log_;
};

kql::ScanRequest RequestOf(const std::vector<std::string>& columns) {
  kql::ScanRequest request{.table = "ZoomLogs", .schema = event_table::EventCatalog().FindTable("ZoomLogs", {}).value()};
  for (const kql::Column& column : request.schema) {
    request.needed.push_back(std::find(columns.begin(), columns.end(), column.name) != columns.end());
  }
  return request;
}

// Blocks that were read before, as a table.
class MemoryTable final : public kql::TableSource {
 public:
  explicit MemoryTable(StoredEvents& stored) {
    auto tables = stored.Tables();
    const auto reader = tables.Open(RequestOf({"TimeGenerated", "Event", "User"})).value();
    for (kql::Block block = reader->Next().value(); block.rows > 0; block = reader->Next().value()) blocks_.push_back(std::move(block));
  }
  const std::vector<kql::Block>& blocks() const { return blocks_; }
  absl::StatusOr<std::unique_ptr<kql::TableReader>> Open(const kql::ScanRequest&) override { return std::make_unique<Reader>(blocks_); }

 private:
  class Reader final : public kql::TableReader {
   public:
    explicit Reader(const std::vector<kql::Block>& blocks) : blocks_(blocks) {}
    absl::StatusOr<kql::Block> Next() override { return next_ < blocks_.size() ? blocks_[next_++] : kql::Block{}; }
    kql::ScanStatistics statistics() const override { return {}; }

   private:
    const std::vector<kql::Block>& blocks_;
    std::size_t next_ = 0;
  };

  std::vector<kql::Block> blocks_;
};

void Heads(benchmark::State& state, StoredEvents& stored) {
  for (auto _ : state) {
    std::size_t bytes = 0;
    const absl::Status status = stored.log().Scan({.wanted = {}}, [&bytes](const detector::EventView& view) {
      bytes += view.name.size();
      return true;
    });
    if (!status.ok()) state.SkipWithError("the log cannot be read");
    benchmark::DoNotOptimize(bytes);
  }
}

void Decode(benchmark::State& state, StoredEvents& stored) {
  for (auto _ : state) {
    auto tables = stored.Tables();
    const auto reader = tables.Open(RequestOf({"TimeGenerated", "Event", "User"})).value();
    std::size_t rows = 0;
    for (kql::Block block = reader->Next().value(); block.rows > 0; block = reader->Next().value()) rows += block.rows;
    benchmark::DoNotOptimize(rows);
  }
}

void Execute(benchmark::State& state, kql::TableSource& tables, std::string_view text) {
  const kql::BoundQuery query = kql::Compile(text, event_table::EventCatalog());
  std::size_t rows = 0;
  for (auto _ : state) {
    const auto result = kql::ExecuteToTable(query, tables, {.now = kql::kUnixEpoch});
    if (!result.ok()) state.SkipWithError("the query fails");
    else rows = result->rows.size();
  }
  state.counters["rows"] = static_cast<double>(rows);
}

absl::string_view TextOf(const kql::Value& value) {
  const std::string_view text = value.AsString();
  return {text.data(), text.size()};
}

void Loop(benchmark::State& state, const std::vector<kql::Block>& blocks) {
  const kql::Schema schema = event_table::EventCatalog().FindTable("ZoomLogs", {}).value();
  const std::size_t time = *kql::FindColumn(schema, "TimeGenerated"), name = *kql::FindColumn(schema, "Event"), user = *kql::FindColumn(schema, "User");
  struct Group {
    std::int64_t events = 0;
    absl::flat_hash_set<absl::string_view> users;
  };
  std::size_t rows = 0;
  for (auto _ : state) {
    absl::flat_hash_map<std::pair<absl::string_view, kql::Ticks>, Group> groups;
    for (const kql::Block& block : blocks) {
      for (std::size_t row = 0; row < block.rows; ++row) {
        const absl::string_view event = TextOf((*block.columns[name])[row]);
        if (!absl::StartsWithIgnoreCase(event, "meeting.")) continue;
        const kql::Ticks at = (*block.columns[time])[row].AsTicks();
        Group& group = groups[{event, at - at % kql::kTicksPerHour}];
        ++group.events;
        group.users.insert(TextOf((*block.columns[user])[row]));
      }
    }
    rows = groups.size();
    benchmark::DoNotOptimize(groups);
  }
  state.counters["rows"] = static_cast<double>(rows);
}

}  // namespace
}  // namespace zoomwatch::bench

int main(int argc, char** argv) {
  using namespace zoomwatch::bench;
  StoredEvents stored(EventCount());
  const MemoryTable memory(stored);
  auto over_log = [&stored](const char* query) {
    return [&stored, query](benchmark::State& state) {
      auto tables = stored.Tables();
      Execute(state, tables, query);
    };
  };
  benchmark::RegisterBenchmark("heads", [&](benchmark::State& state) { Heads(state, stored); });
  benchmark::RegisterBenchmark("decode", [&](benchmark::State& state) { Decode(state, stored); });
  benchmark::RegisterBenchmark("hunt", over_log(kQuery));
  benchmark::RegisterBenchmark("hunt_index", over_log(kIndexQuery));
  benchmark::RegisterBenchmark("hunt_payload", over_log(kPayloadQuery));
  benchmark::RegisterBenchmark("memory_loop", [&](benchmark::State& state) { Loop(state, memory.blocks()); });
  benchmark::RegisterBenchmark("memory_execute", [&](benchmark::State& state) {
    MemoryTable table = memory;
    Execute(state, table, kQuery);
  });
  return RunWithRatios(argc, argv, "decode");
}
