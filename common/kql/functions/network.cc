// IPv4 addresses with an optional prefix length ("10.0.0.0/8").
#include <array>
#include <charconv>

#include "common/kql/functions/arguments.h"
#include "common/kql/functions/registry.h"

namespace zoomwatch::kql {
namespace {

struct Network {
  std::uint32_t address = 0;
  int prefix = 32;
};

std::uint32_t Mask(int prefix) { return prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix); }

// Takes a decimal number of at most three digits from the front.
std::optional<std::uint32_t> TakeNumber(std::string_view& text, std::uint32_t largest) {
  std::uint32_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto length = static_cast<std::size_t>(end.ptr - text.data());
  if (end.ec != std::errc() || length > 3 || number > largest) return std::nullopt;
  text.remove_prefix(length);
  return number;
}

std::optional<Network> ParseNetwork(std::string_view text) {
  Network network;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    const auto part = TakeNumber(text, 255);
    if (!part) return std::nullopt;
    network.address = network.address << 8 | *part;
  }
  if (text.starts_with('/')) {
    text.remove_prefix(1);
    const auto prefix = TakeNumber(text, 32);
    if (!prefix) return std::nullopt;
    network.prefix = static_cast<int>(*prefix);
  }
  if (!text.empty()) return std::nullopt;
  return network;
}

std::optional<Network> NetworkArgument(const Value& value) { return ParseNetwork(TextArgument(value).view()); }

Value ParseIpv4(Call&, Args args) {
  const auto network = NetworkArgument(args[0]);
  return network ? Value::Long(network->address & Mask(network->prefix)) : Value();
}

// The smallest of the prefixes of both and of the call decides.
Value Ipv4IsMatch(Call&, Args args) {
  const auto a = NetworkArgument(args[0]), b = NetworkArgument(args[1]);
  const auto prefix = WholeArgumentOr(args, 2, 32);
  if (!a || !b || !prefix || *prefix < 0 || *prefix > 32) return Value();
  const std::uint32_t mask = Mask(std::min({a->prefix, b->prefix, static_cast<int>(*prefix)}));
  return Value::Bool((a->address & mask) == (b->address & mask));
}

bool IsInRange(const Network& address, const Network& range) {
  return range.prefix <= address.prefix && ((address.address ^ range.address) & Mask(range.prefix)) == 0;
}

Value Ipv4IsInRange(Call&, Args args) {
  const auto address = NetworkArgument(args[0]), range = NetworkArgument(args[1]);
  return address && range ? Value::Bool(IsInRange(*address, *range)) : Value();
}

// True as soon as one range holds the address; null when none does and one of them is not a range.
Value Ipv4IsInAnyRange(Call&, Args args) {
  const auto address = NetworkArgument(args[0]);
  if (!address) return Value();
  const bool listed = args.size() == 2 && args[1].is_array();
  const std::span<const Value> ranges = listed ? std::span<const Value>(args[1].AsArray()) : args.subspan(1);
  bool bad = false;
  for (const Value& text : ranges) {
    const auto range = NetworkArgument(text);
    if (range && IsInRange(*address, *range)) return Value::Bool(true);
    bad = bad || !range;
  }
  return bad ? Value() : Value::Bool(false);
}

// The private ranges of RFC 1918.
Value Ipv4IsPrivate(Call&, Args args) {
  static constexpr std::array<Network, 3> kPrivate = {{{0x0A000000, 8}, {0xAC100000, 12}, {0xC0A80000, 16}}};
  const auto network = NetworkArgument(args[0]);
  if (!network) return Value();
  for (const Network& range : kPrivate) {
    if (IsInRange(*network, range)) return Value::Bool(true);
  }
  return Value::Bool(false);
}

}  // namespace

void RegisterNetworkFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "parse_ipv4", .overloads = {{"string", "long", ParseIpv4}}});
  registry.Add({.name = "ipv4_is_match", .overloads = {{"string, string, long?", "bool", Ipv4IsMatch}}});
  registry.Add({.name = "ipv4_is_in_range", .overloads = {{"string, string", "bool", Ipv4IsInRange}}});
  registry.Add({.name = "ipv4_is_in_any_range",
                .overloads = {{"string|dynamic, array", "bool", Ipv4IsInAnyRange},
                              {"string|dynamic, string+", "bool", Ipv4IsInAnyRange}}});
  registry.Add({.name = "ipv4_is_private", .overloads = {{"string", "bool", Ipv4IsPrivate}}});
}

}  // namespace zoomwatch::kql
