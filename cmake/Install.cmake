# `cmake --install` and find_package(linnet): the targets linnet::<module>, and linnet::linnet for all of them.
include(CMakePackageConfigHelpers)

get_property(modules GLOBAL PROPERTY linnet_modules)
list(TRANSFORM modules PREPEND linnet_ OUTPUT_VARIABLE targets)
install(TARGETS linnet ${targets} EXPORT linnetTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT linnetTargets NAMESPACE linnet:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/linnet COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/linnet/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/linnet COMPONENT development
        FILES_MATCHING PATTERN "*.h" PATTERN "*-inl.h" EXCLUDE)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/linnetConfig.cmake.in ${PROJECT_BINARY_DIR}/linnetConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/linnet)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/linnetConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/linnetConfig.cmake ${PROJECT_BINARY_DIR}/linnetConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/linnet COMPONENT development)
