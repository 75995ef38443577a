#include "tests/conformance/kql_views/random_query.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace zoomwatch::kql::testing {

namespace {

// Orders rows so that equal ones differ in nothing that the query shows: across tables "the earliest row" is not the same for a view,
// which goes by arrival, and for a batch, which goes by its plan.
constexpr const char* kNoTies = "strcat(tostring(v), '/', k, '/', g, '/', tostring(r), '/', tostring(TimeGenerated))";
constexpr const char* kColumns = "TimeGenerated, k, g, v, r, d";

class Generator {
 public:
  explicit Generator(std::mt19937_64& random) : random_(random) {}

  // Every step below keeps the columns of the tables, so that steps can follow each other in any order.
  RandomQueryText Query() {
    std::string query;
    switch (Below(6)) {
      case 0: query = Let(); break;
      case 1: query = fmt::format("let Recent = (span:timespan) {{ A\n| where TimeGenerated > ago(span) }};\nRecent({}){}", Span(), Steps(0, 2)); break;
      default: query = Rows(0); break;
    }
    query += Last();
    return {.text = std::move(query), .by_order = by_order_};
  }

  TwinQueries Twins() {
    mixed_ = true;  // a condition after innerunique may be moved before its choice of rows
    const std::string rows = Rows(0);
    const std::string others = Rows(1);
    const std::string key = Pick({"k", "g"});
    const std::string in = Pick({"in", "!in"});
    const std::string shown = fmt::format("\n| project {}", kColumns);
    switch (Below(10)) {
      case 0: return {"summarize by and distinct", rows + "\n| summarize by k, g", rows + "\n| distinct k, g"};
      case 1:
        return {in + " and a join", fmt::format("{}\n| where {} {} ({}\n| project {})", rows, key, in, others, key) + shown,
                fmt::format("{}\n| join kind={} ({}) on {}", rows, in == "in" ? "leftsemi" : "leftanti", others, key) + shown};
      case 2:
        return {"dcount and the size of a set", fmt::format("{}\n| summarize n = dcount({}) by k", rows, Pick({"g", "v", "r"})), ""};
      case 3: {
        const std::string one = Pick({"v > 1", "g =~ 'x'", "TimeGenerated > ago(5m)"});
        const std::string two = Pick({"isnotempty(k)", "v != 3", "TimeGenerated <= ago(1m)"});
        return {"a condition in one part and in two", fmt::format("{}\n| where {} and {}", rows, one, two) + shown,
                fmt::format("{}\n| where {}\n| where {}", rows, two, one) + shown};
      }
      case 4: return {"a let and its text", fmt::format("let L = {};\nL\n| join kind=inner (L) on k\n| project k, v, v1", rows),
                      fmt::format("{}\n| join kind=inner ({}) on k\n| project k, v, v1", rows, rows)};
      case 5:
        return {"the sides of an inner join", fmt::format("{}\n| join kind=inner ({}) on {}\n| project k, g, v, w = v1", rows, others, key),
                fmt::format("{}\n| join kind=inner ({}) on {}\n| project k = k1, g = g1, v = v1, w = v", others, rows, key)};
      case 6: return {"where true", rows + "\n| summarize n = count(), s = sum(v) by k", rows + "\n| where true\n| summarize n = count(), s = sum(v) by k"};
      case 7: return {"count and a sum of ones", fmt::format("{}\n| summarize n = count() by {}", rows, key),
                      fmt::format("{}\n| summarize n = sum(1) by {}", rows, key)};
      case 8:
        return {"a right and a left join", fmt::format("{}\n| join kind=rightanti ({}) on {}", others, rows, key) + shown,
                fmt::format("{}\n| join kind=leftanti ({}) on {}", rows, others, key) + shown};
      default:
        return {"a full outer join and its parts", fmt::format("{}\n| join kind=fullouter ({}) on {}\n| project a = v, b = v1", rows, others, key),
                fmt::format("let L = {};\nlet R = {};\nL\n| join kind=leftouter (R) on {}\n| project a = v, b = v1\n"
                            "| union (R\n| join kind=leftanti (L) on {}\n| project a = long(null), b = v)", rows, others, key, key)};
    }
  }

