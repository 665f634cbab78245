# SPDX-License-Identifier: MIT
#
#   cmake -D EXPECTED=... -D OUTPUT=... [-D "SEEDS=1;2;..."] -P run.cmake -- PROGRAM ARGUMENT...
#
# Runs a scenario and compares what it prints with what a kernel printed, byte for byte.  No second try.  On the
# simulator each seed is an order of events of its own.
set(command)
set(after FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
    if(after)
        list(APPEND command "${CMAKE_ARGV${i}}")
    elseif(CMAKE_ARGV${i} STREQUAL "--")
        set(after TRUE)
    endif()
endforeach()
foreach(seed IN LISTS SEEDS ITEMS 0)
    set(ENV{OBSERVE_SEED} ${seed})
    execute_process(COMMAND ${command} OUTPUT_FILE ${OUTPUT} RESULT_VARIABLE result)
    execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${OUTPUT} ${EXPECTED}
        RESULT_VARIABLE differ OUTPUT_QUIET ERROR_QUIET)
    if(differ)
        file(READ ${OUTPUT} ours)
        file(READ ${EXPECTED} theirs)
        message("--- printed\n${ours}--- expected\n${theirs}---")
        message(FATAL_ERROR "the output differs (exit status ${result}, seed ${seed})")
    elseif(NOT result EQUAL 0)
        message(FATAL_ERROR "exit status ${result}, seed ${seed}")
    endif()
endforeach()
