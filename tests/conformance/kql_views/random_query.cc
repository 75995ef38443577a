#include "tests/conformance/kql_views/random_query.h"

#include <fmt/format.h>

namespace zoomwatch::kql::testing {

namespace {

constexpr Ticks kStart = 638'000'000'000'000'000;

class Generator {
 public:
  explicit Generator(std::mt19937_64& random) : random_(random) {}

  // Every table below has the columns of A and B, so that steps can follow each other in any order.
  std::string Query() {
    std::string query;
    if (Chance(30)) {
      query = fmt::format("let L = {};\n", Rows(1));
      query += fmt::format("L{}", Chance(50) ? fmt::format("\n| join kind={} (L{}) on k", Pick({"inner", "leftanti", "leftouter"}), Where()) : Where());
    } else {
      query = Rows(0);
    }
    return query + Last();
  }

 private:
  std::size_t Below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool Chance(std::size_t percent) { return Below(100) < percent; }
  std::string Pick(std::vector<std::string> choices) { return choices[Below(choices.size())]; }
  std::string Span() { return Pick({"1m", "2m", "5m", "10m", "15m", "90s"}); }

  // Keeps the columns of the tables.
  std::string Rows(int depth) {
    std::string rows = Pick({"A", "A", "B"});
    const std::size_t steps = Below(3);
    for (std::size_t i = 0; i < steps; ++i) rows += Step(depth);
    return rows;
  }

  std::string Step(int depth) {
    switch (Below(depth > 1 ? 6 : 11)) {
      case 0:
      case 1: return Where();
      case 2: return fmt::format("\n| extend v = {}", Pick({"v + 1", "iff(k == 'a', v, long(null))", "v * 2", "strlen(g)", "case(v > 2, v, k == 'b', 7, 0)"}));
      case 3: return fmt::format("\n| extend g = {}", Pick({"strcat(g, k)", "tostring(v)", "tostring(d.x)", "iff(isempty(g), 'none', g)"}));
      case 4: return Expand();
      case 5: return Parse();
      case 6: return fmt::format("\n| where {} {} ({} | project {})", Pick({"k", "g"}), Pick({"in", "!in", "in~", "!in~"}), Rows(depth + 1), Pick({"k", "g"}));
      case 7: {
        const std::string kind = Pick({"inner", "leftouter", mixed_ ? "inner" : "innerunique"});
        mixed_ = true;
        return fmt::format("\n| join kind={} ({} | project k, w = v, h = g) on k\n| project TimeGenerated, k, g = {}, v = {}, r, d", kind,
                           Rows(depth + 1), Pick({"g", "h"}), Pick({"v", "w"}));
      }
      case 8: return fmt::format("\n| join kind={} ({}) on {}", Pick({"leftsemi", "leftanti", "leftanti"}), Rows(depth + 1), Pick({"k", "g", "k, g"}));
      case 9: sorted_ = mixed_ = true; return Pick({"\n| serialize", "\n| sort by v asc", "\n| serialize r = r + 1"});
      default: mixed_ = true; return fmt::format("\n| union ({})", Rows(depth + 1));
    }
  }

