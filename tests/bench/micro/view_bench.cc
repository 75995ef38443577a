// What live views cost per row, and what they hold.
//
//   ZOOMWATCH_BENCH_ROWS=1000000 view_bench [Google Benchmark's options]
//
// Rows are invented and come one by one, each in a tick of its own, as events come to a rule. All views are over 14 days, which are full:
// for each row that comes one leaves. An iteration is 1,000 rows; "items_per_second" are rows on one core.
//   pass_narrow, pass_wide  a filter that lets every row through, over 4 columns and over 46
//   dcount_N                dcount() by group, with N values in each group (the baseline: N = 10)
//   distinct_N, make_set_N  the same count by `distinct`, and the sets themselves. 200,000 rows are held, whatever N is
//   join                    who joined a meeting under another time zone than it was created in, with ZOOMWATCH_BENCH_ROWS meetings
//                           (200,000 when nothing is said) held for 14 days; a row is a meeting or somebody who joins one
//   minute_live_N           one minute of 50 rows into a view of N rows: a summarize with count() and dcount()
//   minute_batch_N          and the batch evaluator over the N rows, once a minute; both per iteration
// Before that: the bytes of a held meeting, by the view's own count and by the memory of the process, and how long they took to come in
// as after a restart, in large steps.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "common/kql/batch/executor.h"
#include "common/kql/binder.h"
#include "common/kql/incremental/view.h"
#include "common/kql/ticks.h"
#include "common/time/cpu_time.h"
#include "tests/bench/micro/ratio_reporter.h"

namespace zoomwatch::bench {
namespace {

using kql::Ticks;
using kql::Value;
using Row = std::vector<Value>;

constexpr Ticks kStart = kql::kUnixEpoch + 1'767'225'600 * kql::kTicksPerSecond;
constexpr Ticks kWindow = 14 * kql::kTicksPerDay;
constexpr std::size_t kHeld = 200'000;
constexpr std::size_t kRowsPerIteration = 1000;
constexpr std::size_t kRowsAtOnce = 1024;

// A table of a time, a kind, three texts, and as many further columns, of which nothing reads more than is said.
class OneTable final : public kql::Catalog {
 public:
  explicit OneTable(std::size_t further) {
    schema_ = {{"TimeGenerated", kql::Type::kDateTime}, {"Kind", kql::Type::kString}, {"Key", kql::Type::kString}, {"Text", kql::Type::kString}};
    for (std::size_t i = 0; i < further; ++i) schema_.push_back({"Further" + std::to_string(i), kql::Type::kDynamic});
  }
  std::optional<kql::Schema> FindTable(std::string_view name, const kql::MentionedNames&) const override {
    return name == "T" ? std::optional(schema_) : std::nullopt;
  }
  std::vector<std::string> TableNames() const override { return {"T"}; }
  std::optional<std::string> FindFunction(std::string_view) const override { return std::nullopt; }
  const kql::Schema& schema() const { return schema_; }

 private:
  kql::Schema schema_;
};

// A view and the rows that come into it.
class Stream {
 public:
  // `make` sets Kind, Key and Text of the row of that number. `held`: rows within the window.
  using Make = std::function<void(std::uint64_t number, Row& row)>;
  Stream(const std::string& query, std::size_t held, Make make, std::size_t further = 0)
      : table_(further), apart_(kWindow / static_cast<Ticks>(held)), make_(std::move(make)) {
    kql::Diagnostic refused;
    view_ = kql::incremental::View::Create(kql::Compile(query, table_), {.window = kWindow, .max_state_bytes = UINT64_MAX}, refused);
    if (view_ == nullptr) {
      std::fprintf(stderr, "%s: %s\n", query.c_str(), refused.message.c_str());
      std::abort();
    }
  }

