# Registers every suite of a GoogleTest program as one test, when ctest starts: what a suite has is
# run by one process. Include it in a file of TEST_INCLUDE_FILES.

function(datawal_add_test_suites program prefix)
  if(NOT EXISTS "${program}")
    add_test("${prefix}_NOT_BUILT" "${program}")
    return()
  endif()
  execute_process(COMMAND "${program}" --gtest_list_tests OUTPUT_VARIABLE listing
                  COMMAND_ERROR_IS_FATAL ANY)
  # What a list of CMake stumbles over is in no name of a suite.
  string(REGEX REPLACE "[][;]" "_" listing "${listing}")
  # A suite is a line "Name." or "Name.  # TypeParam = int", its tests the lines indented below.
  string(REGEX MATCHALL "\n[^ \n]+\\.[^\n]*(\n  [^\n]*)+" suites "\n${listing}")
  if(NOT suites)
    message(FATAL_ERROR "${program} lists no tests")
  endif()
  foreach(suite IN LISTS suites)
    string(REGEX MATCH "^\n([^ ]+)\\." ignored "${suite}")
    set(name "${CMAKE_MATCH_1}")
    string(REGEX MATCHALL "\n  " tests "${suite}")
    list(LENGTH tests count)
    add_test("${prefix}.${name}" "${program}" "--gtest_filter=${name}.*")
    # The longest first, as far as the count of tests tells.
    set_tests_properties("${prefix}.${name}" PROPERTIES COST ${count} LABELS "${prefix}"
                                                        TIMEOUT 600)
  endforeach()
endfunction()
