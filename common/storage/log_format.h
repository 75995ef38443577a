// The bytes of a segment of the append-only log. Pure and thread-safe.
//
//   log      := the segment files of a folder, in the order of their names
//   name     := first position in 20 decimal digits, ".log"         00000000000000000001.log
//   segment  := header record* zero*                                filled with zeros to its size when it is made
//   header   := magic:8 first_position:u64 size:u64 crc:u32 zero:4  crc over the 24 bytes before it
//   record   := crc:u32 length:u32 position:u64 durable:u64 payload:length zero-padding to a multiple of 8
//               crc over everything of the record behind itself, without the padding
//   durable  := position up to which (exclusive) all records were durable when this one was written
// Integers are little-endian. Checksums are CRC-32C.
//
// Positions grow by one from record to record and over segments. A record header of 24 zero bytes ends a segment. What is on disk
// behind the last sync is undefined after a crash: any page of it may be old or new. So the first record of the last segment that is
// not sound is the end of the log, unless a sound record behind it says (`durable`) that it was durable: that is damage.
//
// Example: the log's first record, "abc":
//   8 bytes crc and length (03 00 00 00), 01 00 00 00 00 00 00 00 position, 01 00 00 00 00 00 00 00 durable, 61 62 63, 5 zeros.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zoomwatch::storage::log_format {

inline constexpr size_t kSegmentHeaderBytes = 32;
inline constexpr size_t kRecordHeaderBytes = 24;

struct SegmentHeader {
  uint64_t first_position = 0;
  uint64_t size = 0;  // of the file
};

struct RecordHeader {
  uint32_t crc = 0;
  uint32_t length = 0;
  uint64_t position = 0;
  uint64_t durable = 0;
};

// Bytes that a record of that payload takes in a segment.
constexpr uint64_t RecordBytes(uint64_t payload_bytes) {
  return (kRecordHeaderBytes + payload_bytes + 7) / 8 * 8;
}

std::string EncodeSegmentHeader(const SegmentHeader& header);
// nullopt: shorter than a header, another magic, or a wrong checksum.
std::optional<SegmentHeader> DecodeSegmentHeader(std::string_view bytes);

// Appends a record with room for its header, which SealRecord() fills in later: the checksum is computed by the thread that writes,
// not under the lock of the threads that append.
void AppendUnsealedRecord(std::string& out, uint64_t position, std::string_view payload);
// `record` points to RecordBytes() bytes of one record from AppendUnsealedRecord(). Returns their number.
uint64_t SealRecord(char* record, uint64_t durable);
// Length of the payload of the record at `record`, sealed or not.
uint32_t PayloadLength(const char* record);

// REQUIRES: at least kRecordHeaderBytes bytes. Not checked in any way.
RecordHeader DecodeRecordHeader(std::string_view bytes);
// Whether `record` (header and payload, padding or more behind it) is as long as its header says and its checksum is right.
bool RecordIsSound(std::string_view record);

std::string SegmentName(uint64_t first_position);
// The position in a segment's name; nullopt: not a segment.
std::optional<uint64_t> ParseSegmentName(std::string_view name);

}  // namespace zoomwatch::storage::log_format
