# What `cmake --install` puts on a machine besides the tools and the headers: a CMake package with which other projects
# compile models as part of their build (see nncConfig.cmake.in).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Debian keeps some of LLVM's libraries where the loader does not look.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

set(NNC_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/nnc)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/nncConfig.cmake.in ${PROJECT_BINARY_DIR}/nncConfig.cmake
  INSTALL_DESTINATION ${NNC_PACKAGE_DIR} PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/nncConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/nncConfig.cmake ${PROJECT_BINARY_DIR}/nncConfigVersion.cmake
  DESTINATION ${NNC_PACKAGE_DIR})