 private:
  std::size_t Below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool Chance(std::size_t percent) { return Below(100) < percent; }
  std::string Pick(const std::vector<std::string>& choices) { return choices[Below(choices.size())]; }
  std::string Span() { return Pick({"1m", "2m", "5m", "10m", "15m", "90s"}); }

  std::string Let() {
    switch (Below(4)) {
      case 0:
        return fmt::format("let Limit = toscalar({}\n| summarize {});\n{}\n| extend v = {}", Rows(1), Pick({"max(v)", "count()", "dcount(g)"}), Rows(1),
                           Pick({"Limit", "iff(v < Limit, v, Limit)", "v + Limit"}));
      case 1: return fmt::format("let Names = dynamic(['a', 'c', 'x']);\n{}\n| where k in (Names) or g in (Names)", Rows(0));
      default:
        return fmt::format("let L = {};\nL{}", Rows(1), Chance(60) ? fmt::format("\n| join kind={} (L{}) on k\n| project {}", Pick({"inner", "leftanti", "leftouter", "leftsemi"}), Where(), kColumns)
                                                               : Where());
    }
  }

  std::string Rows(int depth) { return Pick({"A", "A", "B"}) + Steps(depth, 3); }
  std::string Steps(int depth, std::size_t most) {
    std::string steps;
    for (std::size_t i = Below(most); i > 0; --i) steps += Step(depth);
    return steps;
  }

  std::string Step(int depth) {
    switch (Below(depth > 1 ? 8 : 15)) {
      case 0:
      case 1: return Where();
      case 2: return fmt::format("\n| extend v = {}", Pick({"v + 1", "iff(k == 'a', v, long(null))", "v * 2", "strlen(g)", "case(v > 2, v, k == 'b', 7, 0)"}));
      case 3: return fmt::format("\n| extend g = {}", Pick({"strcat(g, k)", "tostring(v)", "tostring(d.x)", "iff(isempty(g), 'none', g)"}));
      case 4: return Expand();
      case 5: return Parse();
      case 6: return Time();
      case 7: return Grouped();
      case 8: return fmt::format("\n| where {} {} ({}\n| project {})", Pick({"k", "g"}), Pick({"in", "!in", "in~", "!in~"}), Rows(depth + 1), Pick({"k", "g"}));
      case 9:
      case 10: return Join(depth);
      case 11: return fmt::format("\n| join kind={} ({}) on {}", Pick({"leftsemi", "leftanti", "leftanti"}), Rows(depth + 1), On());
      case 12: sorted_ = mixed_ = true; return Pick({"\n| serialize", "\n| sort by v asc", "\n| serialize r = r + 1"});
      case 13: return Constant();
      default: mixed_ = true; return Union(depth);
    }
  }

  std::string On() { return Pick({"k", "g", "k, g", "v", "$left.k == $right.g", "r"}); }

  std::string Join(int depth) {
    const std::string chosen = fmt::format("\n| project TimeGenerated, k, g = {}, v = {}, r, d", Pick({"g", "h"}), Pick({"v", "w"}));
    switch (Below(4)) {
      case 0: {  // rows of the right without a partner have no time of their own
        mixed_ = true;
        return fmt::format("\n| join kind={} ({}) on {}\n| project TimeGenerated = coalesce(TimeGenerated, TimeGenerated1), k = coalesce(k, k1), g = {}, v = {}, r, d",
                           Pick({"rightouter", "fullouter"}), Rows(depth + 1), On(), Pick({"g", "g1"}), Pick({"v", "v1"}));
      }
      case 1:
        mixed_ = true;
        return fmt::format("\n| join kind={} ({}) on {}", Pick({"rightsemi", "rightanti"}), Rows(depth + 1), On());
      case 2:
        mixed_ = true;
        return fmt::format("\n| lookup kind={} ({}\n| project k, w = v, h = g) on k", Pick({"inner", "leftouter"}), Rows(depth + 1)) + chosen;
      default: {
        const std::string kind = Pick({"inner", "leftouter", mixed_ ? "inner" : "innerunique"});
        mixed_ = true;
        by_order_ = by_order_ || kind == "innerunique";
        return fmt::format("\n| join kind={} ({}\n| project k, w = v, h = g) on k", kind, Rows(depth + 1)) + chosen;
      }
    }
  }

