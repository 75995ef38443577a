// The text forms inside JSON: string escapes, numbers, UTF-8. Pure and thread-safe.
// Source: RFC 8259 sections 6 to 8.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace zoomwatch::json {

// What the escapes of a string are like.
struct EscapeCheck {
  std::optional<size_t> error_offset;  // of the first backslash that starts no valid escape
  bool lone_surrogate = false;         // a \u escape of half a character without the other half
};

// Checks the bytes between the quotes of a string.
EscapeCheck CheckEscapes(std::string_view raw);

// Appends the bytes between the quotes of a string, decoded. REQUIRES: CheckEscapes(raw) found no error.
// Half characters become U+FFFD, so the result is UTF-8 whenever `raw` is.
void AppendUnescaped(std::string_view raw, std::string& out);

// Calls for the places of half-character escapes: the offset of the next one in `raw` at or after `from`, each 6 bytes long.
// nullopt: none. REQUIRES: as AppendUnescaped.
std::optional<size_t> FindLoneSurrogate(std::string_view raw, size_t from);

// True when all of `token` is a number. Of any size: nothing is converted.
bool IsNumber(std::string_view token);

// Offset of the first byte that is not part of valid UTF-8; nullopt when all is.
std::optional<size_t> FindInvalidUtf8(std::string_view text);

// Makes each byte that is not part of valid UTF-8 U+FFFD.
void ReplaceInvalidUtf8(std::string& text);

// The longest start of `text` of at most `max_bytes` that does not end inside a character. REQUIRES: `text` is UTF-8.
std::string_view CutUtf8(std::string_view text, size_t max_bytes);

}  // namespace zoomwatch::json
