// The payload of an event as it may stand in a row. Pure functions; thread-safe.
//
// A payload is JSON that passed our parser, but not yet JSON that every reader of a row agrees on. This makes it so:
//   line ends between tokens                           removed with all white space there: a row is one line
//   an integer beyond 2^53 - 1                         becomes a string of the same digits: doubles would round it
//   a number beyond every double (1e999)               becomes a string, too: strict parsers refuse the whole text
//   "\ud800" to "\udfff" without its other half        becomes "\ufffd": no UTF-8 exists for it, and strict parsers refuse it
//   bytes that are not UTF-8                           become U+FFFD
//   a key with either of these two                     ends with "~" and 16 digits of its hash, so that two such keys stay two
//   a raw control character in a string                becomes an escape
// Everything else, order of keys and form of numbers included, stays byte by byte.
#pragma once

#include <string>
#include <string_view>

namespace zoomwatch::event_table {

// The text to put into a row: `payload` itself when there is nothing to change (the usual case; costs a scan), otherwise a view
// of `scratch`, whose old content goes.
std::string_view RowPayload(std::string_view payload, std::string& scratch);

}  // namespace zoomwatch::event_table
