# SPDX-License-Identifier: MIT
#
# Catch2: version 3, or 2.13 (Debian 12), or fetched where neither is installed.  Afterwards `bottomhalf_catch` is what
# a test links; tests/support/catch.hpp is what it includes.
find_package(Catch2 QUIET)   # no version asked for: both majors will do, and neither accepts a request for the other
if(Catch2_FOUND AND Catch2_VERSION VERSION_GREATER_EQUAL 2.13)
    message(STATUS "bottomhalf: tests use Catch2 ${Catch2_VERSION}")
else()
    message(STATUS "bottomhalf: no Catch2 here (Debian, Ubuntu: apt install catch2), fetching it")
    include(FetchContent)
    FetchContent_Declare(Catch2 GIT_REPOSITORY https://github.com/catchorg/Catch2.git
        GIT_TAG fa43b77429ba76c462b1898d6cd2f2d7a9416b14   # v3.7.1
        SYSTEM)
    FetchContent_MakeAvailable(Catch2)
endif()

if(TARGET Catch2::Catch2WithMain)   # always in version 3, in some packages of 2.13
    add_library(bottomhalf_catch INTERFACE)
    target_link_libraries(bottomhalf_catch INTERFACE Catch2::Catch2WithMain)
else()
    # 2.13 is one header that grows a main() on request: compiled once here, linked into every test.
    add_library(bottomhalf_catch STATIC ${PROJECT_SOURCE_DIR}/tests/support/catch_main.cpp)
    target_link_libraries(bottomhalf_catch PUBLIC Catch2::Catch2)
    target_compile_features(bottomhalf_catch PUBLIC cxx_std_20)
endif()
