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
    "parse_user_agent", "geo_info_from_ip_address", "externaldata", "toscalar", "materialize"};

}  // namespace

bool FunctionRegistry::IsRefused(std::string_view name) {
  if (Default().Find(name) != nullptr) return false;
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [name](auto prefix) { return name.starts_with(prefix); }) ||
         std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace zoomwatch::kql
