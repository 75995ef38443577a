// Points in time and spans: ago, start and end of units, parts, differences. Weeks start on Sunday; results outside the range
// of datetime are null.
#include <cmath>

#include "absl/strings/match.h"
#include "common/kql/functions/arguments.h"
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

__extension__ using Wide = __int128;

constexpr Ticks kTicksPerWeek = 7 * kTicksPerDay;

Value DateTimeOf(Call& call, Wide ticks) {
  if (ticks < kMinDateTime || ticks > kMaxDateTime) return Overflow(call);
  return Value::DateTime(static_cast<Ticks>(ticks));
}

Value Ago(Call& call, Args args) { return DateTimeOf(call, static_cast<Wide>(call.now()) - args[0].AsTicks()); }

// The datetime argument, also when it comes out of a dynamic; null when it is none.
std::optional<Ticks> DateArgument(const Value& value) {
  const Value date = ConvertTo(Type::kDateTime, value);
  if (date.is_null()) return std::nullopt;
  return date.AsTicks();
}

// 0001-01-01 was a Monday.
std::int64_t DayOfWeekOf(Ticks ticks) { return (ticks / kTicksPerDay + 1) % 7; }

std::int64_t DayOfYearOf(const CivilTime& civil) {
  std::int64_t day = civil.day;
  for (int month = 1; month < civil.month; ++month) day += DaysInMonth(civil.year, month);
  return day;
}

// The first moment of the month that lies `months` (any sign) after the given one; nullopt outside datetime's range, where
// the month after the last one counts as in range, so that its predecessor has an end.
std::optional<Wide> StartOfMonthAfter(const CivilTime& civil, std::int64_t months) {
  const Wide index = static_cast<Wide>(civil.year) * 12 + (civil.month - 1) + months;
  const Wide year = index >= 0 ? index / 12 : -1;
  if (year == 10000 && index % 12 == 0) return static_cast<Wide>(kMaxDateTime) + 1;
  if (year < 1 || year > 9999) return std::nullopt;
  CivilTime first;
  first.year = static_cast<int>(year);
  first.month = static_cast<int>(index % 12) + 1;
  const auto ticks = FromCivil(first);
  if (!ticks) return std::nullopt;
  return *ticks;
}

enum class Unit : std::uint8_t { kDay, kWeek, kMonth, kYear };

// The start of the unit that lies `offset` units after the one of `date`.
std::optional<Wide> StartOf(Unit unit, Ticks date, std::int64_t offset) {
  switch (unit) {
    case Unit::kDay: return static_cast<Wide>(date / kTicksPerDay) * kTicksPerDay + static_cast<Wide>(offset) * kTicksPerDay;
    case Unit::kWeek:
      return static_cast<Wide>(date / kTicksPerDay - DayOfWeekOf(date)) * kTicksPerDay + static_cast<Wide>(offset) * kTicksPerWeek;
    case Unit::kMonth: return StartOfMonthAfter(ToCivil(date), offset);
    case Unit::kYear: {
      CivilTime civil = ToCivil(date);
      civil.month = 1;
      if (offset > 10000 || offset < -10000) return std::nullopt;
      return StartOfMonthAfter(civil, offset * 12);
    }
  }
  return std::nullopt;
}

template <Unit kUnit>
Value StartOfUnit(Call& call, Args args) {
  const auto date = DateArgument(args[0]);
  const auto offset = WholeArgumentOr(args, 1, 0);
  if (!date || !offset) return Value();
  const auto start = StartOf(kUnit, *date, *offset);
  return start ? DateTimeOf(call, *start) : Overflow(call);
}

template <Unit kUnit>
Value EndOfUnit(Call& call, Args args) {
  const auto date = DateArgument(args[0]);
  const auto offset = WholeArgumentOr(args, 1, 0);
  if (!date || !offset) return Value();
  if (*offset == std::numeric_limits<std::int64_t>::max()) return Overflow(call);
  const auto next = StartOf(kUnit, *date, *offset + 1);
  return next ? DateTimeOf(call, *next - 1) : Overflow(call);
}

// ISO 8601: weeks start on Monday, and week 1 holds the year's first Thursday.
std::int64_t IsoWeekOf(Ticks date) {
  const std::int64_t from_monday = (DayOfWeekOf(date) + 6) % 7;
  const Wide thursday = static_cast<Wide>(date) + (3 - from_monday) * kTicksPerDay;
  if (thursday > kMaxDateTime) return 52;  // 9999-12-31 is a Friday, so this does not happen; it keeps the cast safe
  return (DayOfYearOf(ToCivil(static_cast<Ticks>(thursday))) - 1) / 7 + 1;
}

