// Which names of columns Log Analytics takes. Pure, at compile time too.
// Source: Azure Monitor, "Add or delete tables and columns", and the names that its older page reserves.
#pragma once

#include <cstddef>
#include <string_view>

namespace zoomwatch::event_table {

inline constexpr std::size_t kMaxColumnNameSize = 45;

namespace internal {

// In lower case. "Computer" and "RawData" have a meaning of their own.
inline constexpr std::string_view kReserved[] = {"_resourceid",  "id",           "_subscriptionid", "tenantid", "tenant",
                                                 "type",         "uniqueid",     "title",           "resource", "resourceid",
                                                 "resourcename", "resourcetype", "subscriptionid",  "rawdata",  "computer"};

constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace internal

constexpr bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (internal::Lower(a[i]) != internal::Lower(b[i])) return false;
  }
  return true;
}

// A letter, then letters, digits and underscores, at most kMaxColumnNameSize, and not reserved.
constexpr bool LegalColumnName(std::string_view name) {
  if (name.empty() || name.size() > kMaxColumnNameSize) return false;
  if (internal::Lower(name[0]) < 'a' || internal::Lower(name[0]) > 'z') return false;
  for (const char c : name) {
    const bool letter = internal::Lower(c) >= 'a' && internal::Lower(c) <= 'z';
    if (!letter && !(c >= '0' && c <= '9') && c != '_') return false;
  }
  for (const std::string_view reserved : internal::kReserved) {
    if (EqualIgnoringCase(name, reserved)) return false;
  }
  return true;
}

// Of the columns of one table: each legal, none twice (compared without case).
template <typename Column, std::size_t size>
constexpr bool AllNamesLegalAndDistinct(const Column (&columns)[size]) {
  for (std::size_t i = 0; i < size; ++i) {
    if (!LegalColumnName(columns[i].name)) return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (EqualIgnoringCase(columns[i].name, columns[j].name)) return false;
    }
  }
  return true;
}

static_assert(!LegalColumnName("Type") && !LegalColumnName("tenantId") && !LegalColumnName("Title") && !LegalColumnName("_x") &&
              !LegalColumnName("a-b"));
static_assert(LegalColumnName(std::string_view("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHI", 45)));
static_assert(!LegalColumnName(std::string_view("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ", 46)));

}  // namespace zoomwatch::event_table
