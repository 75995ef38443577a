// The comparison itself: each way to break a contract is found, and what breaks nothing is not.
#include "tests/checks/proto/contract.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace zoomwatch::proto_check {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Files that are texts in memory.
class TextTree : public google::protobuf::compiler::SourceTree {
 public:
  explicit TextTree(std::map<std::string, std::string> files) : files_(std::move(files)) {}
  google::protobuf::io::ZeroCopyInputStream* Open(const std::string& name) override {
    const auto found = files_.find(name);
    if (found == files_.end()) return nullptr;
    return new google::protobuf::io::ArrayInputStream(found->second.data(), static_cast<int>(found->second.size()));
  }

 private:
  const std::map<std::string, std::string> files_;
};

constexpr std::string_view kProto = R"(syntax = "proto3";
package test.v1;
import "google/protobuf/timestamp.proto";
message Item {
  string id = 1;
  int64 count = 2;
  repeated string tags = 3;
  map<string, int32> sizes = 4;
  google.protobuf.Timestamp time = 5;
  Kind kind = 6;
  optional string note = 7;
  oneof body { string text = 8; Part part = 9; }
  message Part { bytes data = 1; }
}
enum Kind { KIND_UNSPECIFIED = 0; KIND_GOOD = 1; }
service Store {
  rpc Put(Item) returns (Reply);
  rpc Watch(Reply) returns (stream Item);
}
message Reply {}
)";

absl::StatusOr<Contract> Read(std::string_view proto) {
  TextTree tree({{"test.proto", std::string(proto)}});
  return ReadProtos(tree, {"test.proto"});
}

// kProto with a piece of text replaced by another wherever it stands.
Contract After(std::string_view from, std::string_view to) {
  std::string changed(kProto);
  size_t found = 0;
  for (size_t at = 0; (at = changed.find(from, at)) != std::string::npos; at += to.size(), ++found) changed.replace(at, from.size(), to);
  EXPECT_GT(found, 0u) << from;
  const absl::StatusOr<Contract> contract = Read(changed);
  EXPECT_TRUE(contract.ok()) << contract.status();
  return contract.ok() ? *contract : Contract();
}

struct Change {
  std::string_view name;
  std::string_view from, to;
  std::string_view found;  // part of what is said about it
};

void PrintTo(const Change& change, std::ostream* out) { *out << change.name; }

class BreakingChange : public ::testing::TestWithParam<Change> {};

TEST_P(BreakingChange, IsFound) {
  const std::vector<std::string> breaks = FindBreaks(*Read(kProto), After(GetParam().from, GetParam().to));
  EXPECT_THAT(breaks, ::testing::Contains(HasSubstr(std::string(GetParam().found))));
}

INSTANTIATE_TEST_SUITE_P(
    All, BreakingChange,
    ::testing::Values(
        Change{"FieldNumber", "count = 2", "count = 12", "changed: field test.v1.Item.count: 2 int64, now 12 int64"},
        Change{"FieldType", "int64 count", "int32 count", "2 int64, now 2 int32"},
        Change{"FieldTypeOfTheSameWireForm", "int64 count", "uint64 count", "2 int64, now 2 uint64"},
        Change{"MessageType", "google.protobuf.Timestamp time", "Reply time", "5 google.protobuf.Timestamp, now 5 test.v1.Reply"},
        Change{"EnumType", "Kind kind = 6", "int32 kind = 6", "6 test.v1.Kind, now 6 int32"},
        Change{"MapKey", "map<string, int32>", "map<int32, int32>", "4 map<string, int32>, now 4 map<int32, int32>"},
        Change{"MapValue", "map<string, int32>", "map<string, bytes>", "now 4 map<string, bytes>"},
        Change{"LabelToRepeated", "string id", "repeated string id", "1 string, now 1 repeated string"},
        Change{"LabelFromRepeated", "repeated string tags", "string tags", "3 repeated string, now 3 string"},
        Change{"LabelFromOptional", "optional string note", "string note", "7 optional string, now 7 string"},
        Change{"FieldName", "string id", "string identity", "removed or renamed: field test.v1.Item.id: 1 string"},
        Change{"FieldRemoved", "int64 count = 2;", "", "removed or renamed: field test.v1.Item.count"},
        Change{"FieldReserved", "int64 count = 2;", "reserved 2; reserved \"count\";", "removed or renamed: field test.v1.Item.count"},
        Change{"NumberUsedAgain", "int64 count = 2;", "string other = 2;", "removed or renamed: field test.v1.Item.count"},
        Change{"FieldOfNestedMessage", "bytes data = 1", "string data = 1", "field test.v1.Item.Part.data: 1 bytes, now 1 string"},
        Change{"FieldOutOfItsOneof", "oneof body { string text = 8; Part part = 9; }", "oneof body { string text = 8; } Part part = 9;",
               "9 test.v1.Item.Part in oneof body, now 9 test.v1.Item.Part"},
        Change{"FieldIntoAOneof", "string id = 1;", "oneof identity { string id = 1; }", "1 string, now 1 string in oneof identity"},
        Change{"OneofName", "oneof body", "oneof content", "in oneof body, now 8 string in oneof content"},
        Change{"JsonName", "string id = 1", "string id = 1 [json_name = \"key\"]", "1 string, now 1 string as key"},
        Change{"MessageRemoved", "message Part { bytes data = 1; }", "message Piece {} message Part {}",
               "removed or renamed: field test.v1.Item.Part.data"},
        Change{"MessageName", "Reply", "Answer", "removed or renamed: message test.v1.Reply"},
        Change{"EnumValueRemoved", "KIND_GOOD = 1;", "", "removed or renamed: value test.v1.Kind.KIND_GOOD: 1"},
        Change{"EnumValueName", "KIND_GOOD", "KIND_FINE", "removed or renamed: value test.v1.Kind.KIND_GOOD"},
        Change{"EnumValueNumber", "KIND_GOOD = 1", "KIND_GOOD = 2", "changed: value test.v1.Kind.KIND_GOOD: 1, now 2"},
        Change{"EnumName", "Kind ", "Sort ", "removed or renamed: enum test.v1.Kind"},
        Change{"RpcRemoved", "rpc Put(Item) returns (Reply);", "", "removed or renamed: rpc test.v1.Store.Put"},
        Change{"RpcName", "rpc Put", "rpc Add", "removed or renamed: rpc test.v1.Store.Put"},
        Change{"RpcRequest", "Put(Item)", "Put(Reply)", "now test.v1.Reply returns test.v1.Reply"},
        Change{"RpcResponse", "Put(Item) returns (Reply)", "Put(Item) returns (Item)", "now test.v1.Item returns test.v1.Item"},
        Change{"RpcStreamsRequests", "Put(Item)", "Put(stream Item)", "now stream test.v1.Item returns test.v1.Reply"},
        Change{"RpcStreamsNoMore", "(stream Item)", "(Item)", "returns stream test.v1.Item, now test.v1.Reply returns test.v1.Item"},
        Change{"ServiceName", "service Store", "service Shop", "removed or renamed: service test.v1.Store"},
        Change{"Package", "package test.v1", "package test.v2", "removed or renamed: message test.v1.Item"}),
    [](const ::testing::TestParamInfo<Change>& change) { return std::string(change.param.name); });