// The rule of the obsolete weekofyear(): weeks start on Sunday, and week 1 holds the year's first Wednesday.
std::int64_t OldWeekOf(Ticks date) {
  const Wide wednesday = static_cast<Wide>(date) + (3 - DayOfWeekOf(date)) * kTicksPerDay;
  if (wednesday < kMinDateTime) return 52;
  if (wednesday > kMaxDateTime) return 53;
  return (DayOfYearOf(ToCivil(static_cast<Ticks>(wednesday))) - 1) / 7 + 1;
}

enum class Part : std::uint8_t {
  kYear, kQuarter, kMonth, kWeekOfYear, kDay, kDayOfYear, kHour, kMinute, kSecond, kMillisecond, kMicrosecond, kNanosecond, kWeek
};

struct PartName {
  std::string_view name;
  Part part;
  Ticks ticks;  // 0: of no fixed length, or shorter than a tick
};

constexpr PartName kParts[] = {
    {"year", Part::kYear, 0},
    {"quarter", Part::kQuarter, 0},
    {"month", Part::kMonth, 0},
    {"week", Part::kWeek, kTicksPerWeek},
    {"week_of_year", Part::kWeekOfYear, 0},
    {"day", Part::kDay, kTicksPerDay},
    {"dayofyear", Part::kDayOfYear, 0},
    {"hour", Part::kHour, kTicksPerHour},
    {"minute", Part::kMinute, kTicksPerMinute},
    {"second", Part::kSecond, kTicksPerSecond},
    {"millisecond", Part::kMillisecond, kTicksPerMillisecond},
    {"microsecond", Part::kMicrosecond, kTicksPerMicrosecond},
    {"nanosecond", Part::kNanosecond, 0},
};

const PartName* FindPart(std::string_view name) {
  for (const PartName& part : kParts) {
    if (absl::EqualsIgnoreCase(absl::string_view(part.name.data(), part.name.size()),
                               absl::string_view(name.data(), name.size()))) {
      return &part;
    }
  }
  return nullptr;
}

std::int64_t PartOf(Part part, Ticks date) {
  const CivilTime civil = ToCivil(date);
  switch (part) {
    case Part::kYear: return civil.year;
    case Part::kQuarter: return (civil.month - 1) / 3 + 1;
    case Part::kMonth: return civil.month;
    case Part::kWeek:
    case Part::kWeekOfYear: return IsoWeekOf(date);
    case Part::kDay: return civil.day;
    case Part::kDayOfYear: return DayOfYearOf(civil);
    case Part::kHour: return civil.hour;
    case Part::kMinute: return civil.minute;
    case Part::kSecond: return civil.second;
    case Part::kMillisecond: return civil.fraction / kTicksPerMillisecond;
    case Part::kMicrosecond: return civil.fraction / kTicksPerMicrosecond;
    case Part::kNanosecond: return civil.fraction * 100;
  }
  return 0;
}

template <Part kPart>
Value PartFunction(Call&, Args args) {
  const auto date = DateArgument(args[0]);
  return date ? Value::Long(PartOf(kPart, *date)) : Value();
}

Value DateTimePart(Call&, Args args) {
  const PartName* part = FindPart(TextArgument(args[0]).view());
  const auto date = DateArgument(args[1]);
  return part != nullptr && date ? Value::Long(PartOf(part->part, *date)) : Value();
}

Value OldWeekOfYear(Call&, Args args) {
  const auto date = DateArgument(args[0]);
  return date ? Value::Long(OldWeekOf(*date)) : Value();
}

Value DayOfWeek(Call&, Args args) {
  const auto date = DateArgument(args[0]);
  return date ? Value::TimeSpan(DayOfWeekOf(*date) * kTicksPerDay) : Value();
}

// A month that is too short for the day takes its last day.
Value AddMonths(Call& call, Ticks date, std::int64_t months) {
  const auto first = StartOfMonthAfter(ToCivil(date), months);
  if (!first || *first > kMaxDateTime) return Overflow(call);
  const CivilTime target = ToCivil(static_cast<Ticks>(*first));
  const int day = std::min(ToCivil(date).day, DaysInMonth(target.year, target.month));
  return DateTimeOf(call, *first + (day - 1) * kTicksPerDay + date % kTicksPerDay);
}

// datetime_add(part, amount, date). Nanoseconds below a tick are lost.
Value DateTimeAdd(Call& call, Args args) {
  const PartName* part = FindPart(TextArgument(args[0]).view());
  const auto amount = WholeArgument(args[1]);
  const auto date = DateArgument(args[2]);
  if (part == nullptr || !amount || !date) return Value();
  if (part->ticks != 0) return DateTimeOf(call, *date + static_cast<Wide>(*amount) * part->ticks);
  if (part->part == Part::kNanosecond) return DateTimeOf(call, *date + static_cast<Wide>(*amount) / 100);
  const std::int64_t months = part->part == Part::kYear ? 12 : part->part == Part::kQuarter ? 3 : 1;
  if (*amount > 200'000 || *amount < -200'000) return Overflow(call);
  return AddMonths(call, *date, *amount * months);
}

