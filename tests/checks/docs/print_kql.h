// docs/kql.md: what of KQL is supported, from the tables of the parser, the binder and the functions.
#pragma once

namespace zoomwatch {

// Prints the page. 1, with a message, when an operator has no text here.
int PrintKql();

}  // namespace zoomwatch
