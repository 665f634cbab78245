# SPDX-License-Identifier: MIT
#
#   cmake -D PROGRAM=... -D EXPECTED=... -D OUTPUT=... [-D "LAUNCHER=..."] -P run.cmake
#
# Runs a scenario once and compares what it prints with what a kernel printed, byte for byte.  No second try.
execute_process(COMMAND ${LAUNCHER} ${PROGRAM} OUTPUT_FILE ${OUTPUT} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "exit status ${result}")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${OUTPUT} ${EXPECTED} RESULT_VARIABLE differ OUTPUT_QUIET ERROR_QUIET)
if(differ)
    file(READ ${OUTPUT} ours)
    file(READ ${EXPECTED} theirs)
    message("--- printed\n${ours}--- expected\n${theirs}---")
    message(FATAL_ERROR "the output differs")
endif()
