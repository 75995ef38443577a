// parse and parse-where.
#include <algorithm>
#include <set>
#include <utility>

#include "common/kql/binder/binder_state.h"
#include "fmt/format.h"

namespace zoomwatch::kql {
namespace {

ScalarPtr AsText(ScalarPtr value) {
  if ((value->type == Type::kString && !value->loose) || value->type == Type::kUnknown) return value;
  auto text = std::make_shared<Scalar>();
  text->kind = ScalarKind::kText;
  text->type = Type::kString;
  text->span = value->span;
  text->per_query = value->per_query;
  text->children = {std::move(value)};
  return text;
}

}  // namespace

void Binder::BindParseKind(const Operator& op, Relation& parse) {
  const OperatorParameter* kind = FindParameter(op, "kind");
  if (kind != nullptr) {
    if (kind->word == "regex") {
      parse.parse_mode = ParseMode::kRegex;
    } else if (kind->word == "relaxed") {
      parse.parse_mode = ParseMode::kRelaxed;
    } else if (kind->word != "simple") {
      Error(code::kSyntax, kind->value_span, UnknownMessage("kind of parse", kind->word, {"simple", "regex", "relaxed"}));
    }
  }
  const OperatorParameter* flags = FindParameter(op, "flags");
  if (flags == nullptr) return;
  if (parse.parse_mode != ParseMode::kRegex) Warn(flags->value_span, "flags are those of a regex: without kind=regex they have no effect");
  parse.parse_flags = flags->word;
  if (parse.parse_flags.find_first_not_of("iUms") != std::string::npos) {
    Error(code::kBadConstant, flags->value_span, fmt::format("'{}' are not regex flags: i, U, m and s are", flags->word));
  }
}

RelationPtr Binder::BindParse(const Step& step) {
  Relation parse;
  parse.kind = RelationKind::kParse;
  parse.span = step.op.span;
  parse.inputs = {step.input};
  parse.parse_where = step.op.kind == OperatorKind::kParseWhere;
  parse.parsed = AsText(BindScalar(*step.op.expr, step.Row()));
  RefuseOrderFunctions(*parse.parsed, "parse");
  BindParseKind(step.op, parse);
  parse.schema = step.input->schema;
  for (std::size_t i = 0; i < parse.schema.size(); ++i) parse.carried.emplace_back(i);
  std::set<std::string, std::less<>> declared;
  const ParsePart* before = nullptr;
  for (const ParsePart& part : step.op.pattern) {
    ParseStep bound{part.kind, part.text, part.type, 0};
    if (part.kind == ParsePart::Kind::kText && parse.parse_mode == ParseMode::kRegex) {
      const std::string problem = CheckRegex(part.text);
      if (!problem.empty()) Error(code::kBadConstant, part.span, problem);
    }
    if (part.kind == ParsePart::Kind::kColumn) {
      if (before != nullptr && before->kind == ParsePart::Kind::kColumn) {
        Error(code::kNotAfterColumn, part.name.span, "a column must follow a string or '*'");
      }
      if (!declared.insert(part.name.text).second) ErrorDuplicate(part.name.span, part.name.text);
      const auto existing = FindColumn(parse.schema, part.name.text);
      bound.output = existing.value_or(parse.schema.size());
      if (!existing) {
        parse.schema.emplace_back();
        parse.carried.emplace_back();
      }
      parse.schema[bound.output] = {part.name.text, part.type, false};
      parse.carried[bound.output] = std::nullopt;
    }
    parse.steps.push_back(std::move(bound));
    before = &part;
  }
  return Make(std::move(parse));
}

}  // namespace zoomwatch::kql