// datetime_diff(part, a, b): the boundaries of the part that lie between b and a.
Value DateTimeDiff(Call& call, Args args) {
  const PartName* part = FindPart(TextArgument(args[0]).view());
  const auto later = DateArgument(args[1]), earlier = DateArgument(args[2]);
  if (part == nullptr || !later || !earlier) return Value();
  const CivilTime a = ToCivil(*later), b = ToCivil(*earlier);
  switch (part->part) {
    case Part::kYear: return Value::Long(a.year - b.year);
    case Part::kQuarter: return Value::Long((a.year - b.year) * 4 + (a.month - 1) / 3 - (b.month - 1) / 3);
    case Part::kMonth: return Value::Long((a.year - b.year) * 12 + a.month - b.month);
    case Part::kWeek: {
      const std::int64_t days = (*later / kTicksPerDay - DayOfWeekOf(*later)) - (*earlier / kTicksPerDay - DayOfWeekOf(*earlier));
      return Value::Long(days / 7);
    }
    case Part::kNanosecond: {
      const Wide nanoseconds = (static_cast<Wide>(*later) - *earlier) * 100;
      if (nanoseconds > INT64_MAX || nanoseconds < INT64_MIN) return Overflow(call);
      return Value::Long(static_cast<std::int64_t>(nanoseconds));
    }
    case Part::kWeekOfYear:
    case Part::kDayOfYear: return Value();
    case Part::kDay:
    case Part::kHour:
    case Part::kMinute:
    case Part::kSecond:
    case Part::kMillisecond:
    case Part::kMicrosecond: break;
  }
  return Value::Long(*later / part->ticks - *earlier / part->ticks);
}

// Ticks of seconds with a fraction; nullopt outside [0, 60).
std::optional<Ticks> SecondTicks(const Value& value) {
  const auto seconds = RealArgument(value);
  if (!seconds || !(*seconds >= 0 && *seconds < 60)) return std::nullopt;
  return static_cast<Ticks>(std::llround(*seconds * static_cast<double>(kTicksPerSecond)));
}

std::optional<int> SmallArgument(Args args, std::size_t index, int otherwise, int low, int high) {
  const auto whole = WholeArgumentOr(args, index, otherwise);
  if (!whole || *whole < low || *whole > high) return std::nullopt;
  return static_cast<int>(*whole);
}

Value MakeDateTime(Call&, Args args) {
  const auto year = SmallArgument(args, 0, 0, 1, 9999), month = SmallArgument(args, 1, 0, 1, 12),
             day = SmallArgument(args, 2, 0, 1, 31), hour = SmallArgument(args, 3, 0, 0, 23),
             minute = SmallArgument(args, 4, 0, 0, 59);
  const auto second = args.size() > 5 ? SecondTicks(args[5]) : std::optional<Ticks>(0);
  if (!year || !month || !day || !hour || !minute || !second) return Value();
  CivilTime civil;
  civil.year = *year;
  civil.month = *month;
  civil.day = *day;
  civil.hour = *hour;
  civil.minute = *minute;
  const auto ticks = FromCivil(civil);
  return ticks ? CheckedDateTime(*ticks + *second).value_or(Value()) : Value();
}

// make_timespan(hours, minutes [, seconds]) or (days, hours, minutes, seconds).
Value MakeTimeSpan(Call&, Args args) {
  const std::size_t first = args.size() == 4 ? 1 : 0;
  const auto days = first == 1 ? SmallArgument(args, 0, 0, 0, 10'675'198) : std::optional<int>(0);
  const auto hours = SmallArgument(args, first, 0, 0, 23), minutes = SmallArgument(args, first + 1, 0, 0, 59);
  const auto seconds = args.size() > first + 2 ? SecondTicks(args[first + 2]) : std::optional<Ticks>(0);
  if (!days || !hours || !minutes || !seconds) return Value();
  return Value::TimeSpan(*days * kTicksPerDay + *hours * kTicksPerHour + *minutes * kTicksPerMinute + *seconds);
}

template <Type kType>
Value FromOneValue(Call&, Args args) {
  return ConvertTo(kType, args[0]);
}

