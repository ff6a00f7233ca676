# cmake --install build/release --component attest --prefix DIR: the attestation verifier as a CMake package, with all that it needs
# (docs/attestation.md, "As a library"). The targets are chatmcp::attest and chatmcp::attest_c.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(installed base crypto wire attest attest_c)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/chatmcp")

foreach(name IN LISTS installed)
  set_target_properties(chatmcp_${name} PROPERTIES EXPORT_NAME ${name})
  # The standard that the headers need.
  target_compile_features(chatmcp_${name} INTERFACE cxx_std_23)
  target_include_directories(chatmcp_${name} INTERFACE
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/chatmcp>")
  install(TARGETS chatmcp_${name} EXPORT chatmcp_targets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}/chatmcp" COMPONENT attest)
endforeach()

# Not the headers that a part keeps to itself.
foreach(name IN ITEMS base crypto wire attest)
  install(DIRECTORY "${CMAKE_SOURCE_DIR}/src/${name}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/chatmcp" COMPONENT attest
    FILES_MATCHING PATTERN "*.h"
    PATTERN rapidjson.h EXCLUDE PATTERN json_writer.h EXCLUDE PATTERN hardware_policy.h EXCLUDE PATTERN kind_steps.h EXCLUDE
    PATTERN makers EXCLUDE PATTERN profiles EXCLUDE)
endforeach()
install(FILES "${CMAKE_SOURCE_DIR}/src/attest_c/attest.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/chatmcp" COMPONENT attest)

get_target_property(aws_lc_archive aws_lc_crypto IMPORTED_LOCATION)
install(FILES "${aws_lc_archive}" DESTINATION "${CMAKE_INSTALL_LIBDIR}/chatmcp" COMPONENT attest)
install(FILES "${CMAKE_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/chatmcp" COMPONENT attest)
install(FILES "${aws_lc}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/chatmcp" RENAME LICENSE.aws-lc COMPONENT attest)

install(EXPORT chatmcp_targets NAMESPACE chatmcp:: DESTINATION "${package_dir}" COMPONENT attest)
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/chatmcp-config.cmake.in" "${CMAKE_BINARY_DIR}/chatmcp-config.cmake"
  INSTALL_DESTINATION "${package_dir}" PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/chatmcp-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/chatmcp-config.cmake" "${CMAKE_BINARY_DIR}/chatmcp-config-version.cmake"
  DESTINATION "${package_dir}" COMPONENT attest)
