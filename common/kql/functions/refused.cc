// Names of the language that are known and not supported, so that the message can say so instead of "unknown function".
#include <algorithm>

#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

// Whole families by prefix, and single names, sorted.
constexpr std::string_view kPrefixes[] = {"geo_", "series_", "hll", "tdigest", "punycode_", "zlib_", "gzip_", "convert_",
                                          "cursor_", "graph_", "node_", "beta_", "row_rank"};

constexpr std::string_view kNames[] = {
    "all", "any", "atan2", "cos", "cot", "current_cluster_endpoint", "current_database", "current_principal",
    "current_principal_details", "current_principal_is_member_of", "database", "cluster", "dcount_hll", "degrees", "erf",
    "erfc", "estimate_data_size", "extent_id", "extent_tags", "external_table", "gamma", "inner_nodes", "ipv6_compare",
    "ipv6_is_in_any_range", "ipv6_is_in_range", "ipv6_is_match", "loggamma", "map", "materialized_view", "merge_tdigest",
    "percentile_tdigest", "percentrank_tdigest", "radians", "rand", "rank_tdigest", "sin", "stored_query_result", "tan", "acos",
    "asin", "atan", "unicode_codepoints_to_string", "welch_test", "new_guid", "row_window_session", "parse_command_line",
    "parse_user_agent", "geo_info_from_ip_address", "externaldata", "toscalar", "materialize",
    "hash", "hash_combine", "hash_many", "hash_xxhash64", "array_iff", "array_iif", "array_rotate_left",
    "array_rotate_right", "array_shift_left", "array_shift_right", "array_split", "assert", "bag_remove_keys",
    "bag_set_key", "bag_zip", "base64_decode_toarray", "base64_encode_fromarray", "base64_decode_toguid",
    "base64_encode_fromguid", "bin_auto", "column_names_of", "datetime_utc_to_local", "datetime_local_to_utc",
    "datetime_list_timezones", "around", "format_bytes", "format_ipv4", "format_ipv4_mask", "has_ipv4",
    "has_ipv4_prefix", "has_any_ipv4", "has_any_ipv4_prefix", "indexof_regex", "ipv4_compare",
    "ipv4_netmask_suffix", "ipv4_range_to_cidr_list", "jaccard_index", "parse_csv", "parse_ipv4_mask", "parse_ipv6",
    "parse_ipv6_mask", "parse_version", "regex_quote", "make_string", "repeat", "treepath", "isutf8",
    "iscolumnexists", "labels", "row_id"};

}  // namespace

bool FunctionRegistry::IsRefused(std::string_view name) {
  if (Default().Find(name) != nullptr) return false;
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [name](auto prefix) { return name.starts_with(prefix); }) ||
         std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace zoomwatch::kql
