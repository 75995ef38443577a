#include <gtest/gtest.h>

#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

TEST(FunctionNames, EverySupportedFunctionIsRegistered) {
  for (const std::string_view name :
       {"tostring", "isnotempty", "parse_json", "split", "bin", "iff", "iif", "tolower", "strcat", "not", "now", "ago", "todynamic",
        "isempty", "case", "array_length", "toint", "pack", "tolong", "columnifexists", "todouble", "todatetime", "arraylength",
        "toreal", "column_ifexists", "parsejson", "pack_dictionary", "tobool", "bag_pack", "isnotnull", "toboolean", "totimespan",
        "floor", "gettype", "isnull", "toobject", "extract", "ingestion_time", "startofday", "datetime_diff", "replace",
        "ipv4_is_private", "strcat_array", "strlen", "pack_all", "parse_xml", "substring", "replace_string", "coalesce",
        "parse_url", "toupper", "indexof", "round", "pack_array", "startofweek", "extract_all", "countof", "startofmonth",
        "dayofweek", "base64_decode_tostring", "hourofday", "trim_start", "abs", "extractjson", "ipv4_is_match", "string_size",
        "tohex", "array_concat", "trim", "endofyear", "startofyear", "url_decode", "array_index_of", "bag_keys", "max_of", "next",
        "prev", "range", "translate", "array_slice", "datetime_part", "endofday", "ipv4_is_in_range", "parse_path",
        "set_difference", "set_has_element", "datetime_add", "dynamic_to_json", "exp", "format_timespan", "has_any_index",
        "hash_md5", "make_datetime", "make_timespan", "replace_regex", "reverse", "row_number", "set_union", "todecimal",
        "trim_end", "array_reverse", "array_sort_asc", "array_sort_desc", "array_sum", "bag_has_key", "bag_merge",
        "base64_encode_tostring", "bin_at", "ceiling", "dayofmonth", "dayofyear", "endofmonth", "endofweek", "extract_json",
        "format_datetime", "getmonth", "getyear", "hash_sha256", "ipv4_is_in_any_range", "isfinite", "isinf", "isnan", "log",
        "min_of", "monthofyear", "parse_ipv4", "pow", "replace_strings", "set_intersect", "sign", "sqrt", "strcat_delim", "strcmp",
        "toguid", "unixtime_milliseconds_todatetime", "unixtime_seconds_todatetime", "url_encode", "week_of_year", "zip"}) {
    EXPECT_NE(FunctionRegistry::Default().Find(name), nullptr) << name;
  }
}

}  // namespace
}  // namespace zoomwatch::kql