  Row NextRow() {
    Row row(table_.schema().size());
    row[0] = Value::DateTime(kStart + static_cast<Ticks>(++number_) * apart_);
    make_(number_, row);
    return row;
  }
  void Insert() { view_->Insert(0, NextRow(), number_); }
  // What is due on the way is let pass, as the engine does.
  std::size_t Tick() {
    const Ticks now = kStart + static_cast<Ticks>(number_) * apart_;
    std::size_t changes = 0;
    for (Ticks due = view_->NextDue(); due < now; due = view_->NextDue()) changes += Changes(due);
    return changes + Changes(now);
  }
  // Makes the window full, as rules do after a restart.
  void Fill(std::size_t rows) {
    const Ticks end = kStart + static_cast<Ticks>(rows) * apart_;
    for (std::size_t i = 0; i < rows; ++i) {
      Insert();
      if (i % kRowsAtOnce == 0) Changes(end);
    }
    Changes(end);
  }
  kql::incremental::View& view() { return *view_; }
  const OneTable& table() const { return table_; }

 private:
  std::size_t Changes(Ticks now) {
    const auto changes = view_->Tick(now);
    if (!changes.ok()) std::abort();
    return changes->rows();
  }

  const OneTable table_;
  const Ticks apart_;
  const Make make_;
  std::unique_ptr<kql::incremental::View> view_;
  std::uint64_t number_ = 0;
};

// The view is filled once and goes on through all repetitions.
void Add(const std::string& name, std::function<std::unique_ptr<Stream>()> make) {
  auto stream = std::make_shared<std::unique_ptr<Stream>>();
  benchmark::RegisterBenchmark(name.c_str(), [stream, make = std::move(make)](benchmark::State& state) {
    if (*stream == nullptr) *stream = make();
    std::size_t changes = 0;
    for (auto _ : state) {
      for (std::size_t i = 0; i < kRowsPerIteration; ++i) {
        (*stream)->Insert();
        changes += (*stream)->Tick();
      }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRowsPerIteration));
    state.counters["changes"] = static_cast<double>(changes) / static_cast<double>(state.iterations()) / kRowsPerIteration;
    state.counters["state_MiB"] = static_cast<double>((*stream)->view().state_bytes()) / 1048576;
  });
}

std::unique_ptr<Stream> Filled(const std::string& query, std::size_t held, Stream::Make make, std::size_t further = 0) {
  auto stream = std::make_unique<Stream>(query, held, std::move(make), further);
  stream->Fill(held);
  return stream;
}

// Every value of every group is there twice on average.
Stream::Make Groups(std::size_t values) {
  const std::size_t groups = std::max<std::size_t>(1, kHeld / (2 * values));
  return [groups, values, random = std::mt19937_64(1)](std::uint64_t, Row& row) mutable {
    row[1] = Value::String("k");
    row[2] = Value::String("group-" + std::to_string(random() % groups));
    row[3] = Value::String("value-" + std::to_string(random() % values));
  };
}

constexpr char kJoin[] =
    "let Created = T | where Kind == 'created' | project Key, Scheduled = Text; "
    "T | where Kind == 'joined' and TimeGenerated > ago(1d) | join kind=inner Created on Key | where Scheduled != Text "
    "| project TimeGenerated, Key, Scheduled, Text";

Value Zone(std::uint64_t number) {
  static const char* const kZones[] = {"Europe/Zurich", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo", "Australia/Sydney"};
  return Value::String(kZones[number % std::size(kZones)]);
}

Value MeetingNumber(std::uint64_t number) { return Value::String(std::to_string(80'000'000'000 + number)); }

double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// The join over so many held meetings: only meetings come while it is filled, and after that meetings and people in turn.
std::unique_ptr<Stream> MakeJoin(std::size_t meetings) {
  auto filled = std::make_shared<bool>(false);
  const double before = ResidentBytes();
  const double begin = ThreadCpuSeconds();
  auto stream = std::make_unique<Stream>(kJoin, meetings, [filled, meetings](std::uint64_t number, Row& row) {
    const bool joins = *filled && number % 2 == 0;
    row[1] = Value::String(joins ? "joined" : "created");
    row[2] = MeetingNumber(joins ? number - 1 - 2 * (number * 7919 % (meetings / 4)) : number);
    row[3] = Zone(joins && number % 20 == 0 ? number + 1 : row[2].AsString().back() - '0');
  });
  stream->Fill(meetings);
  *filled = true;
  const auto count = static_cast<double>(meetings);
  std::printf("%zu meetings held: %.0f bytes each by the view's own count, %.0f by the memory of the process; %.1f s of CPU time to come in\n",
              meetings, static_cast<double>(stream->view().state_bytes()) / count, (ResidentBytes() - before) / count, ThreadCpuSeconds() - begin);
  return stream;
}

constexpr char kMinute[] = "T | summarize Times = count(), Values = dcount(Text) by Key | where Times > 3";
constexpr std::size_t kRowsPerMinute = 50;

// Rows in memory as a table.
class MemoryTable final : public kql::TableSource {
 public:
  MemoryTable(Stream& stream, std::size_t rows) {
    std::vector<kql::Cells> columns(stream.table().schema().size());
    for (std::size_t i = 0; i < rows; ++i) {
      Row row = stream.NextRow();
      for (std::size_t c = 0; c < columns.size(); ++c) columns[c].push_back(std::move(row[c]));
      if (columns[0].size() < kql::kBlockRows && i + 1 < rows) continue;
      kql::Block& block = blocks_.emplace_back(kql::Block{.rows = columns[0].size(), .columns = {}});
      for (kql::Cells& cells : columns) block.columns.push_back(std::make_shared<const kql::Cells>(std::exchange(cells, {})));
    }
  }
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

Stream::Make Users(std::size_t rows) {
  return [users = rows / 20 + 1, random = std::mt19937_64(1)](std::uint64_t, Row& row) mutable {
    row[1] = Value::String("k");
    row[2] = Value::String("user-" + std::to_string(random() % users) + "@corp.example");
    row[3] = Value::String("value-" + std::to_string(random() % 50));
  };
}

void AddMinutes(std::size_t rows) {
  auto stream = std::make_shared<std::unique_ptr<Stream>>();
  benchmark::RegisterBenchmark(("minute_live_" + std::to_string(rows)).c_str(), [stream, rows](benchmark::State& state) {
    if (*stream == nullptr) *stream = Filled(kMinute, rows, Users(rows));
    std::size_t changes = 0;
    for (auto _ : state) {
      for (std::size_t i = 0; i < kRowsPerMinute; ++i) {
        (*stream)->Insert();
        changes += (*stream)->Tick();
      }
    }
    benchmark::DoNotOptimize(changes);
  });
  auto table = std::make_shared<std::unique_ptr<MemoryTable>>();
  benchmark::RegisterBenchmark(("minute_batch_" + std::to_string(rows)).c_str(), [table, rows](benchmark::State& state) {
    Stream source(kMinute, rows, Users(rows));
    if (*table == nullptr) *table = std::make_unique<MemoryTable>(source, rows);
    const kql::BoundQuery query = kql::Compile(kMinute, source.table());
    std::size_t found = 0;
    for (auto _ : state) {
      const auto result = kql::ExecuteToTable(query, **table, {.now = kStart + kWindow});
      if (!result.ok()) state.SkipWithError("the query fails");
      else found = result->rows.size();
    }
    state.counters["rows"] = static_cast<double>(found);
  });
}

void AddAll(std::size_t meetings) {
  const std::string pass = "T | where Kind == 'k' and TimeGenerated > ago(7d)";
  Add("pass_narrow", [pass] { return Filled(pass, kHeld, Groups(1000)); });
  Add("pass_wide", [pass] { return Filled(pass, kHeld, Groups(1000), 42); });
  for (const std::size_t values : {10, 100, 1000, 10'000, 100'000}) {
    const std::string number = std::to_string(values);
    Add("dcount_" + number, [values] { return Filled("T | summarize Values = dcount(Text) by Key", kHeld, Groups(values)); });
    Add("distinct_" + number, [values] { return Filled("T | distinct Key, Text | summarize Values = count() by Key", kHeld, Groups(values)); });
    Add("make_set_" + number,
        [values] { return Filled("T | summarize Set = make_set(Text) by Key | where array_length(Set) > 1", kHeld, Groups(values)); });
  }
  Add("join", [meetings] { return MakeJoin(meetings); });
  for (const std::size_t rows : {10'000, 100'000, 1'000'000}) AddMinutes(rows);
}

}  // namespace
}  // namespace zoomwatch::bench

int main(int argc, char** argv) {
  const char* const rows = std::getenv("ZOOMWATCH_BENCH_ROWS");
  zoomwatch::bench::AddAll(rows == nullptr ? 200'000 : std::strtoull(rows, nullptr, 10));
  return zoomwatch::bench::RunWithRatios(argc, argv, "dcount_10");
}
