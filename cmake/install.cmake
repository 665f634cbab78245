# SPDX-License-Identifier: MIT
#
# What `cmake --install` lays down:
#
#   include/bottomhalf/...                 the library
#   include/bottomhalf/linux-2.6/linux/    the facades: in a directory of their own, so that installing to /usr
#   include/bottomhalf/linux-6/linux/      never puts a file into the system's own <linux/...>
#   share/cmake/bottomhalf/                for find_package(bottomhalf)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/bottomhalf)

install(TARGETS bottomhalf EXPORT bottomhalfTargets FILE_SET HEADERS FILE_SET bench)
install(TARGETS bottomhalf_sim bottomhalf_sim_instrumented bottomhalf_trace EXPORT bottomhalfTargets FILE_SET HEADERS)
install(TARGETS bottomhalf_linux26 EXPORT bottomhalfTargets
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/bottomhalf/linux-2.6
    FILE_SET module_main DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS bottomhalf_linux EXPORT bottomhalfTargets
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/bottomhalf/linux-6)
install(EXPORT bottomhalfTargets NAMESPACE bottomhalf:: DESTINATION ${package_dir})

configure_package_config_file(cmake/bottomhalfConfig.cmake.in ${PROJECT_BINARY_DIR}/bottomhalfConfig.cmake
    INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/bottomhalfConfigVersion.cmake
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)   # while the version is 0.x every minor may break its users
install(FILES ${PROJECT_BINARY_DIR}/bottomhalfConfig.cmake ${PROJECT_BINARY_DIR}/bottomhalfConfigVersion.cmake
    DESTINATION ${package_dir})