  std::string Expand() {
    switch (Below(12)) {
      case 7: return "\n| mv-apply e = d.l to typeof(string) on (where e != 'x' | extend g = strcat(g, e))\n| project-away e";
      case 8: return "\n| mv-apply v = pack_array(v, strlen(g), 2) to typeof(long) on (summarize v = sum(v))";
      case 9: return "\n| mv-apply e = d.l on (summarize n = count(), d = any(e) by g = tostring(e))\n| project TimeGenerated, k, g, v = n, r, d";
      case 10: return "\n| mv-apply e = pack_array(k, g, 'm') to typeof(string) on (top 2 by e asc)\n| project TimeGenerated, k, g = e, v, r, d";
      case 11: return "\n| mv-apply with_itemindex=i e = d.l on (sort by tostring(e) desc | take 1 | project g = tostring(e), v = i)\n| project TimeGenerated, k, g, v, r, d";
      case 0: return "\n| mv-expand d";
      case 1: return "\n| mv-expand v = pack_array(v, v + 1, v) to typeof(long)";
      case 2: return "\n| mv-expand e = split(g, ' ') to typeof(string)\n| project TimeGenerated, k, g = e, v, r, d";
      case 3: return "\n| mv-expand with_itemindex=i d = d.l, e = pack_array(k, g) to typeof(string)\n| project TimeGenerated, k = e, g, v = i, r, d";
      case 4: return fmt::format("\n| mv-expand d = d.l limit {}", Pick({"0", "1", "2"}));
      case 5: return "\n| mv-expand bagexpansion=array d";
      default: return "\n| mv-expand d = case(v > 2, dynamic([]), v > 1, d.l, d.x)";
    }
  }

  std::string Parse() {
    return Pick({"\n| parse g with k ' ' g", "\n| parse-where g with k ' ' *", "\n| parse tostring(d) with * ':' v:long ','", "\n| parse-where tostring(d) with * ':' v:long ',' *",
                 "\n| parse kind=relaxed tostring(d) with '{' * ':' v:long ',' g", "\n| parse kind=regex flags=i g with '[xy]' g",
                 "\n| parse-where kind=regex k with '(?:a|b)' g '$'"});
  }

  std::string Where() {
    switch (Below(9)) {
      case 0: return fmt::format("\n| where TimeGenerated >= ago({})", Span());
      case 1: return fmt::format("\n| where TimeGenerated > ago({})", Span());
      case 2: return fmt::format("\n| where TimeGenerated < ago({})", Span());
      case 3: return fmt::format("\n| where TimeGenerated <= now() - {}", Span());
      case 4: return fmt::format("\n| where TimeGenerated between (ago({}) .. ago({}))", Pick({"10m", "15m"}), Pick({"1m", "5m"}));
      case 5: return fmt::format("\n| where {}", Pick({"v != 1", "not(v > 1)", "v > 2 or isnull(v)", "v between (1 .. 3)"}));
      case 6: return fmt::format("\n| where {}", Pick({"k in ('a', 'b')", "k !in ('a', '')", "g =~ 'X'", "g has_any ('x', 'y')", "k startswith 'b'"}));
      case 7: return fmt::format("\n| where v {} toscalar({} | summarize {})", Pick({">", "<=", "=="}), Rows(2), Pick({"max(v)", "min(v)", "count()", "dcount(k)"}));
      default: return fmt::format("\n| where k == 'c' or g in ({} | project g)", Rows(2));
    }
  }

  std::string Aggregates() {
    static const std::vector<std::string> kAll = {
        "n = count()", "s = sum(v)", "a = avg(v)", "mx = max(v)", "mn = min(r)", "dc = dcount(g)", "ci = countif(v > 1)", "ms = make_set(g)",
        "ml = make_list(v)", "sr = sum(r)", "sd = stdev(v)", "p = percentile(v, 50)", "latest = max(TimeGenerated)", "cd = count_distinct(k)",
        "msi = make_set_if(k, v > 1)", "si = sumif(v, k == 'a')", "dci = dcountif(k, v > 0)"};
    std::string text;
    const std::size_t count = 1 + Below(3);
    std::vector<std::string> left = kAll;
    if (sorted_) std::erase(left, "ml = make_list(v)");  // runs in batch
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t chosen = Below(left.size());
      text += (i == 0 ? "" : ", ") + left[chosen];
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(chosen));
    }
    return text;
  }

