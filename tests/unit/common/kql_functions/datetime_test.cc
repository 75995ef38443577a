#include <gtest/gtest.h>

#include "tests/unit/common/kql_functions/call_function.h"

namespace zoomwatch::kql {
namespace {

// 2031-05-25 is a Sunday.
TEST(DateTimeFunctions, StartAndEndOfUnits) {
  const Value date = Date("2031-05-28T08:20:03.5Z");
  ExpectAll({
      {"startofday", {date}, "\"2031-05-28T00:00:00.0000000Z\""},
      {"startofday", {date, L(-1)}, "\"2031-05-27T00:00:00.0000000Z\""},
      {"startofweek", {date}, "\"2031-05-25T00:00:00.0000000Z\""},
      {"startofweek", {Date("2031-05-25")}, "\"2031-05-25T00:00:00.0000000Z\""},
      {"startofweek", {date, L(1)}, "\"2031-06-01T00:00:00.0000000Z\""},
      {"startofmonth", {date, L(-5)}, "\"2030-12-01T00:00:00.0000000Z\""},
      {"startofyear", {date, L(1)}, "\"2032-01-01T00:00:00.0000000Z\""},
      {"endofday", {date}, "\"2031-05-28T23:59:59.9999999Z\""},
      {"endofweek", {date}, "\"2031-05-31T23:59:59.9999999Z\""},
      {"endofmonth", {Date("2032-02-10")}, "\"2032-02-29T23:59:59.9999999Z\""},
      {"endofyear", {date, L(-1)}, "\"2030-12-31T23:59:59.9999999Z\""},
      {"endofyear", {Date("9999-06-01")}, "\"9999-12-31T23:59:59.9999999Z\""},
      {"endofmonth", {Date("9999-12-01")}, "\"9999-12-31T23:59:59.9999999Z\""},
      {"startofyear", {Date("9999-06-01"), L(1)}, "null"},
      {"startofmonth", {date, L(INT64_MAX)}, "null"},
      {"endofday", {date, L(INT64_MAX)}, "null"},
      {"startofday", {date, L(INT64_MIN)}, "null"},
      {"startofweek", {Date("0001-01-01")}, "null"},
      {"startofday", {Value()}, "null"},
      {"startofday", {date, Value()}, "null"},
  });
}

TEST(DateTimeFunctions, Fields) {
  const Value date = Date("2032-12-31T23:20:03.1234567Z");
  ExpectAll({
      {"dayofmonth", {date}, "31"},
      {"dayofyear", {date}, "366"},
      {"hourofday", {date}, "23"},
      {"monthofyear", {date}, "12"},
      {"getmonth", {date}, "12"},
      {"getyear", {date}, "2032"},
      {"dayofweek", {Date("2031-05-25")}, "\"00:00:00\""},
      {"dayofweek", {Date("2031-05-31T23:00:00Z")}, "\"6.00:00:00\""},
      {"datetime_part", {S("year"), date}, "2032"},
      {"datetime_part", {S("Quarter"), date}, "4"},
      {"datetime_part", {S("dayofyear"), date}, "366"},
      {"datetime_part", {S("minute"), date}, "20"},
      {"datetime_part", {S("second"), date}, "3"},
      {"datetime_part", {S("millisecond"), date}, "123"},
      {"datetime_part", {S("microsecond"), date}, "123456"},
      {"datetime_part", {S("nanosecond"), date}, "123456700"},
      {"datepart", {S("day"), date}, "31"},
  });
}

TEST(DateTimeFunctions, WeekNumbersFollowIso8601) {
  ExpectAll({
      {"week_of_year", {Date("2026-01-01")}, "1"},
      {"week_of_year", {Date("2027-01-01")}, "53"},
      {"week_of_year", {Date("2024-12-30")}, "1"},
      {"week_of_year", {Date("2024-12-29")}, "52"},
      {"week_of_year", {Date("0001-01-01")}, "1"},
      {"week_of_year", {Date("9999-12-31")}, "52"},
      {"datetime_part", {S("week_of_year"), Date("2027-01-01")}, "53"},
  });
}

// weekofyear() is the obsolete function: its week 1 holds the first Wednesday, and its weeks start on Sunday.
TEST(DateTimeFunctions, ObsoleteWeekNumbersDiffer) {
  ExpectAll({
      {"weekofyear", {Date("2031-01-01")}, "1"},
      {"weekofyear", {Date("2031-01-04")}, "1"},
      {"weekofyear", {Date("2031-01-05")}, "2"},
      {"weekofyear", {Date("2032-01-01")}, "53"},
      {"weekofyear", {Date("2032-01-04")}, "1"},
      {"week_of_year", {Date("2032-01-04")}, "1"},
      {"week_of_year", {Date("2031-01-05")}, "1"},
  });
}

TEST(DateTimeFunctions, AddClampsToTheMonth) {
  const Value date = Date("2032-01-31T10:00:00Z");
  ExpectAll({
      {"datetime_add", {S("month"), L(1), date}, "\"2032-02-29T10:00:00.0000000Z\""},
      {"datetime_add", {S("month"), L(-2), date}, "\"2031-11-30T10:00:00.0000000Z\""},
      {"datetime_add", {S("year"), L(1), Date("2032-02-29")}, "\"2033-02-28T00:00:00.0000000Z\""},
      {"datetime_add", {S("quarter"), L(1), date}, "\"2032-04-30T10:00:00.0000000Z\""},
      {"datetime_add", {S("week"), L(-1), date}, "\"2032-01-24T10:00:00.0000000Z\""},
      {"datetime_add", {S("hour"), L(14), date}, "\"2032-02-01T00:00:00.0000000Z\""},
      {"datetime_add", {S("microsecond"), L(1), date}, "\"2032-01-31T10:00:00.0000010Z\""},
      {"datetime_add", {S("nanosecond"), L(250), date}, "\"2032-01-31T10:00:00.0000002Z\""},
      {"datetime_add", {S("day"), L(INT64_MAX), date}, "null"},
      {"datetime_add", {S("year"), L(INT64_MIN), date}, "null"},
      {"datetime_add", {S("year"), L(-2032), date}, "null"},
      {"datetime_add", {S("century"), L(1), date}, "null"},
  });
}

TEST(DateTimeFunctions, DiffCountsBoundaries) {
  ExpectAll({
      {"datetime_diff", {S("year"), Date("2031-01-01"), Date("2030-12-31")}, "1"},
      {"datetime_diff", {S("year"), Date("2031-12-31"), Date("2031-01-01")}, "0"},
      {"datetime_diff", {S("quarter"), Date("2031-04-01"), Date("2031-03-31")}, "1"},
      {"datetime_diff", {S("month"), Date("2031-03-01"), Date("2030-12-31")}, "3"},
      {"datetime_diff", {S("week"), Date("2031-05-25"), Date("2031-05-24")}, "1"},
      {"datetime_diff", {S("week"), Date("2031-05-31"), Date("2031-05-25")}, "0"},
      {"datetime_diff", {S("day"), Date("2031-05-24T23:59:00Z"), Date("2031-05-25T00:01:00Z")}, "-1"},
      {"datetime_diff", {S("hour"), Date("2031-05-25T01:00:00Z"), Date("2031-05-25T00:59:59Z")}, "1"},
      {"datetime_diff", {S("second"), Date("2031-05-25T00:00:01Z"), Date("2031-05-25T00:00:00.9Z")}, "1"},
      {"datetime_diff", {S("nanosecond"), Date("2031-05-25T00:00:00.0000002Z"), Date("2031-05-25")}, "200"},
      {"datetime_diff", {S("nanosecond"), Date("9999-12-31"), Date("0001-01-01")}, "null"},
      {"datetime_diff", {S("day"), Value(), Date("2031-05-25")}, "null"},
  });
}

TEST(DateTimeFunctions, MakeChecksEveryField) {
  ExpectAll({
      {"make_datetime", {L(2031), L(5), L(25)}, "\"2031-05-25T00:00:00.0000000Z\""},
      {"make_datetime", {L(2031), L(5), L(25), L(8), L(20)}, "\"2031-05-25T08:20:00.0000000Z\""},
      {"make_datetime", {L(2031), L(5), L(25), L(8), L(20), R(3.25)}, "\"2031-05-25T08:20:03.2500000Z\""},
      {"make_datetime", {L(2031), L(2), L(29)}, "null"},
      {"make_datetime", {L(2031), L(0), L(1)}, "null"},
      {"make_datetime", {L(10000), L(1), L(1)}, "null"},
      {"make_datetime", {L(2031), L(5), L(25), L(24), L(0)}, "null"},
      {"make_datetime", {L(2031), L(5), L(25), L(1), L(0), L(60)}, "null"},
      {"make_datetime", {S("2031-05-25")}, "\"2031-05-25T00:00:00.0000000Z\""},
      {"make_timespan", {L(1), L(2)}, "\"01:02:00\""},
      {"make_timespan", {L(1), L(2), L(3)}, "\"01:02:03\""},
      {"make_timespan", {L(4), L(1), L(2), L(3)}, "\"4.01:02:03\""},
      {"make_timespan", {L(24), L(0)}, "null"},
      {"make_timespan", {L(1), L(60)}, "null"},
      {"make_timespan", {S("1.00:00:01")}, "\"1.00:00:01\""},
  });
}

TEST(DateTimeFunctions, UnixTime) {
  ExpectAll({
      {"unixtime_seconds_todatetime", {L(0)}, "\"1970-01-01T00:00:00.0000000Z\""},
      {"unixtime_seconds_todatetime", {R(1.5)}, "\"1970-01-01T00:00:01.5000000Z\""},
      {"unixtime_seconds_todatetime", {L(-1)}, "\"1969-12-31T23:59:59.0000000Z\""},
      {"unixtime_milliseconds_todatetime", {L(1)}, "\"1970-01-01T00:00:00.0010000Z\""},
      {"unixtime_microseconds_todatetime", {L(1)}, "\"1970-01-01T00:00:00.0000010Z\""},
      {"unixtime_nanoseconds_todatetime", {L(199)}, "\"1970-01-01T00:00:00.0000001Z\""},
      {"unixtime_nanoseconds_todatetime", {L(-1)}, "\"1969-12-31T23:59:59.9999999Z\""},
      {"unixtime_seconds_todatetime", {L(INT64_MAX)}, "null"},
      {"unixtime_seconds_todatetime", {R(1e300)}, "null"},
  });
}

TEST(DateTimeFunctions, AgoSubtractsFromTheQuerysNow) {
  ExpectAll({
      {"ago", {Span("1h")}, "\"2031-05-25T11:00:00.0000000Z\""},
      {"ago", {Span("-1h")}, "\"2031-05-25T13:00:00.0000000Z\""},
      {"ago", {Value::TimeSpan(INT64_MIN)}, "null"},
      {"ago", {Value::TimeSpan(INT64_MAX)}, "null"},
  });
}

TEST(FormatTime, DateElements) {
  const Value date = Date("2031-05-05T00:07:09.0501Z");
  ExpectAll({
      {"format_datetime", {date, S("yyyy-MM-dd HH:mm:ss.fff")}, "\"2031-05-05 00:07:09.050\""},
      {"format_datetime", {date, S("y yyyy")}, "\"31 2031\""},
      {"format_datetime", {date, S("M/d/yy h:m:s tt")}, "\"5/5/31 12:7:9 AM\""},
      {"format_datetime", {date, S("FFFFFFF")}, "\"0501\""},
      {"format_datetime", {Date("2031-05-05T13:00:00Z"), S("hh tt")}, "\"01 PM\""},
      {"format_datetime", {Value(), S("d")}, "\"\""},
  });
}

TEST(FormatTime, SpanElements) {
  ExpectAll({
      {"format_timespan", {Span("3.04:05:06.78"), S("d.hh:mm:ss.ff")}, "\"3.04:05:06.78\""},
      {"format_timespan", {Span("3.04:05:06.78"), S("dddd HH [FFFF]")}, "\"0003 04 [78]\""},
      {"format_timespan", {Span("-01:00:00"), S("h")}, "\"-1\""},
      {"format_timespan", {Value::TimeSpan(INT64_MIN), S("d")}, "\"-10675199\""},
  });
}

TEST(FormatTime, UnknownElementsAreRefusedByName) {
  const auto problem = [](std::string_view function, std::string_view format) {
    const Value text = S(format);
    const std::vector<const Value*> constants = {nullptr, &text};
    const auto error = FunctionRegistry::Default().Find(function)->check(constants);
    return error ? error->message : "";
  };
  EXPECT_EQ(problem("format_datetime", "yyyy-MM-dd [hh:mm:ss tt]"), "");
  EXPECT_EQ(problem("format_datetime", "dddd"), "the format element 'dddd' is not supported");
  EXPECT_EQ(problem("format_datetime", "yyyy'T'"), "the format element ''' is not supported");
  EXPECT_EQ(problem("format_datetime", "ffffffff"), "the format element 'ffffffff' is not supported");
  EXPECT_EQ(problem("format_timespan", "dddddddd"), "");
  EXPECT_EQ(problem("format_timespan", "M"), "the format element 'M' is not supported");
}

}  // namespace
}  // namespace zoomwatch::kql
