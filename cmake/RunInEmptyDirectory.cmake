# Runs a command in a directory that is made for it, empty, with PREPEND_PATH first in PATH.
#   cmake -D DIRECTORY=dir -D PREPEND_PATH=dir -P RunInEmptyDirectory.cmake -- command argument...

set(command)
set(is_command OFF)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(index RANGE ${last})
  if(is_command)
    list(APPEND command "${CMAKE_ARGV${index}}")
  elseif("${CMAKE_ARGV${index}}" STREQUAL "--")
    set(is_command ON)
  endif()
endforeach()

file(REMOVE_RECURSE "${DIRECTORY}")
file(MAKE_DIRECTORY "${DIRECTORY}")
set(ENV{PATH} "${PREPEND_PATH}:$ENV{PATH}")
execute_process(COMMAND ${command} WORKING_DIRECTORY "${DIRECTORY}" COMMAND_ERROR_IS_FATAL ANY)
