#include <gtest/gtest.h>

#include "tests/unit/common/kql_functions/call_function.h"

namespace zoomwatch::kql {
namespace {

TEST(ParseFunctions, Url) {
  ExpectAll({
      {"parse_url", {S("https://ann:pw@meet.example:8443/j/1?a=b&c#top")},
       R"({"Scheme":"https","Host":"meet.example","Port":"8443","Path":"/j/1","Username":"ann","Password":"pw",)"
       R"("Query Parameters":{"a":"b","c":""},"Fragment":"top"})"},
      {"parse_url", {S("http://[2001:db8::1]/")},
       R"({"Scheme":"http","Host":"[2001:db8::1]","Port":"","Path":"/","Username":"","Password":"",)"
       R"("Query Parameters":{},"Fragment":""})"},
      {"parse_url", {S("")},
       R"({"Scheme":"","Host":"","Port":"","Path":"","Username":"","Password":"","Query Parameters":{},"Fragment":""})"},
      {"parse_urlquery", {S("?a=1&b=x=y&&c")}, R"({"Query Parameters":{"a":"1","b":"x=y","c":""}})"},
  });
}

TEST(ParseFunctions, Path) {
  ExpectAll({
      {"parse_path", {S(R"(D:\logs\a.b.txt)")},
       R"({"Scheme":"","RootPath":"D:","DirectoryPath":"D:\\logs","DirectoryName":"logs","Filename":"a.b.txt","Extension":"txt",)"
       R"("AlternateDataStreamName":""})"},
      {"parse_path", {S("file://D:/logs/a.txt:b.exe")},
       R"({"Scheme":"file","RootPath":"D:","DirectoryPath":"D:/logs","DirectoryName":"logs","Filename":"a.txt","Extension":"txt",)"
       R"("AlternateDataStreamName":"b.exe"})"},
      {"parse_path", {S("name")},
       R"({"Scheme":"","RootPath":"","DirectoryPath":"","DirectoryName":"","Filename":"name","Extension":"",)"
       R"("AlternateDataStreamName":""})"},
  });
}

TEST(ParseFunctions, Xml) {
  ExpectAll({
      {"parse_xml", {S("<e/>")}, R"({"e":null})"},
      {"parse_xml", {S("<e></e>")}, R"({"e":null})"},
      {"parse_xml", {S("<e>some text</e>")}, R"({"e":"some text"})"},
      {"parse_xml", {S("<e n='v'/>")}, R"({"e":{"@n":"v"}})"},
      {"parse_xml", {S("<e n=\"v\">t</e>")}, R"({"e":{"@n":"v","#text":"t"}})"},
      {"parse_xml", {S("<e> <a>x</a> <a>y</a> <b>z</b> </e>")}, R"({"e":{"a":["x","y"],"b":"z"}})"},
      {"parse_xml", {S("<e> t <a>x</a></e>")}, R"({"e":{"#text":"t","a":"x"}})"},
      {"parse_xml", {S("<?xml version='1.0'?><!-- c --><e>&lt;&#65;&#x42;<![CDATA[<&>]]></e>")}, R"({"e":"<AB<&>"})"},
      {"parse_xml", {S("<e>118.5</e>")}, R"({"e":118.5})"},
      {"parse_xml", {S("<e>007</e>")}, R"({"e":"007"})"},
      {"parse_xml", {S("")}, "null"},
      {"parse_xml", {S("<e>")}, "null"},
      {"parse_xml", {S("<e></f>")}, "null"},
      {"parse_xml", {S("<e/><f/>")}, "null"},
      {"parse_xml", {S("<e a='1' a='2'/>")}, "null"},
      {"parse_xml", {S("<e>&unknown;</e>")}, "null"},
      {"parse_xml", {S("<!DOCTYPE e [<!ENTITY x 'y'>]><e>&x;</e>")}, "null"},
  });
}

TEST(ParseFunctions, XmlBeyondTheLimitsIsNull) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<e>";
  EXPECT_EQ(Text("parse_xml", {S(deep)}), "null");
  EXPECT_EQ(Text("parse_xml", {S("<e>" + std::string(1 << 20, 'x') + "</e>")}), "null");
}

TEST(StringFunctions, HasAnyIndexLooksForTerms) {
  ExpectAll({
      {"has_any_index", {S("room is Locked"), J(R"(["lock","locked"])")}, "1"},
      {"has_any_index", {S("a_b"), J(R"(["b"])")}, "0"},
      {"has_any_index", {S("number 2"), J("[1,2]")}, "1"},
      {"has_any_index", {S("x – y"), J(R"(["z","y"])")}, "1"},
      {"has_any_index", {S("x–y"), J(R"(["y"])")}, "0"},
      {"has_any_index", {S("x"), J("[]")}, "-1"},
      {"has_any_index", {S("x"), J("{}")}, "null"},
  });
}

}  // namespace
}  // namespace zoomwatch::kql
