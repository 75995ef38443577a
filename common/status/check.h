// Stops the process on a broken invariant of our own code. Never for anything that a peer, a file or a user can cause.
#pragma once

#include <cstdio>
#include <cstdlib>

#define ZOOMWATCH_CHECK(condition)                                                                        \
  do {                                                                                                    \
    if (!(condition)) {                                                                                   \
      std::fprintf(stderr, "%s:%d: broken invariant: %s\n", __FILE__, __LINE__, #condition);              \
      std::abort();                                                                                       \
    }                                                                                                     \
  } while (false)
