# SPDX-License-Identifier: MIT
#
# How a test file becomes a program and a ctest.

# bottomhalf_test(NAME name SOURCES file... [LIBS target...] [LABELS label...] [TIMEOUT seconds] [PROCESSORS n])
function(bottomhalf_test)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TIMEOUT;PROCESSORS" "SOURCES;LIBS;LABELS")
    string(MAKE_C_IDENTIFIER ${arg_NAME}_test target)
    add_executable(${target} ${arg_SOURCES})
    target_link_libraries(${target} PRIVATE ${arg_LIBS} bottomhalf_catch bottomhalf_house)
    add_test(NAME ${arg_NAME} COMMAND ${BOTTOMHALF_TEST_LAUNCHER} $<TARGET_FILE:${target}>)
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 300)   # seconds; generous, because a sanitizer on a busy machine is not a bug
    endif()
    if(NOT arg_PROCESSORS)
        set(arg_PROCESSORS 1)
    endif()
    set_tests_properties(${arg_NAME} PROPERTIES
        TIMEOUT ${arg_TIMEOUT} PROCESSORS ${arg_PROCESSORS} LABELS "${arg_LABELS}")
endfunction()

# The tests of a facade are compiled several at a time: what the library makes of a facade is nine tenths of each, and is the
# same in all.  So a program has several files, each in a namespace of its own, after the headers of all; and each is a ctest.
#
# bottomhalf_tests_together(program SOURCES file... [SUFFIX .word] [LIBS target...] [LABELS label...])
function(bottomhalf_tests_together program)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SUFFIX" "SOURCES;LIBS;LABELS")
    set(headers)
    set(bodies "")
    foreach(source IN LISTS arg_SOURCES)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
        file(STRINGS ${source} lines REGEX "^#include ")
        list(APPEND headers ${lines})
        string(MAKE_C_IDENTIFIER ${source} space)
        string(APPEND bodies "namespace ${space} {\n#include \"${source}\"\n}\n")
    endforeach()
    list(REMOVE_DUPLICATES headers)
    list(JOIN headers "\n" headers)
    file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${program}.cpp CONTENT "${headers}\n\n${bodies}" @ONLY)
    add_executable(${program} ${CMAKE_CURRENT_BINARY_DIR}/${program}.cpp)
    target_link_libraries(${program} PRIVATE ${arg_LIBS} bottomhalf_catch bottomhalf_house)
    foreach(source IN LISTS arg_SOURCES)
        string(REGEX REPLACE "_test\\.cpp$" "" name ${source})
        string(REPLACE "/" "." name ${name})
        cmake_path(GET source STEM tag)
        set(name ${name}${arg_SUFFIX})
        add_test(NAME ${name} COMMAND ${BOTTOMHALF_TEST_LAUNCHER} $<TARGET_FILE:${program}> -\# "[#${tag}]")
        # Catch2 2.13 is content when it has run none.
        set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS "${arg_LABELS}" FAIL_REGULAR_EXPRESSION "No test cases matched")
    endforeach()
endfunction()
