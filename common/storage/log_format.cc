#include "common/storage/log_format.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "common/storage/crc32c.h"

namespace zoomwatch::storage::log_format {
namespace {

constexpr std::string_view kMagic("ZWLOG\0\0\1", 8);
constexpr std::string_view kSuffix = ".log";
constexpr size_t kNameDigits = 20;

template <typename Integer>
void Store(char* out, Integer value) {
  for (size_t i = 0; i < sizeof(Integer); ++i) out[i] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
}

template <typename Integer>
Integer Load(const char* in) {
  Integer value = 0;
  for (size_t i = 0; i < sizeof(Integer); ++i) {
    value = static_cast<Integer>(value | (static_cast<Integer>(static_cast<unsigned char>(in[i])) << (8 * i)));
  }
  return value;
}

}  // namespace

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  std::string bytes(kSegmentHeaderBytes, '\0');
  kMagic.copy(bytes.data(), kMagic.size());
  Store(bytes.data() + 8, header.first_position);
  Store(bytes.data() + 16, header.size);
  Store(bytes.data() + 24, Crc32c(std::string_view(bytes.data(), 24)));
  return bytes;
}

std::optional<SegmentHeader> DecodeSegmentHeader(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes || bytes.substr(0, kMagic.size()) != kMagic) return std::nullopt;
  if (Load<uint32_t>(bytes.data() + 24) != Crc32c(bytes.substr(0, 24))) return std::nullopt;
  return SegmentHeader{.first_position = Load<uint64_t>(bytes.data() + 8), .size = Load<uint64_t>(bytes.data() + 16)};
}

void AppendUnsealedRecord(std::string& out, uint64_t position, std::string_view payload) {
  char header[kRecordHeaderBytes] = {};
  Store(header + 4, static_cast<uint32_t>(payload.size()));
  Store(header + 8, position);
  out.append(header, sizeof(header));
  out.append(payload);
  out.append(RecordBytes(payload.size()) - kRecordHeaderBytes - payload.size(), '\0');
}

uint64_t SealRecord(char* record, uint64_t durable) {
  const uint32_t length = PayloadLength(record);
  Store(record + 16, durable);
  Store(record, Crc32c(std::string_view(record + 4, kRecordHeaderBytes - 4 + length)));
  return RecordBytes(length);
}

uint32_t PayloadLength(const char* record) { return Load<uint32_t>(record + 4); }

RecordHeader DecodeRecordHeader(std::string_view bytes) {
  return {.crc = Load<uint32_t>(bytes.data()),
          .length = Load<uint32_t>(bytes.data() + 4),
          .position = Load<uint64_t>(bytes.data() + 8),
          .durable = Load<uint64_t>(bytes.data() + 16)};
}

bool RecordIsSound(std::string_view record) {
  if (record.size() < kRecordHeaderBytes) return false;
  const RecordHeader header = DecodeRecordHeader(record);
  if (header.position == 0 || record.size() - kRecordHeaderBytes < header.length) return false;
  return header.crc == Crc32c(record.substr(4, kRecordHeaderBytes - 4 + header.length));
}

std::string SegmentName(uint64_t first_position) { return fmt::format("{:020}{}", first_position, kSuffix); }

std::optional<uint64_t> ParseSegmentName(std::string_view name) {
  if (name.size() != kNameDigits + kSuffix.size() || name.substr(kNameDigits) != kSuffix) return std::nullopt;
  uint64_t position = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kNameDigits, position);
  if (error != std::errc() || end != name.data() + kNameDigits || position == 0) return std::nullopt;
  return position;
}

}  // namespace zoomwatch::storage::log_format