  std::string Union(int depth) {
    const std::string rows = Rows(depth + 1);
    switch (Below(4)) {
      case 0: return fmt::format("\n| union withsource=s ({}\n| project k, TimeGenerated, v)\n| project {}", rows, kColumns);
      case 1: return fmt::format("\n| union kind=inner ({})", rows);
      case 2: return fmt::format("\n| union ({}), B\n| project {}", rows, kColumns);
      default: return fmt::format("\n| union ({})", rows);
    }
  }

  std::string Constant() {
    const std::string rows = "(datatable(k:string, w:long) ['a', 1, 'b', 2, 'b', 3, 'z', 4, '', long(null)])";
    switch (Below(3)) {
      case 0: return fmt::format("\n| where k {} ({}\n| project k)", Pick({"in", "!in"}), rows);
      case 1: return fmt::format("\n| join kind={} {} on k\n| project {}", Pick({"leftanti", "leftsemi"}), rows, kColumns);
      default:
        mixed_ = true;
        return fmt::format("\n| {} kind={} {} on k\n| project TimeGenerated, k, g, v = w, r, d", Pick({"join", "lookup"}), Pick({"inner", "leftouter"}), rows);
    }
  }

  // Groups as rows: what comes after sees rows that are taken back.
  std::string Grouped() {
    mixed_ = true;
    return fmt::format("\n| summarize TimeGenerated = {}(TimeGenerated), v = {}, r = {}(r) by k, g\n| extend d = bag_pack('x', v, 'l', pack_array(k, g, v))\n| project {}",
                       Pick({"max", "min"}), Pick({"count()", "sum(v)", "dcount(v)", "max(v)"}), Pick({"max", "min", "sum"}), kColumns);
  }

  std::string Expand() {
    switch (Below(12)) {
      case 0: return "\n| mv-expand d";
      case 1: return "\n| mv-expand v = pack_array(v, v + 1, v) to typeof(long)";
      case 2: return "\n| mv-expand e = split(g, ' ') to typeof(string)\n| project TimeGenerated, k, g = e, v, r, d";
      case 3: return "\n| mv-expand with_itemindex=i d = d.l, e = pack_array(k, g) to typeof(string)\n| project TimeGenerated, k = e, g, v = i, r, d";
      case 4: return fmt::format("\n| mv-expand d = d.l limit {}", Pick({"0", "1", "2"}));
      case 5: return "\n| mv-expand bagexpansion=array d";
      case 6: return "\n| mv-expand d = case(v > 2, dynamic([]), v > 1, d.l, d.x)";
      case 7: return "\n| mv-apply e = d.l to typeof(string) on (where e != 'x' | extend g = strcat(g, e))\n| project-away e";
      case 8: return "\n| mv-apply v = pack_array(v, strlen(g), 2) to typeof(long) on (summarize v = sum(v))";
      case 9: return "\n| mv-apply e = d.l on (summarize n = count(), d = any(e) by g = tostring(e))\n| project TimeGenerated, k, g, v = n, r, d";
      case 10: return "\n| mv-apply e = pack_array(k, g, 'm') to typeof(string) on (top 2 by e asc)\n| project TimeGenerated, k, g = e, v, r, d";
      default: return "\n| mv-apply with_itemindex=i e = d.l on (sort by tostring(e) desc | take 1 | project g = tostring(e), v = i)\n| project TimeGenerated, k, g, v, r, d";
    }
  }

  std::string Parse() {
    return Pick({"\n| parse g with k ' ' g", "\n| parse-where g with k ' ' *", "\n| parse tostring(d) with * ':' v:long ','", "\n| parse-where tostring(d) with * ':' v:long ',' *",
                 "\n| parse kind=relaxed tostring(d) with '{' * ':' v:long ',' g", "\n| parse kind=regex flags=i g with '[xy]' g",
                 "\n| parse-where kind=regex k with '(?:a|b)' g '$'"});
  }

