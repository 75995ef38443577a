#include "common/storage/segment_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "common/storage/log_format.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace zoomwatch::storage {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::HasReason;
using testing::HasReasonAndMessage;

constexpr absl::Duration kLong = absl::Seconds(60);  // never reached in a passing test

class SegmentLogTest : public ::testing::Test {
 protected:
  SegmentLogOptions Options() {
    // Limits not under test are out of reach.
    return {.folder = folder(), .segment_bytes = 4096, .max_disk_bytes = 1 << 20, .max_items = 100000};
  }
  std::string folder() const { return dir_.file("log"); }
  std::string file(Position first) const { return folder() + "/" + log_format::SegmentName(first); }

  void Open() { Open(Options()); }
  void Open(SegmentLogOptions options) {
    log_.reset();
    auto log = SegmentLog::Open(std::move(options), PosixFileSystem());
    ASSERT_OK(log);
    log_ = *std::move(log);
  }
  absl::StatusOr<Position> Append(std::string_view bytes) {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<absl::StatusOr<Position>> result;
    log_->Append(bytes, [&](absl::StatusOr<Position> position) {
      const std::lock_guard lock(mutex);
      result = std::move(position);
      changed.notify_one();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return result.has_value(); });
    return *result;
  }
  // All records from `from` on.
  std::vector<std::string> ReadAll(Position from = 1) {
    std::vector<std::string> all;
    auto reader = log_->NewReader(from);
    EXPECT_OK(reader);
    while (reader.ok()) {
      auto records = (*reader)->Read(7, 1 << 20);
      EXPECT_OK(records);
      if (!records.ok() || records->empty()) break;
      for (const LogRecord& record : *records) {
        EXPECT_EQ(record.position, from++);
        all.push_back(record.bytes);
      }
    }
    return all;
  }
  std::string ReadFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void WriteFile(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  absl::Status Reopen() {
    log_.reset();
    auto log = SegmentLog::Open(Options(), PosixFileSystem());
    if (log.ok()) log_ = *std::move(log);
    return log.status();
  }

  testing::TempDir dir_;
  std::unique_ptr<SegmentLog> log_;
};

TEST_F(SegmentLogTest, PositionsBeginAtOneAndGrowByOne) {
  Open();
  EXPECT_EQ(*Append("a"), 1U);
  EXPECT_EQ(*Append(""), 2U);
  EXPECT_EQ(*Append("c"), 3U);
  EXPECT_THAT(ReadAll(), ElementsAre("a", "", "c"));
  EXPECT_THAT(ReadAll(3), ElementsAre("c"));
  EXPECT_THAT(ReadAll(4), IsEmpty());
}

TEST_F(SegmentLogTest, ReopenedLogContinues) {
  Open();
  ASSERT_OK(Append("a"));
  Open();
  EXPECT_EQ(*Append("b"), 2U);
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
}

TEST_F(SegmentLogTest, RecordsContinueOverSegments) {
  Open();
  std::vector<std::string> expected;
  for (int i = 0; i < 50; ++i) {
    expected.push_back(std::string(500, static_cast<char>('a' + i % 26)));
    ASSERT_OK(Append(expected.back()));
  }
  EXPECT_EQ(ReadAll(), expected);
  Open();
  EXPECT_EQ(ReadAll(), expected);
  EXPECT_EQ(log_->end_position(), 51U);
}

TEST_F(SegmentLogTest, ReaderFollowsAppends) {
  Open();
  auto reader = log_->NewReader(1);
  ASSERT_OK(reader);
  for (int i = 0; i < 40; ++i) {
    ASSERT_OK(Append(std::string(400, 'x')));
    auto records = (*reader)->Read(10, 1 << 20);
    ASSERT_OK(records);
    EXPECT_EQ(records->size(), 1U) << i;
  }
}

// What a reader has read ahead of its position must not hide records that were written since.
TEST_F(SegmentLogTest, ReaderSeesAppendsBehindRecordsThatItHasNotGivenYet) {
  Open();
  ASSERT_OK(Append("a"));
  ASSERT_OK(Append("b"));
  auto reader = *log_->NewReader(1);
  ASSERT_OK(reader->Read(1, 1 << 20));
  ASSERT_OK(Append("c"));
  const auto records = reader->Read(10, 1 << 20);
  ASSERT_OK(records);
  ASSERT_EQ(records->size(), 2u);
  EXPECT_EQ((*records)[0].bytes, "b");
  EXPECT_EQ((*records)[1].bytes, "c");
}

TEST_F(SegmentLogTest, ReadIsBoundedByItemsAndBytesButGivesOne) {
  Open();
  for (int i = 0; i < 5; ++i) ASSERT_OK(Append("12345"));
  auto reader = log_->NewReader(1);
  ASSERT_OK(reader);
  EXPECT_EQ((*reader)->Read(2, 1000)->size(), 2U);
  EXPECT_EQ((*reader)->Read(9, 10)->size(), 2U);
  EXPECT_EQ((*reader)->Read(9, 1)->size(), 1U);
}

TEST_F(SegmentLogTest, SecondOpenOfTheFolderIsLocked) {
  Open();
  EXPECT_THAT(SegmentLog::Open(Options(), PosixFileSystem()), HasReason(Reason::kStoreLocked));
}

TEST_F(SegmentLogTest, RecordThatFitsExactlyIsTakenAndOneLargerIsRefused) {
  Open();
  const size_t most = 4096 - log_format::kSegmentHeaderBytes - log_format::kRecordHeaderBytes;
  EXPECT_OK(Append(std::string(most - 1, 'x')));
  EXPECT_OK(Append(std::string(most, 'x')));
  EXPECT_THAT(Append(std::string(most + 1, 'x')), HasReason(Reason::kBatchTooLarge));
  EXPECT_EQ(ReadAll().size(), 2U);
}

TEST_F(SegmentLogTest, MaxItemsCountsFromTheTrimmedPosition) {
  SegmentLogOptions options = Options();
  options.max_items = 2;
  Open(options);
  ASSERT_OK(Append("a"));
  ASSERT_OK(Append("b"));
  EXPECT_THAT(Append("c"), HasReason(Reason::kStoreFull));
  ASSERT_OK(log_->Trim(2));
  EXPECT_EQ(*Append("c"), 3U);
  EXPECT_THAT(Append("d"), HasReason(Reason::kStoreFull));
}

TEST_F(SegmentLogTest, DiskLimitIsKeptAndTrimmingMakesRoom) {
  SegmentLogOptions options = Options();
  options.max_disk_bytes = 3 * 4096;
  Open(options);
  int stored = 0;
  absl::StatusOr<Position> last;
  while ((last = Append(std::string(1000, 'x'))).ok()) ++stored;
  EXPECT_THAT(last, HasReason(Reason::kStoreFull));
  EXPECT_EQ(stored, 9);  // three of 1,024 bytes in each of three segments
  EXPECT_LE(log_->disk_bytes(), options.max_disk_bytes);
  ASSERT_OK(log_->Trim(4));
  EXPECT_EQ(*Append(std::string(1000, 'x')), 10U);
  EXPECT_EQ(log_->first_position(), 4U);
}

TEST_F(SegmentLogTest, TrimKeepsPositionsForEver) {
  Open();
  for (int i = 0; i < 20; ++i) ASSERT_OK(Append(std::string(1000, 'x')));
  ASSERT_OK(log_->Trim(1000));
  EXPECT_EQ(log_->first_position(), 19U);  // the segment that is written to stays
  Open();
  EXPECT_EQ(*Append("y"), 21U);
  EXPECT_EQ(log_->NewReader(18).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(log_->NewReader(23).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(SegmentLogTest, WaitEndsWithARecordAStopOrTheTime) {
  Open();
  std::stop_source stop;
  EXPECT_FALSE(log_->WaitFor(1, absl::ZeroDuration(), stop.get_token()));
  std::thread writer([this] { EXPECT_OK(Append("a")); });
  EXPECT_TRUE(log_->WaitFor(1, kLong, stop.get_token()));
  writer.join();
  std::thread stopper([&stop] { stop.request_stop(); });
  EXPECT_FALSE(log_->WaitFor(2, kLong, stop.get_token()));
  stopper.join();
}

TEST_F(SegmentLogTest, ClosedLogRefuses) {
  Open();
  log_->Close();
  EXPECT_THAT(Append("a"), HasReason(Reason::kShuttingDown));
}

TEST_F(SegmentLogTest, TornEndAtEveryByteOfTheLastRecordIsErased) {
  Open();
  ASSERT_OK(Append("first"));
  ASSERT_OK(Append("the second record"));
  log_.reset();
  const std::string whole = ReadFile(file(1));
  const size_t begin = log_format::kSegmentHeaderBytes + log_format::RecordBytes(5);
  const size_t end = begin + log_format::kRecordHeaderBytes + 17;
  for (size_t torn = begin; torn < end; ++torn) {
    std::string bytes = whole;
    std::fill(bytes.begin() + static_cast<ptrdiff_t>(torn), bytes.end(), '\0');
    WriteFile(file(1), bytes);
    ASSERT_OK(Reopen());
    EXPECT_THAT(ReadAll(), ElementsAre("first")) << torn;
    EXPECT_EQ(*Append("new"), 2U);
    EXPECT_THAT(ReadAll(), ElementsAre("first", "new")) << torn;
    log_.reset();
  }
}

TEST_F(SegmentLogTest, RemainsBehindATornRecordNeverComeBack) {
  Open();
  // Three records of one commit: none says of another that it was durable.
  log_->Append("aaaa", [](const absl::StatusOr<Position>&) {});
  log_.reset();
  std::string bytes = ReadFile(file(1));
  std::string tail;
  log_format::AppendUnsealedRecord(tail, 2, "bbbb");
  log_format::AppendUnsealedRecord(tail, 3, "cccc");
  char* next = tail.data();
  next += log_format::SealRecord(next, 2);
  log_format::SealRecord(next, 2);
  tail[log_format::kRecordHeaderBytes] = 'X';  // record 2 is torn, record 3 is sound
  const size_t begin = log_format::kSegmentHeaderBytes + log_format::RecordBytes(4);
  bytes.replace(begin, tail.size(), tail);
  WriteFile(file(1), bytes);
  ASSERT_OK(Reopen());
  ASSERT_OK(Append("dddd"));  // as long as record 2, so that record 3 would follow on
  ASSERT_OK(Reopen());
  EXPECT_THAT(ReadAll(), ElementsAre("aaaa", "dddd"));
}

TEST_F(SegmentLogTest, DamageOfADurableRecordInTheLastSegmentStopsOpening) {
  Open();
  ASSERT_OK(Append("first"));
  ASSERT_OK(Append("second"));
  ASSERT_OK(Append("third"));
  log_.reset();
  std::string bytes = ReadFile(file(1));
  bytes[log_format::kSegmentHeaderBytes + log_format::kRecordHeaderBytes] ^= 1;
  WriteFile(file(1), bytes);
  EXPECT_THAT(Reopen(), HasReasonAndMessage(Reason::kStorageCorrupt,
                                            AllOf(HasSubstr("00000000000000000001.log"), HasSubstr("offset 32"))));
  EXPECT_EQ(ReadFile(file(1)), bytes);  // evidence is not touched
}

TEST_F(SegmentLogTest, DamageInAnEarlierSegmentIsNamedWhenRead) {
  Open();
  for (int i = 0; i < 10; ++i) ASSERT_OK(Append(std::string(1000, 'x')));
  log_.reset();
  std::string bytes = ReadFile(file(4));
  bytes[log_format::kSegmentHeaderBytes + 1024 + 30] ^= 1;
  WriteFile(file(4), bytes);
  ASSERT_OK(Reopen());
  auto reader = log_->NewReader(1);
  ASSERT_OK(reader);
  EXPECT_EQ((*reader)->Read(100, 1 << 20)->size(), 4U);
  EXPECT_THAT((*reader)->Read(100, 1 << 20),
              HasReasonAndMessage(Reason::kStorageCorrupt,
                                  AllOf(HasSubstr("00000000000000000004.log"), HasSubstr("offset 1056"))));
  EXPECT_EQ((*reader)->position(), 5U);
}

TEST_F(SegmentLogTest, MissingSegmentIsDamage) {
  Open();
  for (int i = 0; i < 10; ++i) ASSERT_OK(Append(std::string(1000, 'x')));
  log_.reset();
  std::filesystem::remove(file(4));
  ASSERT_OK(Reopen());
  auto reader = log_->NewReader(1);
  ASSERT_OK(reader);
  EXPECT_EQ((*reader)->Read(100, 1 << 20)->size(), 3U);
  EXPECT_THAT((*reader)->Read(100, 1 << 20), HasReason(Reason::kStorageCorrupt));
}

TEST_F(SegmentLogTest, ConcurrentAppendsAreEachStoredOnceInOrderOfTheirPositions) {
  Open();
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::mutex mutex;
  std::map<Position, std::string> acknowledged;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        std::string bytes = std::to_string(t) + ":" + std::to_string(i) + std::string(100, '.');
        log_->Append(bytes, [&, bytes](const absl::StatusOr<Position>& position) {
          const std::lock_guard lock(mutex);
          EXPECT_OK(position);
          if (position.ok()) acknowledged[*position] = bytes;
        });
      }
    });
  }
  size_t seen = 0;
  auto reader = log_->NewReader(1);
  ASSERT_OK(reader);
  while (seen < kThreads * kEach && log_->WaitFor((*reader)->position(), kLong, {})) {
    auto records = (*reader)->Read(50, 1 << 20);
    ASSERT_OK(records);
    seen += records->size();
  }
  for (std::thread& thread : threads) thread.join();
  log_->Close();
  EXPECT_EQ(seen, static_cast<size_t>(kThreads * kEach));
  const std::vector<std::string> all = ReadAll();
  ASSERT_EQ(acknowledged.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(acknowledged[i + 1], all[i]);
}

TEST_F(SegmentLogTest, OptionsThatCannotBeHonouredAreRefused) {
  SegmentLogOptions options = Options();
  options.max_disk_bytes = 2 * 4096 - 1;
  EXPECT_THAT(SegmentLog::Open(options, PosixFileSystem()), HasReason(Reason::kConfigInvalidValue));
  options = Options();
  options.segment_bytes = 4095;
  EXPECT_THAT(SegmentLog::Open(options, PosixFileSystem()), HasReason(Reason::kConfigInvalidValue));
}

}  // namespace
}  // namespace zoomwatch::storage
