// What somebody may have meant who writes other query languages, or capital letters. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace zoomwatch::kql {

// What follows the message about a word that cannot stand where it does: "; write 'and'", or "".
std::string WordHint(std::string_view word);
// The same for a word that stands for an operator, behind '|'.
std::string OperatorHint(std::string_view name);
// The same for a character that begins no token.
std::string_view CharacterHint(std::string_view character);

}  // namespace zoomwatch::kql