  // Conditions on the clock: every bound, either side, over columns made of the time.
  std::string Time() {
    switch (Below(10)) {
      case 0: return fmt::format("\n| where TimeGenerated >= ago({})", Span());
      case 1: return fmt::format("\n| where TimeGenerated > ago({})", Span());
      case 2: return fmt::format("\n| where TimeGenerated < ago({})", Span());
      case 3: return fmt::format("\n| where TimeGenerated <= now() - {}", Span());
      case 4: return fmt::format("\n| where TimeGenerated between (ago({}) .. ago({}))", Pick({"10m", "15m"}), Pick({"1m", "5m"}));
      case 5: return fmt::format("\n| where ago({}) {} TimeGenerated", Span(), Pick({"<", "<=", ">", ">="}));
      case 6: return fmt::format("\n| where bin(TimeGenerated, 2m) {} ago({})", Pick({">", ">=", "<"}), Span());
      case 7: return fmt::format("\n| where TimeGenerated + {} {} now()", Span(), Pick({">", ">=", "<", "<="}));
      case 8: return fmt::format("\n| extend t = TimeGenerated\n| where t >= ago({}) and t < ago({})\n| project-away t", Pick({"10m", "15m"}), Pick({"1m", "2m"}));
      default: return fmt::format("\n| where TimeGenerated between (ago({}) .. now(-1m))", Span());
    }
  }

  std::string Where() {
    switch (Below(6)) {
      case 0:
      case 1: return Time();
      case 2: return fmt::format("\n| where {}", Pick({"v != 1", "not(v > 1)", "v > 2 or isnull(v)", "v between (1 .. 3)", "v != r", "not(v == 2)"}));
      case 3: return fmt::format("\n| where {}", Pick({"k in ('a', 'b')", "k !in ('a', '')", "g =~ 'X'", "g has_any ('x', 'y')", "k startswith 'b'", "d.x != 1"}));
      case 4: return fmt::format("\n| where v {} toscalar({}\n| summarize {})", Pick({">", "<=", "=="}), Rows(2), Pick({"max(v)", "min(v)", "count()", "dcount(k)"}));
      default: return fmt::format("\n| where k == 'c' or g in ({}\n| project g)", Rows(2));
    }
  }

  std::string Aggregates() {
    std::vector<std::string> left = {
        "count()", "sum(v)", "avg(v)", "max(v)", "min(r)", "dcount(g)", "countif(v > 1)", "make_set(g)", "make_list(v)", "sum(r)", "avg(r)", "stdev(v)",
        "percentile(v, 50)", "max(TimeGenerated)", "min(TimeGenerated)", "count_distinct(k)", "make_set_if(k, v > 1)", "sumif(v, k == 'a')", "dcountif(k, v > 0)",
        "avgif(v, g != 'x')", "minif(v, k == 'b')", "maxif(TimeGenerated, v > 1)", "max(g)", "min(k)", "count_distinctif(g, v > 1)", "stdevp(r)", "stdevif(v, k == 'a')",
        "variance(v)", "variancep(v)", "varianceif(r, v > 0)", "percentiles(r, 5, 50, 95)", "array_length(make_set(g, 2))", "make_list_if(k, v > 1)",
        "make_list_with_nulls(v)", "array_length(make_list(k, 3))", "make_set(d.l)", "make_bag(bag_pack(k, k))", "make_bag_if(bag_pack(g, 1), v > 1)",
        fmt::format("arg_max({}, v)", kNoTies), "take_anyif(k, k == 'a')", "max(v) - min(v)", "sum(TimeGenerated - datetime(2022-01-01))"};
    if (sorted_) std::erase_if(left, [](const std::string& call) { return call.find("make_list") != std::string::npos; });  // runs in batch
    if (!mixed_ && Chance(40)) {
      by_order_ = true;
      left = {"take_any(g)", "take_any(v, g)", "arg_max(v, *)", "arg_min(v, k, g, r)", "make_bag(d)", "arg_max(TimeGenerated, g)", "take_anyif(g, v > 1)"};
    }
    std::string text;
    for (std::size_t i = 1 + Below(3); i > 0; --i) {
      const std::size_t chosen = Below(left.size());
      const std::string name = left[chosen].starts_with("arg_") || left[chosen].starts_with("take_any(v") || left[chosen].starts_with("percentiles") ? "" : fmt::format("c{} = ", i);
      text += (text.empty() ? "" : ", ") + name + left[chosen];
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(chosen));
      if (name.empty()) break;  // its columns would meet those of others
    }
    return text;
  }

