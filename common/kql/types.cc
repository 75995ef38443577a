#include "common/kql/types.h"

#include <utility>

namespace zoomwatch::kql {

std::string_view TypeName(Type type) {
  switch (type) {
    case Type::kBool: return "bool";
    case Type::kInt: return "int";
    case Type::kLong: return "long";
    case Type::kReal: return "real";
    case Type::kDecimal: return "decimal";
    case Type::kString: return "string";
    case Type::kDateTime: return "datetime";
    case Type::kTimeSpan: return "timespan";
    case Type::kGuid: return "guid";
    case Type::kDynamic: return "dynamic";
    case Type::kUnknown: return "unknown";
  }
  return "unknown";
}

std::optional<Type> TypeFromName(std::string_view name) {
  for (const Type type : kAllTypes) {
    if (TypeName(type) == name) return type;
  }
  static constexpr std::pair<std::string_view, Type> kOtherNames[] = {
      {"boolean", Type::kBool},     {"double", Type::kReal},     {"date", Type::kDateTime},
      {"time", Type::kTimeSpan},    {"uniqueid", Type::kGuid},   {"uuid", Type::kGuid},
      {"int32", Type::kInt},        {"int64", Type::kLong},
  };
  for (const auto& [other, type] : kOtherNames) {
    if (other == name) return type;
  }
  return std::nullopt;
}

}  // namespace zoomwatch::kql
