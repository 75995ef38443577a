# Compiler set-up for our own targets: zoomwatch::options (warnings, sanitizers). Generated and foreign code is not linked to it.
add_library(zoomwatch_options INTERFACE)
add_library(zoomwatch::options ALIAS zoomwatch_options)
target_compile_options(zoomwatch_options INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Wunused-result
                       -Wno-missing-field-initializers)  # designated initialisers leave the other members at their defaults
if(ZOOMWATCH_WERROR)
  target_compile_options(zoomwatch_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC bug 105651: false alarm inside std::string::insert and operator+.
  target_compile_options(zoomwatch_options INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(zoomwatch_options INTERFACE -Wthread-safety)
endif()
target_include_directories(zoomwatch_options INTERFACE ${CMAKE_SOURCE_DIR})
# Boost.Asio and Boost.Beast are compiled once, in common/http (a unit that includes them inline takes over 20 s).
target_compile_definitions(zoomwatch_options INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                           BOOST_ASIO_NO_DEPRECATED)

# Sanitizers reach generated code too, so they are global.
if(ZOOMWATCH_SANITIZE)
  add_compile_options(-fsanitize=${ZOOMWATCH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ZOOMWATCH_SANITIZE})
  if(ZOOMWATCH_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # ThreadSanitizer does not understand the fences with which Boost.Asio brackets handlers; GCC warns, and without them the
    # order is still given by the locks that Asio takes around its queues.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
    add_compile_options(-Wno-tsan)
  endif()
endif()

# libFuzzer is led by the branches that an input takes, so everything that a target runs counts them.
if(ZOOMWATCH_BUILD_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# ccache and mold where present: a cold build of everything is minutes shorter, and neither changes what is built.
find_program(ZOOMWATCH_CCACHE ccache)
if(ZOOMWATCH_CCACHE)
  # ccache takes a precompiled header only when told that what the user of one defines has no effect on it; GCC itself checks that.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${ZOOMWATCH_CCACHE})
endif()
find_program(ZOOMWATCH_MOLD mold)
if(ZOOMWATCH_MOLD AND NOT ZOOMWATCH_BUILD_FUZZERS)
  add_link_options(-fuse-ld=mold)
endif()

# Half of the time of a clean build would be spent on optimising tests that are run once. What is tested is optimised.
set(ZOOMWATCH_TEST_OPTIONS -O0 -g1)
