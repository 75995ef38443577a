// Where secrets stand in Zoom's webhook bodies, as one table. docs/event-model.md shows it; a test compares.
#pragma once

#include <span>
#include <string_view>

namespace zoomwatch {

// Secrets are named by their place, never by a word in a key: meeting_security.meeting_password is a switch that rules need.
enum class SecretScope {
  kTop,   // from the root of the body
  kBody,  // below payload.object, payload.old_object and payload itself (flat bodies)
};

struct SecretPath {
  SecretScope scope;
  std::string_view path;    // keys joined by "."; "[]" after a key: each element of that array
  std::string_view reason;  // what the value lets its holder do
};

std::span<const SecretPath> SecretPaths();

}  // namespace zoomwatch
