#include "services/receiver/spool/cursor_file.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "common/status/reasons.h"
#include "common/storage/crc32c.h"

namespace zoomwatch::receiver {
namespace {

constexpr std::string_view kTitle = "zoomwatch-spool-cursor 1\n";
constexpr std::string_view kChecksum = "crc32c ";
constexpr size_t kChecksumLineBytes = kChecksum.size() + 8 + 1;

bool Skip(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

template <typename Integer>
bool ReadNumber(std::string_view& text, Integer& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

std::optional<SpoolCursor> Parse(std::string_view text) {
  SpoolCursor cursor;
  if (!Skip(text, kTitle) || !Skip(text, "position ") || !ReadNumber(text, cursor.position) || !Skip(text, "\n")) {
    return std::nullopt;
  }
  while (!text.empty()) {
    SpoolCursor::Counts counts;
    if (!Skip(text, "account ") || !ReadNumber(text, counts.forwarded) || !Skip(text, " ") ||
        !ReadNumber(text, counts.quarantined) || !Skip(text, " ")) {
      return std::nullopt;
    }
    const size_t line_end = text.find('\n');
    if (line_end == std::string_view::npos) return std::nullopt;
    cursor.accounts[std::string(text.substr(0, line_end))] = counts;
    text.remove_prefix(line_end + 1);
  }
  return cursor;
}

}  // namespace

std::string EncodeSpoolCursor(const SpoolCursor& cursor) {
  std::string text = fmt::format("{}position {}\n", kTitle, cursor.position);
  for (const auto& [name, counts] : cursor.accounts) {
    text += fmt::format("account {} {} {}\n", counts.forwarded, counts.quarantined, name);
  }
  return text + fmt::format("{}{:08x}\n", kChecksum, storage::Crc32c(text));
}

absl::StatusOr<SpoolCursor> DecodeSpoolCursor(std::string_view bytes) {
  if (bytes.size() > kChecksumLineBytes) {
    const std::string_view text = bytes.substr(0, bytes.size() - kChecksumLineBytes);
    if (bytes.substr(text.size()) == fmt::format("{}{:08x}\n", kChecksum, storage::Crc32c(text))) {
      if (auto cursor = Parse(text)) return *std::move(cursor);
    }
  }
  return Error(Reason::kStorageCorrupt, "the checksum or the form is wrong");
}

}  // namespace zoomwatch::receiver