// Units per tick as a fraction, so that whole numbers stay exact.
template <Ticks kNumerator, Ticks kDenominator>
Value FromUnixTime(Call& call, Args args) {
  if (args[0].kind() == Kind::kLong) {
    Wide scaled = static_cast<Wide>(args[0].AsLong()) * kNumerator;
    scaled = scaled >= 0 ? scaled / kDenominator : -((-scaled + kDenominator - 1) / kDenominator);
    return DateTimeOf(call, kUnixEpoch + scaled);
  }
  const auto number = RealArgument(args[0]);
  if (!number || !std::isfinite(*number)) return Value();
  const double ticks = std::round(*number * static_cast<double>(kNumerator) / static_cast<double>(kDenominator));
  if (std::fabs(ticks) > 4e18) return Overflow(call);
  return DateTimeOf(call, static_cast<Wide>(kUnixEpoch) + static_cast<Ticks>(ticks));
}

constexpr std::string_view kPartList =
    "string literal=year/quarter/month/week_of_year/day/dayofyear/hour/minute/second/millisecond/microsecond/nanosecond";
constexpr std::string_view kDiffList =
    "string literal=year/quarter/month/week/day/hour/minute/second/millisecond/microsecond/nanosecond";

void RegisterUnits(FunctionRegistry& registry) {
  const std::pair<std::string_view, EvalFunction> kUnits[] = {
      {"startofday", StartOfUnit<Unit::kDay>},   {"startofweek", StartOfUnit<Unit::kWeek>},
      {"startofmonth", StartOfUnit<Unit::kMonth>}, {"startofyear", StartOfUnit<Unit::kYear>},
      {"endofday", EndOfUnit<Unit::kDay>},       {"endofweek", EndOfUnit<Unit::kWeek>},
      {"endofmonth", EndOfUnit<Unit::kMonth>},   {"endofyear", EndOfUnit<Unit::kYear>}};
  for (const auto& [name, function] : kUnits) {
    registry.Add({.name = std::string(name),
                  .naming = name == "startofday" ? Naming::kFirstArgument : Naming::kNone,
                  .overloads = {{"datetime, long?", "datetime", function}}});
  }
  const std::pair<std::string_view, EvalFunction> kFields[] = {
      {"dayofmonth", PartFunction<Part::kDay>},    {"dayofyear", PartFunction<Part::kDayOfYear>},
      {"hourofday", PartFunction<Part::kHour>},    {"week_of_year", PartFunction<Part::kWeekOfYear>},
      {"weekofyear", OldWeekOfYear},               {"monthofyear", PartFunction<Part::kMonth>},
      {"getmonth", PartFunction<Part::kMonth>},    {"getyear", PartFunction<Part::kYear>}};
  for (const auto& [name, function] : kFields) {
    registry.Add({.name = std::string(name), .overloads = {{"datetime", "int", function}}});
  }
}

}  // namespace

void RegisterDateTimeFunctions(FunctionRegistry& registry) {
  RegisterUnits(registry);
  registry.Add({.name = "ago", .overloads = {{"timespan", "datetime", Ago}}, .constant_foldable = false});
  registry.Add({.name = "dayofweek", .overloads = {{"datetime", "timespan", DayOfWeek}}});
  registry.Add({.name = "datetime_part",
                .aliases = {"datepart"},
                .overloads = {{std::string(kPartList) + ", datetime", "int", DateTimePart}}});
  registry.Add({.name = "datetime_add",
                .overloads = {{std::string(kDiffList) + ", integer, datetime", "datetime", DateTimeAdd}}});
  registry.Add({.name = "datetime_diff",
                .overloads = {{std::string(kDiffList) + ", datetime, datetime", "long", DateTimeDiff}}});
  registry.Add({.name = "make_datetime",
                .naming = Naming::kOnlyArgument,
                .overloads = {{"number, number, number, number?, number?, number?", "datetime", MakeDateTime},
                              {"scalar", "datetime", FromOneValue<Type::kDateTime>}}});
  registry.Add({.name = "make_timespan",
                .naming = Naming::kOnlyArgument,
                .overloads = {{"integer, integer, integer, integer", "timespan", MakeTimeSpan},
                              {"integer, integer, integer?", "timespan", MakeTimeSpan},
                              {"scalar", "timespan", FromOneValue<Type::kTimeSpan>}}});
  registry.Add({.name = "unixtime_seconds_todatetime",
                .overloads = {{"number", "datetime", FromUnixTime<kTicksPerSecond, 1>}}});
  registry.Add({.name = "unixtime_milliseconds_todatetime",
                .overloads = {{"number", "datetime", FromUnixTime<kTicksPerMillisecond, 1>}}});
  registry.Add({.name = "unixtime_microseconds_todatetime",
                .overloads = {{"number", "datetime", FromUnixTime<kTicksPerMicrosecond, 1>}}});
  registry.Add({.name = "unixtime_nanoseconds_todatetime",
                .overloads = {{"number", "datetime", FromUnixTime<1, 100>}}});
}

}  // namespace zoomwatch::kql
