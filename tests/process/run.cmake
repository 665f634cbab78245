# SPDX-License-Identifier: MIT
#
# Runs `command`; checks that it ends with `status`, and that its stderr matches each of `says`, or is empty if
# `silent`.
execute_process(COMMAND ${command} RESULT_VARIABLE ended ERROR_VARIABLE said OUTPUT_VARIABLE out TIMEOUT 60)
string(TOLOWER "${ended}" ended)
if(status MATCHES "^[0-9]+$")
    if(NOT ended STREQUAL status)
        message(FATAL_ERROR "it ended with '${ended}' instead of '${status}'; stderr:\n${said}")
    endif()
elseif(NOT ended MATCHES "${status}")
    message(FATAL_ERROR "it ended with '${ended}' instead of '${status}'; stderr:\n${said}")
endif()
foreach(regex IN LISTS says)
    if(NOT said MATCHES "${regex}")
        message(FATAL_ERROR "it did not say '${regex}'; stderr:\n${said}")
    endif()
endforeach()
if(silent AND NOT said STREQUAL "")
    message(FATAL_ERROR "it should have said nothing; stderr:\n${said}")
endif()