  std::string Last() {
    switch (Below(10)) {
      case 0:
      case 1: return fmt::format("\n| summarize {} by {}", Aggregates(), Pick({"k", "g", "k, g", "bin(TimeGenerated, 2m)", "x = tostring(d.x)"}));
      case 2: return fmt::format("\n| summarize {}", Aggregates());
      case 3: return fmt::format("\n| summarize n = count(), dc = dcount(g) by k\n| where {}", Pick({"n > 2", "dc >= 2", "n == 1"}));
      case 4: return "\n| distinct k, g";
      case 5: return fmt::format("\n| summarize arg_{}({}, k, g) by {}", Pick({"max", "min"}), kNoTies, Pick({"k", "g"}));
      case 6: return fmt::format("\n| project TimeGenerated, k, g, v, r\n| top {} by {} {}", Pick({"1", "3", "5"}), kNoTies, Pick({"asc", "desc"}));
      case 7: return fmt::format("\n| summarize n = count() by k, g\n| join kind={} ({} | summarize m = max(v) by k) on k", Pick({"inner", "leftouter", "leftanti", "fullouter", "rightanti", "rightouter", "rightsemi"}), Rows(1));
      case 8: return fmt::format("\n| project TimeGenerated, k, g, v, r\n| sort by {} {}{}\n| take {}", kNoTies, Pick({"asc", "desc"}), Pick({"", "\n| serialize"}), Pick({"1", "3"}));
      default: return "\n| project TimeGenerated, k, g, v, r";
    }
  }

  // Orders rows so that equal ones differ in nothing that the query shows: across tables "the earliest row" is not the same for a view,
  // which goes by arrival, and for a batch, which goes by its plan.
  static constexpr const char* kNoTies = "strcat(tostring(v), '/', k, '/', g, '/', tostring(r), '/', tostring(TimeGenerated))";

  std::mt19937_64& random_;
  bool sorted_ = false;
  bool mixed_ = false;  // rows of several tables, or in another order than they came
};

}  // namespace

Tables RandomTables() {
  const Schema schema = {{"TimeGenerated", Type::kDateTime}, {"k", Type::kString}, {"g", Type::kString},
                         {"v", Type::kLong}, {"r", Type::kReal}, {"d", Type::kDynamic}};
  Tables tables;
  tables.Add("A", schema);
  tables.Add("B", schema);
  return tables;
}

std::string RandomQuery(std::mt19937_64& random) { return Generator(random).Query(); }

std::vector<StreamRow> RandomStream(std::mt19937_64& random, std::size_t rows) {
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::vector<std::string> keys = {"a", "a", "a", "b", "b", "c", ""};
  const std::vector<std::string> groups = {"x", "X", "y", "z w", ""};
  std::vector<StreamRow> stream;
  Ticks arrival = kStart;
  for (std::size_t i = 0; i < rows; ++i) {
    const Ticks steps[] = {0, 0, 1, kTicksPerSecond, 30 * kTicksPerSecond, kTicksPerMinute, 3 * kTicksPerMinute};
    arrival += steps[below(std::size(steps))];
    const Ticks late = below(6) == 0 ? static_cast<Ticks>(below(25)) * kTicksPerMinute : 0;
    const Value number = below(6) == 0 ? Value() : Value::Long(static_cast<std::int64_t>(below(5)));
    const Value real = below(6) == 0 ? Value() : Value::Real(static_cast<double>(below(9)) / 4);
    const auto element = [&] {
      return below(2) == 0 ? Value::Long(static_cast<std::int64_t>(below(3))) : Value::String(groups[below(groups.size())]);
    };
    Value dynamic;
    if (below(3) != 0) {
      std::vector<Value> list(below(4));
      for (Value& item : list) item = below(4) == 0 ? Value::OfBag(kql::Bag({{"x", element()}})) : element();
      dynamic = Value::OfBag(kql::Bag({{"x", element()}, {"l", Value::OfArray(std::move(list))}}));
    }
    stream.push_back({.table = below(3) == 0 ? "B" : "A",
                      .cells = {Value::DateTime(arrival - late), Value::String(keys[below(keys.size())]),
                                Value::String(groups[below(groups.size())]), number, real, dynamic},
                      .arrival = arrival});
  }
  return stream;
}

}  // namespace zoomwatch::kql::testing
