// HTTP messages as values. Not thread-safe beyond const access.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace zoomwatch::http {

// Header fields in the order in which they arrived, values without surrounding white space. Names compare without case.
// Holds all text in one block, so that a request costs few allocations; views stay valid until the next Add() or a move.
class Headers {
 public:
  // REQUIRES: all text together is below 4 GiB (the server's limit on headers is far below).
  void Add(std::string_view name, std::string_view value);

  size_t size() const { return fields_.size(); }
  std::string_view name(size_t index) const { return View(fields_[index].name_begin, fields_[index].name_size); }
  std::string_view value(size_t index) const { return View(fields_[index].value_begin, fields_[index].value_size); }

  // The first value under that name. Cost: linear.
  std::optional<std::string_view> Find(std::string_view name) const;
  // How often that name occurs.
  size_t Count(std::string_view name) const;

  void Clear();

 private:
  struct Field {
    uint32_t name_begin, name_size, value_begin, value_size;
  };
  std::string_view View(uint32_t begin, uint32_t size) const { return std::string_view(text_).substr(begin, size); }

  std::string text_;
  std::vector<Field> fields_;
};

// A whole request as the server hands it over.
struct Request {
  std::string method;             // as sent, "POST"; method names are case-sensitive
  std::string target;             // as sent, always starts with "/"; nothing is decoded
  Headers headers;
  std::string body;               // the bytes after transfer coding; empty when there is none
  std::string peer_address;       // of the connection, without port; "" when unknown
  absl::Time receive_time;        // when the last byte had been read, by the server's clock

  // The target up to "?".
  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
};

// An answer. The server adds Content-Length, Date, Connection and the security headers itself.
struct Response {
  int status = 200;
  std::string content_type;       // empty: none is sent
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // further ones. REQUIRES: no line ends in them
  bool close = false;             // close the connection after this answer
};

// True when both are equal, ASCII letters compared without case.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

}  // namespace zoomwatch::http
