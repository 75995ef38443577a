#include <gtest/gtest.h>

#include "tests/unit/common/kql_functions/call_function.h"

namespace zoomwatch::kql {
namespace {

TEST(EncodingFunctions, Base64) {
  ExpectAll({
      {"base64_encode_tostring", {S("zoöm")}, "\"em/Dtm0=\""},
      {"base64_encode_tostring", {S("")}, "\"\""},
      {"base64_decode_tostring", {S("em/Dtm0=")}, "\"zoöm\""},
      {"base64_decode_tostring", {S("/w==")}, "\"\""},
      {"base64_decode_tostring", {S("!")}, "\"\""},
      {"base64_decodestring", {S("eA==")}, "\"x\""},
  });
}

TEST(EncodingFunctions, Url) {
  ExpectAll({
      {"url_encode", {S("https://a.example/x y?é")}, "\"https%3a%2f%2fa.example%2fx+y%3f%c3%a9\""},
      {"url_encode_component", {S("x y+z")}, "\"x%20y%2bz\""},
      {"url_decode", {S("a%20b+c%3A")}, "\"a b c:\""},
      {"url_decode", {S("100%")}, "\"100%\""},
      {"url_decode", {S("%zz%4")}, "\"%zz%4\""},
      {"url_decode", {S("")}, "\"\""},
  });
}

TEST(HashFunctions, DigestsOfTheTextForm) {
  ExpectAll({
      {"hash_md5", {S("")}, "\"d41d8cd98f00b204e9800998ecf8427e\""},
      {"hash_sha1", {S("abc")}, "\"a9993e364706816aba3e25717850c26c9cd0d89d\""},
      {"hash_sha256", {S("abc")}, "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""},
      {"hash_md5", {Date("2020-01-01")}, "\"786c530672d1f8db31fee25ea8a9390b\""},
  });
}

}  // namespace
}  // namespace zoomwatch::kql
