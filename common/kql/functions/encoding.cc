// URL and base64 encodings.
#include "absl/strings/escaping.h"
#include "common/kql/functions/arguments.h"
#include "common/kql/functions/registry.h"
#include "common/kql/functions/utf8.h"

namespace zoomwatch::kql {
namespace {

bool IsUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    if (NextCodePoint(text, at) == 0xFFFD && at - start == 1) return false;
  }
  return true;
}

Value Base64Encode(Call&, Args args) {
  const TextArgument text(args[0]);
  std::string encoded;
  absl::Base64Escape(absl::string_view(text.view().data(), text.view().size()), &encoded);
  return Value::String(encoded);
}

// "" when the text is not base64 or what it stands for is not UTF-8.
Value Base64Decode(Call&, Args args) {
  const TextArgument text(args[0]);
  std::string decoded;
  if (!absl::Base64Unescape(absl::string_view(text.view().data(), text.view().size()), &decoded) || !IsUtf8(decoded)) {
    return Value();
  }
  return Value::String(decoded);
}

bool IsUnreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
}

// url_encode() writes a blank as '+', url_encode_component() as %20; hexadecimal digits are lower case.
template <bool kPlus>
Value UrlEncode(Call&, Args args) {
  const TextArgument text(args[0]);
  std::string encoded;
  for (const char c : text.view()) {
    if (IsUnreserved(c)) {
      encoded.push_back(c);
    } else if (kPlus && c == ' ') {
      encoded.push_back('+');
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
    }
  }
  return Value::String(encoded);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// A '%' without two hexadecimal digits behind it stays what it is.
Value UrlDecode(Call&, Args args) {
  const TextArgument argument(args[0]);
  const std::string_view text = argument.view();
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (text[i] == '%' && high >= 0 && low >= 0) {
      decoded.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    } else {
      decoded.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return Value::String(decoded);
}

}  // namespace

void RegisterEncodingFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "base64_encode_tostring",
                .aliases = {"base64_encodestring"},
                .overloads = {{"string", "string", Base64Encode}}});
  registry.Add({.name = "base64_decode_tostring",
                .aliases = {"base64_decodestring"},
                .overloads = {{"string", "string", Base64Decode}}});
  registry.Add({.name = "url_encode", .overloads = {{"string", "string", UrlEncode<true>}}});
  registry.Add({.name = "url_encode_component", .overloads = {{"string", "string", UrlEncode<false>}}});
  registry.Add({.name = "url_decode", .overloads = {{"string", "string", UrlDecode}}});
}

}  // namespace zoomwatch::kql
