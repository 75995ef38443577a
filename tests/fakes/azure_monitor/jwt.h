// JSON Web Tokens as far as the fake needs them. Pure; thread-safe. Source: RFC 7515, RFC 7519, RFC 4648 section 5.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace zoomwatch::fakes {

std::string Base64UrlEncode(std::string_view bytes);
// Without padding; nullopt when it is not of that alphabet or length.
std::optional<std::string> Base64UrlDecode(std::string_view text);

struct Jwt {
  boost::json::object header;
  boost::json::object claims;
  std::string signed_part;  // what the signature is over: the first two parts with the dot
  std::string signature;    // bytes; not checked
};

// nullopt when `token` has not the shape of one.
std::optional<Jwt> ReadJwt(std::string_view token);

// Texts and numbers of a header or of claims; "" and nullopt when absent or of another type.
std::string_view TextIn(const boost::json::object& object, std::string_view key);
std::optional<int64_t> IntegerIn(const boost::json::object& object, std::string_view key);
// A time in seconds since 1970, whole or not: clients write both.
std::optional<absl::Time> TimeIn(const boost::json::object& object, std::string_view key);

}  // namespace zoomwatch::fakes
