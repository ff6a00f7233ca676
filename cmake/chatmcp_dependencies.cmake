# What others wrote. dev/setup brings every piece and pins it; docs/DEPENDENCIES.md says why each is here.

set(CHATMCP_DEPS "$ENV{CHATMCP_DEPS}" CACHE PATH "Folder that dev/setup filled")
if(NOT CHATMCP_DEPS)
  if(DEFINED ENV{XDG_CACHE_HOME})
    set(CHATMCP_DEPS "$ENV{XDG_CACHE_HOME}/chatmcp" CACHE PATH "" FORCE)
  else()
    set(CHATMCP_DEPS "$ENV{HOME}/.cache/chatmcp" CACHE PATH "" FORCE)
  endif()
endif()

find_package(Threads REQUIRED)

# AWS-LC: the only cryptographic library, also for TLS. Found by path, so that no system OpenSSL can take its place.
set(aws_lc "${CHATMCP_DEPS}/aws-lc-5.12.0")
if(NOT EXISTS "${aws_lc}/lib/libcrypto.a")
  message(FATAL_ERROR "AWS-LC is not in ${aws_lc}: run dev/setup first")
endif()
add_library(aws_lc_crypto STATIC IMPORTED)
set_target_properties(aws_lc_crypto PROPERTIES
  IMPORTED_LOCATION "${aws_lc}/lib/libcrypto.a"
  INTERFACE_INCLUDE_DIRECTORIES "${aws_lc}/include"
  INTERFACE_LINK_LIBRARIES Threads::Threads)
add_library(aws_lc_ssl STATIC IMPORTED)
set_target_properties(aws_lc_ssl PROPERTIES
  IMPORTED_LOCATION "${aws_lc}/lib/libssl.a"
  INTERFACE_INCLUDE_DIRECTORIES "${aws_lc}/include"
  INTERFACE_LINK_LIBRARIES aws_lc_crypto)

find_package(GTest REQUIRED)
