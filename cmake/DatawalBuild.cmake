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
