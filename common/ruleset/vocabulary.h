// The closed word lists of the rule format: entity types with their identifiers, tactics, replaced techniques. Pure; thread-safe.
// Source: Microsoft Sentinel's entity reference and template validator; MITRE ATT&CK (tactics up to version 19).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zoomwatch::ruleset {

struct EntityType {
  std::string_view name;
  std::vector<std::string_view> identifiers;
  // At least one of these must be mapped for the entity to be told from others.
  std::vector<std::string_view> identifying;
};
std::span<const EntityType> EntityTypes();

std::span<const std::string_view> Tactics();

// The technique that replaced a retired one, or "".
std::string_view SuccessorOf(std::string_view technique);

// A word of `words` that equals `text` but for the case of letters, or "".
std::string_view FindWord(std::span<const std::string_view> words, std::string_view text);

// "'Hig' is unknown, did you mean 'High'?", or with the list of words when none is near and the list is short.
std::string UnknownWord(std::span<const std::string_view> words, std::string_view text);

}  // namespace zoomwatch::ruleset
