# What others wrote, for the preset wasm: AWS-LC of the same source as the native one, and headers without code of a machine.
# Targets have the names that chatmcp_dependencies.cmake gives them.

set(CHATMCP_DEPS "$ENV{CHATMCP_DEPS}" CACHE PATH "Folder that dev/setup filled")
if(NOT CHATMCP_DEPS)
  get_filename_component(deps "${CMAKE_SYSROOT}" DIRECTORY)
  set(CHATMCP_DEPS "${deps}" CACHE PATH "" FORCE)
endif()

set(aws_lc "${CHATMCP_DEPS}/aws-lc-5.12.0-wasm")
if(NOT EXISTS "${aws_lc}/lib/libcrypto.a")
  message(FATAL_ERROR "AWS-LC for WebAssembly is not in ${aws_lc}: run dev/setup first")
endif()
add_library(aws_lc_crypto STATIC IMPORTED)
set_target_properties(aws_lc_crypto PROPERTIES
  IMPORTED_LOCATION "${aws_lc}/lib/libcrypto.a"
  INTERFACE_INCLUDE_DIRECTORIES "${aws_lc}/include"
  INTERFACE_LINK_LIBRARIES "-lwasi-emulated-signal;-lwasi-emulated-getpid;-lwasi-emulated-process-clocks;-lwasi-emulated-mman")

# Debian's headers, each through a link of its own: /usr/include as a whole would bring the machine's C library.
set(headers "${CMAKE_BINARY_DIR}/headers")
foreach(library IN ITEMS nlohmann rapidjson)
  if(NOT IS_DIRECTORY "/usr/include/${library}")
    message(FATAL_ERROR "/usr/include/${library} is missing: run dev/setup first")
  endif()
  file(MAKE_DIRECTORY "${headers}")
  file(CREATE_LINK "/usr/include/${library}" "${headers}/${library}" SYMBOLIC)
endforeach()
add_library(nlohmann_json INTERFACE)
add_library(nlohmann_json::nlohmann_json ALIAS nlohmann_json)
target_include_directories(nlohmann_json SYSTEM INTERFACE "${headers}")
add_library(rapidjson INTERFACE)
target_include_directories(rapidjson SYSTEM INTERFACE "${headers}")

# GoogleTest from the source that Debian ships beside it.
set(googletest "/usr/src/googletest/googletest")
add_library(gtest STATIC EXCLUDE_FROM_ALL "${googletest}/src/gtest-all.cc")
target_include_directories(gtest SYSTEM PUBLIC "${googletest}/include" PRIVATE "${googletest}")
target_compile_definitions(gtest PUBLIC GTEST_HAS_PTHREAD=0 GTEST_HAS_STREAM_REDIRECTION=0 GTEST_HAS_DEATH_TEST=0)
add_library(GTest::gtest ALIAS gtest)
