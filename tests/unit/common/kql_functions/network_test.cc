#include <gtest/gtest.h>

#include "tests/unit/common/kql_functions/call_function.h"

namespace zoomwatch::kql {
namespace {

TEST(NetworkFunctions, ParseIpv4) {
  ExpectAll({
      {"parse_ipv4", {S("10.0.0.1")}, "167772161"},
      {"parse_ipv4", {S("10.0.0.1/8")}, "167772160"},
      {"parse_ipv4", {S("255.255.255.255")}, "4294967295"},
      {"parse_ipv4", {S("10.0.0.1/0")}, "0"},
      {"parse_ipv4", {S("10.0.0.1/33")}, "null"},
      {"parse_ipv4", {S("10.0.0.256")}, "null"},
      {"parse_ipv4", {S("10.0.0")}, "null"},
      {"parse_ipv4", {S("10.0.0.1.2")}, "null"},
      {"parse_ipv4", {S("10.0.0.-1")}, "null"},
      {"parse_ipv4", {S(" 10.0.0.1")}, "null"},
      {"parse_ipv4", {S("")}, "null"},
  });
}

TEST(NetworkFunctions, MatchAndRange) {
  ExpectAll({
      {"ipv4_is_match", {S("10.1.2.3/24"), S("10.1.2.9")}, "true"},
      {"ipv4_is_match", {S("10.1.2.3"), S("10.1.2.2"), L(31)}, "true"},
      {"ipv4_is_match", {S("10.1.2.3"), S("10.1.2.2")}, "false"},
      {"ipv4_is_match", {S("10.1.2.3"), S("9.9.9.9"), L(0)}, "true"},
      {"ipv4_is_match", {S("10.1.2.3"), S("x")}, "null"},
      {"ipv4_is_match", {S("10.1.2.3"), S("10.1.2.3"), L(33)}, "null"},
      {"ipv4_is_in_range", {S("10.1.2.3"), S("10.1.0.0/16")}, "true"},
      {"ipv4_is_in_range", {S("10.2.0.0"), S("10.1.0.0/16")}, "false"},
      {"ipv4_is_in_range", {S("10.1.2.3"), S("10.1.2.3")}, "true"},
      {"ipv4_is_in_any_range", {S("10.1.2.3"), J(R"(["9.0.0.0/8","10.0.0.0/8"])")}, "true"},
      {"ipv4_is_in_any_range", {S("10.1.2.3"), S("9.0.0.0/8"), S("10.0.0.0/8")}, "true"},
      {"ipv4_is_in_any_range", {S("10.1.2.3"), J("[]")}, "false"},
      {"ipv4_is_in_any_range", {S("10.1.2.3"), J(R"(["x"])")}, "null"},
      {"ipv4_is_in_any_range", {S("x"), J(R"(["10.0.0.0/8"])")}, "null"},
  });
}

TEST(NetworkFunctions, PrivateRanges) {
  ExpectAll({
      {"ipv4_is_private", {S("10.0.0.0")}, "true"},
      {"ipv4_is_private", {S("172.16.0.0")}, "true"},
      {"ipv4_is_private", {S("172.15.255.255")}, "false"},
      {"ipv4_is_private", {S("172.31.255.255")}, "true"},
      {"ipv4_is_private", {S("172.32.0.0")}, "false"},
      {"ipv4_is_private", {S("192.168.255.255")}, "true"},
      {"ipv4_is_private", {S("192.169.0.0")}, "false"},
      {"ipv4_is_private", {S("127.0.0.1")}, "false"},
      {"ipv4_is_private", {S("nothing")}, "null"},
  });
}

}  // namespace
}  // namespace zoomwatch::kql
