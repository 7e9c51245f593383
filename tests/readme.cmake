# The quick start of the README, in C++ and in the shell, is compiled and run as it stands there.

set(readme "${PROJECT_SOURCE_DIR}/README.md")
set(quick_start_dir "${CMAKE_CURRENT_BINARY_DIR}/quick-start")

function(datawal_extract_quick_start language output)
  add_custom_command(
    OUTPUT "${output}"
    COMMAND ${CMAKE_COMMAND} -D "README=${readme}" -D LANGUAGE=${language} -D "OUTPUT=${output}" -P
            "${PROJECT_SOURCE_DIR}/cmake/ExtractQuickStart.cmake"
    DEPENDS "${readme}" "${PROJECT_SOURCE_DIR}/cmake/ExtractQuickStart.cmake"
    VERBATIM)
endfunction()

function(datawal_add_quick_start_test name)
  add_test(
    NAME ${name}
    COMMAND
      ${CMAKE_COMMAND} -D "DIRECTORY=${quick_start_dir}/${name}" -D
      "PREPEND_PATH=$<TARGET_FILE_DIR:datawal_cli>" -P
      "${PROJECT_SOURCE_DIR}/cmake/RunInEmptyDirectory.cmake" -- ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS readme)
endfunction()

datawal_extract_quick_start(cpp "${quick_start_dir}/quick_start.cc")
datawal_extract_quick_start(sh "${quick_start_dir}/quick_start.sh")

add_executable(datawal_quick_start "${quick_start_dir}/quick_start.cc")
target_link_libraries(datawal_quick_start PRIVATE datawal)
add_custom_target(datawal_quick_start_shell ALL DEPENDS "${quick_start_dir}/quick_start.sh")

datawal_add_quick_start_test(readme.Cpp $<TARGET_FILE:datawal_quick_start>)
datawal_add_quick_start_test(readme.Shell bash -e -u -o pipefail "${quick_start_dir}/quick_start.sh")
