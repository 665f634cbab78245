# SPDX-License-Identifier: MIT
#
# What the three consumers share once they have the targets: one program of both interfaces, and a look at what a guest
# must not bring along.
add_executable(consumer ${CMAKE_CURRENT_LIST_DIR}/main.cpp ${CMAKE_CURRENT_LIST_DIR}/driver.cpp)
target_link_libraries(consumer PRIVATE bottomhalf::bottomhalf bottomhalf::linux26)

foreach(target IN ITEMS bottomhalf linux26 linux sim)
    if(NOT TARGET bottomhalf::${target})
        message(FATAL_ERROR "there is no target bottomhalf::${target}")
    endif()
    get_target_property(options bottomhalf::${target} INTERFACE_COMPILE_OPTIONS)
    if(options)
        message(FATAL_ERROR "bottomhalf::${target} imposes compile options on its users: ${options}")
    endif()
endforeach()
if(BOTTOMHALF_BUILD_TESTS OR BOTTOMHALF_BUILD_EXAMPLES OR BOTTOMHALF_BUILD_BENCH OR BOTTOMHALF_INSTALL)
    message(FATAL_ERROR "a guest builds and installs nothing of its own")
endif()

enable_testing()
add_test(NAME consumer COMMAND consumer)
