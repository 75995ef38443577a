# Two ways to read the same headers less often, for the presets that the gate builds from nothing. Neither changes what is built: the other
# presets (release, tidy, fuzz) compile every file alone, so that a missing include still shows.
#
#   zoomwatch_precompile(<target> library|test)   gives the target the precompiled headers of its kind
#
# Inside of a precompiled std::string GCC 12 finds bounds exceeded that are not (-Wstringop-overflow, -Warray-bounds). So optimised
# libraries are compiled without, and with these warnings; those with sanitizers the other way round.
#
# ZOOMWATCH_UNITY (sanitizer presets; the gate) compiles the files of a library together; see zoomwatch_library for those that cannot be.
include_guard()

option(ZOOMWATCH_PRECOMPILE "Precompile the standard library's and other common headers (GCC)" OFF)
option(ZOOMWATCH_UNITY "Compile the files of each library together" OFF)

set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
if(ZOOMWATCH_GATE)
  set(ZOOMWATCH_UNITY ON)
endif()
if(ZOOMWATCH_UNITY)
  # Warns of a class of a .cc file with a member of an unnamed type, because the .cc file is included.
  target_compile_options(zoomwatch_options INTERFACE -Wno-subobject-linkage)
endif()

set(ZOOMWATCH_HEADERS_OF_library
    <algorithm> <chrono> <cstdint> <functional> <map> <memory> <mutex> <optional> <set> <span> <string> <string_view> <unordered_map>
    <utility> <vector> <fmt/format.h> <absl/status/statusor.h> <absl/time/time.h>)
set(ZOOMWATCH_HEADERS_OF_test ${ZOOMWATCH_HEADERS_OF_library} <filesystem> <fstream> <thread> <gmock/gmock.h> <gtest/gtest.h>)

# The headers are compiled once for each kind, by a library that holds nothing else.
function(zoomwatch_precompiled_headers kind)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled/${kind}.cc CONTENT "// What compiles the precompiled headers.\n")
  add_library(zoomwatch_precompiled_${kind} OBJECT ${CMAKE_BINARY_DIR}/precompiled/${kind}.cc)
  target_link_libraries(zoomwatch_precompiled_${kind} PRIVATE zoomwatch::options)
  target_precompile_headers(zoomwatch_precompiled_${kind} PRIVATE ${ZOOMWATCH_HEADERS_OF_${kind}})
endfunction()

if(ZOOMWATCH_PRECOMPILE)
  # GCC takes a precompiled header only where the macros in it are defined alike.
  target_link_libraries(zoomwatch_options INTERFACE fmt::fmt absl::time absl::statusor)
  target_compile_options(zoomwatch_options INTERFACE -pthread)
  if(ZOOMWATCH_SANITIZE)
    target_compile_options(zoomwatch_options INTERFACE -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
    zoomwatch_precompiled_headers(library)
  endif()
  if(ZOOMWATCH_BUILD_TESTS)
    zoomwatch_precompiled_headers(test)
    target_compile_options(zoomwatch_precompiled_test PRIVATE ${ZOOMWATCH_TEST_OPTIONS})
    target_link_libraries(zoomwatch_precompiled_test PRIVATE GTest::gmock)
  endif()
endif()

function(zoomwatch_precompile target kind)
  if(TARGET zoomwatch_precompiled_${kind})
    target_precompile_headers(${target} REUSE_FROM zoomwatch_precompiled_${kind})
  endif()
endfunction()
