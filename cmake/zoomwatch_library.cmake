# Declares the project's targets, so that every folder does it the same way.
#
#   zoomwatch_library(<name> SRCS a.cc ... DEPS public... PRIVATE_DEPS private...)   target zoomwatch_<name>, alias zoomwatch::<name>
#   zoomwatch_program(<file name> TARGET <target> SRCS main.cc DEPS ...)             a shipped program
#   zoomwatch_test(<name> SRCS x_test.cc ... DEPS ... LABELS unit [TIMEOUT seconds]) one test program, one ctest entry
#   zoomwatch_fuzzer(<name> SRCS x_fuzz.cc DEPS ... CORPUS dir [DICT file])          libFuzzer target, or a replay of the corpus
#   zoomwatch_benchmark(<name> SRCS x_bench.cc DEPS ...)                             Google Benchmark program
#   zoomwatch_add_subdirectories(<dir>)                                              every direct subfolder with a CMakeLists.txt
include_guard()

# What the tests with the label tsan need, and nothing else.
add_custom_target(tsan_tests)

function(zoomwatch_add_subdirectories dir)
  file(GLOB children RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS ${dir}/*/CMakeLists.txt)
  list(SORT children)
  foreach(child IN LISTS children)
    get_filename_component(child_dir ${child} DIRECTORY)
    add_subdirectory(${child_dir})
  endforeach()
endfunction()

function(zoomwatch_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(zoomwatch_${name} STATIC ${ARG_SRCS})
  add_library(zoomwatch::${name} ALIAS zoomwatch_${name})
  target_link_libraries(zoomwatch_${name} PUBLIC ${ARG_DEPS} PRIVATE zoomwatch::options ${ARG_PRIVATE_DEPS})
  target_include_directories(zoomwatch_${name} PUBLIC ${CMAKE_SOURCE_DIR})
endfunction()

function(zoomwatch_program file_name)
  cmake_parse_arguments(ARG "" "TARGET" "SRCS;DEPS" ${ARGN})
  add_executable(${ARG_TARGET} ${ARG_SRCS})
  if(ZOOMWATCH_SANITIZE)
    target_link_libraries(${ARG_TARGET} PRIVATE ${ARG_DEPS} zoomwatch::options)
  else()
    # Batches of 32 to 256 KiB make the default allocator trim and fault again (docs/performance.md).
    target_link_libraries(${ARG_TARGET} PRIVATE mimalloc ${ARG_DEPS} zoomwatch::options)
  endif()
  set_target_properties(${ARG_TARGET} PROPERTIES OUTPUT_NAME ${file_name})
endfunction()

function(zoomwatch_test name)
  cmake_parse_arguments(ARG "OPTIMIZED" "TIMEOUT" "SRCS;DEPS;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT ZOOMWATCH_BUILD_TESTS)
    return()
  endif()
  if(NOT ARG_LABELS)
    message(FATAL_ERROR "zoomwatch_test(${name}): LABELS is required (unit, integration, conformance, corpus, fault, ...)")
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} zoomwatch::options GTest::gmock GTest::gtest_main)
  if(NOT ARG_OPTIMIZED AND NOT "conformance" IN_LIST ARG_LABELS)
    # Half of the time of a clean build would be spent on optimising code that is run once. What is tested is optimised; OPTIMIZED is for
    # tests that have a volume.
    target_compile_options(${name} PRIVATE -O0 -g1)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set(test_environment "ZOOMWATCH_SOURCE_DIR=${CMAKE_SOURCE_DIR}" "ZOOMWATCH_BIN_DIR=${CMAKE_BINARY_DIR}/bin" ${ARG_ENVIRONMENT})
  if(ZOOMWATCH_SANITIZE STREQUAL "thread")
    list(APPEND test_environment "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/sanitizers/tsan.supp:halt_on_error=1:second_deadlock_stack=1")
  elseif(ZOOMWATCH_SANITIZE)
    list(APPEND test_environment "UBSAN_OPTIONS=print_stacktrace=1" "ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1")
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT "${test_environment}")
  if("tsan" IN_LIST ARG_LABELS)
    add_dependencies(tsan_tests ${name})
  endif()
endfunction()

# With ZOOMWATCH_BUILD_FUZZERS: a libFuzzer program. Otherwise: a program that runs the target over its corpus, as a unit test.
function(zoomwatch_fuzzer name)
  cmake_parse_arguments(ARG "" "CORPUS;DICT" "SRCS;DEPS" ${ARGN})
  if(ZOOMWATCH_BUILD_FUZZERS)
    add_executable(${name} ${ARG_SRCS})
    target_link_libraries(${name} PRIVATE ${ARG_DEPS} zoomwatch::options -fsanitize=fuzzer)
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  elseif(ZOOMWATCH_BUILD_TESTS)
    add_executable(${name}_replay ${ARG_SRCS} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc)
    target_link_libraries(${name}_replay PRIVATE ${ARG_DEPS} zoomwatch::options)
    add_test(NAME ${name}_replay COMMAND ${name}_replay ${ARG_CORPUS})
    set_tests_properties(${name}_replay PROPERTIES LABELS "unit" TIMEOUT 300)
  endif()
endfunction()

function(zoomwatch_benchmark name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  if(ZOOMWATCH_BUILD_BENCHMARKS)
    add_executable(${name} ${ARG_SRCS})
    target_link_libraries(${name} PRIVATE ${ARG_DEPS} zoomwatch::options benchmark::benchmark)
  endif()
endfunction()