class HarmlessChange : public ::testing::TestWithParam<Change> {};

TEST_P(HarmlessChange, IsNoBreak) {
  const Contract before = *Read(kProto), after = After(GetParam().from, GetParam().to);
  EXPECT_THAT(FindBreaks(before, after), IsEmpty());
  if (GetParam().found.empty()) {
    EXPECT_THAT(FindAdditions(before, after), IsEmpty());
  } else {
    EXPECT_THAT(FindAdditions(before, after), ::testing::Contains(std::string(GetParam().found)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, HarmlessChange,
    ::testing::Values(Change{"Field", "message Reply {}", "message Reply { repeated Item items = 1; }",
                           "field test.v1.Reply.items: 1 repeated test.v1.Item"},
                    Change{"FieldOfAOneof", "Part part = 9;", "Part part = 9; bytes raw = 10;",
                           "field test.v1.Item.raw: 10 bytes in oneof body"},
                    Change{"Message", "message Reply {}", "message Reply {} message More {}", "message test.v1.More"},
                    Change{"Enum", "message Reply {}", "message Reply {} enum More { MORE_UNSPECIFIED = 0; }", "enum test.v1.More"},
                    Change{"EnumValue", "KIND_GOOD = 1;", "KIND_GOOD = 1; KIND_BAD = 2;", "value test.v1.Kind.KIND_BAD: 2"},
                    Change{"Rpc", "rpc Put", "rpc Get(Reply) returns (Item); rpc Put",
                           "rpc test.v1.Store.Get: test.v1.Reply returns test.v1.Item"},
                    Change{"Service", "message Reply {}", "message Reply {} service Other {}", "service test.v1.Other"},
                    Change{"Extension", "message Reply {}",
                           "message Reply {} import \"google/protobuf/descriptor.proto\";"
                           "extend google.protobuf.FieldOptions { Reply mark = 50001; }",
                           "extension test.v1.mark: 50001 test.v1.Reply of google.protobuf.FieldOptions"},
                    Change{"Comment", "string id", "/* Never empty. */ string id", ""},
                    Change{"Option", "int64 count = 2", "int64 count = 2 [deprecated = true]", ""},
                    Change{"Order", "string id = 1;\n  int64 count = 2;", "int64 count = 2; string id = 1;", ""}),
    [](const ::testing::TestParamInfo<Change>& change) { return std::string(change.param.name); });

TEST(Contract, IsTheSameWhenReadFromItsText) {
  const Contract contract = *Read(kProto);
  EXPECT_THAT(contract, SizeIs(::testing::Gt(15u)));
  EXPECT_EQ(*ParseContract(ToText(contract)), contract);
}

TEST(Contract, CommentsAndEmptyLinesOfItsTextAreSkipped) {
  EXPECT_THAT(*ParseContract("# about\n\nmessage a.B\nfield a.B.c: 1 string: odd\n"),
              ElementsAre(std::pair("field a.B.c", "1 string: odd"), std::pair("message a.B", "")));
}

TEST(Contract, ALineThatOccursTwiceIsRefused) {
  EXPECT_EQ(ParseContract("value a.B.C: 1\nvalue a.B.C: 2\n").status().message(), "twice: value a.B.C");
}

TEST(Contract, FilesThatTheCompilerRefusesAreRefused) {
  const absl::Status broken = Read("syntax = \"proto3\"; message A { string b = 1 }").status();
  EXPECT_EQ(broken.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(broken.message()), HasSubstr("test.proto:1:"));
  const absl::Status unknown_type = Read("syntax = \"proto3\"; message A { Missing b = 1; }").status();
  EXPECT_THAT(std::string(unknown_type.message()), HasSubstr("\"Missing\" is not defined"));
  const absl::Status unknown_file = Read("syntax = \"proto3\"; import \"missing.proto\";").status();
  EXPECT_THAT(std::string(unknown_file.message()), HasSubstr("missing.proto"));
}

TEST(Contract, OfAFolderWithoutProtosIsAnError) {
  EXPECT_EQ(ReadProtoFolder(::testing::TempDir() + "/no-such-folder").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace zoomwatch::proto_check
