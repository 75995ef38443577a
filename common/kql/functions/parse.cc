// Texts with a structure of their own: URLs, paths, XML.
#include <algorithm>

#include "common/kql/functions/arguments.h"
#include "common/kql/functions/registry.h"
#include "common/kql/functions/xml.h"

namespace zoomwatch::kql {
namespace {

Value Text(std::string_view text) { return Value::String(text); }

// "k=v&k2=v2"; a name without '=' has the value "".
Value QueryParameters(std::string_view query) {
  std::vector<Bag::Entry> entries;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (!pair.empty()) entries.emplace_back(pair.substr(0, equals), Text(pair.substr(std::min(equals + 1, pair.size()))));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return Value::OfBag(Bag(std::move(entries)));
}

// Takes what follows the first `mark` off the end; the mark itself goes too.
std::string_view TakeAfter(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

// scheme://user:password@host:port/path?query#fragment. What is missing is ""; a text without scheme and host has only what
// it has: a path, a query, a fragment.
Value ParseUrl(Call&, Args args) {
  const TextArgument argument(args[0]);
  std::string_view rest = argument.view();
  const std::string_view fragment = TakeAfter(rest, '#');
  const std::string_view query = TakeAfter(rest, '?');
  std::string_view scheme, authority;
  if (const std::size_t at = rest.find("://"); at != std::string_view::npos && rest.find('/') == at + 1) {
    scheme = rest.substr(0, at);
    rest.remove_prefix(at + 3);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    authority = rest.substr(0, slash);
    rest.remove_prefix(slash);
  }
  std::string_view user, password, port;
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    user = authority.substr(0, at);
    password = TakeAfter(user, ':');
    authority.remove_prefix(at + 1);
  }
  // The colons of an IPv6 address stand in brackets.
  if (const std::size_t colon = authority.rfind(':');
      colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
  }
  return Value::OfBag(Bag({{"Scheme", Text(scheme)},
                           {"Host", Text(authority)},
                           {"Port", Text(port)},
                           {"Path", Text(rest)},
                           {"Username", Text(user)},
                           {"Password", Text(password)},
                           {"Query Parameters", QueryParameters(query)},
                           {"Fragment", Text(fragment)}}));
}

Value ParseUrlQuery(Call&, Args args) {
  const TextArgument argument(args[0]);
  const std::string_view query = argument.view();
  return Value::OfBag(Bag({{"Query Parameters", QueryParameters(query.starts_with('?') ? query.substr(1) : query)}}));
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Value ParsePath(Call&, Args args) {
  const TextArgument argument(args[0]);
  std::string_view path = argument.view();
  std::string_view scheme, root, stream;
  if (const std::size_t at = path.find("://"); at != std::string_view::npos) {
    scheme = path.substr(0, at);
    path.remove_prefix(at + 3);
  }
  if (path.size() >= 2 && IsLetter(path[0]) && path[1] == ':') root = path.substr(0, 2);
  const std::size_t last = path.find_last_of("/\\");
  std::string_view directory = last == std::string_view::npos ? std::string_view() : path.substr(0, last);
  std::string_view file = last == std::string_view::npos ? path : path.substr(last + 1);
  stream = TakeAfter(file, ':');
  const std::size_t parent = directory.find_last_of("/\\");
  const std::size_t dot = file.rfind('.');
  return Value::OfBag(Bag({{"Scheme", Text(scheme)},
                           {"RootPath", Text(root)},
                           {"DirectoryPath", Text(directory)},
                           {"DirectoryName", Text(parent == std::string_view::npos ? directory : directory.substr(parent + 1))},
                           {"Filename", Text(file)},
                           {"Extension", Text(dot == std::string_view::npos ? std::string_view() : file.substr(dot + 1))},
                           {"AlternateDataStreamName", Text(stream)}}));
}

// Null for what is not well-formed XML. A dynamic that is no text is returned as it is.
Value ParseXmlText(Call&, Args args) {
  if (!args[0].is_string()) return args[0];
  return ParseXml(args[0].AsString()).value_or(Value());
}

}  // namespace

void RegisterParseFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "parse_url", .aliases = {"parseurl"}, .overloads = {{"string", "dynamic", ParseUrl}}});
  registry.Add({.name = "parse_urlquery", .aliases = {"parseurlquery"}, .overloads = {{"string", "dynamic", ParseUrlQuery}}});
  registry.Add({.name = "parse_path", .overloads = {{"string", "dynamic", ParsePath}}});
  registry.Add({.name = "parse_xml",
                .naming = Naming::kFirstArgument,
                .overloads = {{"string|dynamic", "dynamic", ParseXmlText}}});
}

}  // namespace zoomwatch::kql
