# What holds for every target of this project: language, warnings, sanitizers, compiler cache.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion)

if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(DATAWAL_CCACHE ccache)
  if(DATAWAL_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${DATAWAL_CCACHE}")
    if(DATAWAL_PRECOMPILE)
      # What ccache asks for before it keeps what is compiled with precompiled headers.
      set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
                                      CCACHE_SLOPPINESS=pch_defines,time_macros "${DATAWAL_CCACHE}")
    endif()
  endif()
endif()

set(datawal_sanitizers "${DATAWAL_SANITIZE}")
if(DATAWAL_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "DATAWAL_FUZZ needs Clang; this is ${CMAKE_CXX_COMPILER_ID}")
  endif()
  if(NOT datawal_sanitizers)
    set(datawal_sanitizers "address,undefined")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(datawal_sanitizers)
  add_compile_options(-fsanitize=${datawal_sanitizers} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  if(datawal_sanitizers MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # The check of virtual calls needs a free descriptor, which a test of their limit takes away;
    # the list names what other projects' headers do.
    add_compile_options(
      -fno-sanitize=vptr
      "-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitizer-ignorelist.txt")
  endif()
  add_link_options(-fsanitize=${datawal_sanitizers})
endif()

# Under DATAWAL_PRECOMPILE, precompiles for a target what most of its files include: the standard
# library, and with the argument TESTS GoogleTest as well. Nothing of the project, so that a change
# of one header compiles no more than without. A file that forgets an include of these compiles
# nevertheless, so the builds with GCC and clang-tidy do without.
function(datawal_precompile target)
  if(NOT DATAWAL_PRECOMPILE)
    return()
  endif()
  set(headers
      <algorithm> <array> <atomic> <bit> <chrono> <compare> <cstddef> <cstdint> <cstdlib> <cstring>
      <expected> <filesystem> <functional> <limits> <map> <memory> <mutex> <optional> <random>
      <shared_mutex> <span> <string> <string_view> <system_error> <thread> <unordered_map> <utility>
      <variant> <vector>)
  if("TESTS" IN_LIST ARGN)
    list(APPEND headers <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  target_precompile_headers(${target} PRIVATE ${headers})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Without the time in it, a compiler cache can tell that it is the same.
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

# Compiles the sources of a test program DATAWAL_TEST_BATCH at a time, since most of the time of
# compiling one goes to GoogleTest and the standard library. Whether each compiles by itself is what
# scripts/lint looks at.
function(datawal_batch target)
  if(DATAWAL_TEST_BATCH GREATER 1)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON
                                               UNITY_BUILD_BATCH_SIZE ${DATAWAL_TEST_BATCH})
  endif()
endfunction()
