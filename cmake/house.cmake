# SPDX-License-Identifier: MIT
#
# House rules: what our own executables are compiled with.  Never linked into the interface targets, so that a user
# gets none of it.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
    message(FATAL_ERROR "clang ${CMAKE_CXX_COMPILER_VERSION} cannot read the C++20 headers of libstdc++, 16 can")
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
    message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} is too old, 12 is needed")
endif()

add_library(bottomhalf_house INTERFACE)
target_compile_options(bottomhalf_house INTERFACE -Wall -Wextra -Wconversion -Wshadow
    $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety> $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety-beta>
    $<$<BOOL:${BOTTOMHALF_WERROR}>:-Werror>)
target_include_directories(bottomhalf_house INTERFACE ${PROJECT_SOURCE_DIR}/tests)   # "support/..."

# ThreadSanitizer wants its shadow memory at fixed addresses, and a kernel that randomises many bits of the address
# space (Ubuntu 24.04: vm.mmap_rnd_bits = 32) may lay the program across them: "unexpected memory mapping", before
# main().  Where we are allowed to, such programs run without randomisation.
set(BOTTOMHALF_TEST_LAUNCHER "")
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=[a-z,]*thread")
    find_program(BOTTOMHALF_SETARCH setarch)
    mark_as_advanced(BOTTOMHALF_SETARCH)
    if(BOTTOMHALF_SETARCH)
        execute_process(COMMAND ${BOTTOMHALF_SETARCH} -R true RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
        if(refused EQUAL 0)
            set(BOTTOMHALF_TEST_LAUNCHER ${BOTTOMHALF_SETARCH} -R)
        endif()
    endif()
endif()