  std::string Last() {
    switch (Below(13)) {
      case 0:
      case 1: return fmt::format("\n| summarize {} by {}", Aggregates(), Pick({"key = k", "key = g", "key = k, key2 = g", "b = bin(TimeGenerated, 2m)", "x = tostring(d.x)", "x = v"}));
      case 2: return fmt::format("\n| summarize {}", Aggregates());
      case 3: return fmt::format("\n| summarize n = count(), dc = dcount(g) by k\n| where {}", Pick({"n > 2", "dc >= 2", "n == 1"}));
      case 4: return Pick({"\n| distinct k, g", "\n| distinct k, v", "\n| project k, g, v, r\n| distinct *", "\n| count", "\n| summarize by g, v", "\n| distinct k\n| count"});
      case 5: return fmt::format("\n| summarize arg_{}({}, k, g) by {}", Pick({"max", "min"}), kNoTies, Pick({"k", "g"}));
      case 6: return fmt::format("\n| project TimeGenerated, k, g, v, r\n| top {} by {} {}", Pick({"0", "1", "3", "5"}), kNoTies, Pick({"asc", "desc"}));
      case 7:
        return fmt::format("\n| summarize n = count() by k, g\n| join kind={} ({}\n| summarize m = max(v) by k) on k",
                           Pick({"inner", "leftouter", "leftanti", "fullouter", "rightanti", "rightouter", "rightsemi"}), Rows(1));
      case 8: return fmt::format("\n| project TimeGenerated, k, g, v, r\n| sort by {} {}{}\n| take {}", kNoTies, Pick({"asc", "desc"}), Pick({"", "\n| serialize"}), Pick({"1", "3"}));
      case 9:  // silence, and activity of late
        return fmt::format("\n| summarize latest = max(TimeGenerated), earliest = min(TimeGenerated), n = count() by {}\n| where {} {} ago({})", Pick({"k", "g"}), Pick({"latest", "earliest"}),
                           Pick({">", ">=", "<", "<="}), Span());
      case 10: return fmt::format("\n| summarize n = count() by k, b = bin(TimeGenerated, {})\n| summarize most = max(n), least = min(n), sum(n) by k", Pick({"1m", "5m"}));
      case 11:
        if (mixed_) return "\n| project TimeGenerated, k, g, v, r";
        by_order_ = true;
        return fmt::format("\n| project TimeGenerated, k, g, v, r\n| take {}", Pick({"1", "3"}));
      default: return "\n| project TimeGenerated, k, g, v, r";
    }
  }

  std::mt19937_64& random_;
  bool sorted_ = false;
  bool mixed_ = false;     // rows of several tables, or in another order than they came
  bool by_order_ = false;
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

RandomQueryText RandomQuery(std::mt19937_64& random) { return Generator(random).Query(); }

TwinQueries RandomTwins(std::mt19937_64& random) {
  TwinQueries twins = Generator(random).Twins();
  if (!twins.other.empty()) return twins;
  twins.other = twins.one;  // the size of a set instead of a distinct count
  const std::size_t begin = twins.other.rfind("dcount(");
  const std::size_t end = twins.other.find(')', begin);
  twins.other.replace(begin, end - begin + 1, fmt::format("array_length(make_set({}))", twins.other.substr(begin + 7, end - begin - 7)));
  return twins;
}

}  // namespace zoomwatch::kql::testing
