# How programs of the preset wasm are linked. The stack lies below the data and so runs out of memory, which traps, instead of
# into the data. Functions and data that nothing reaches are left out.
set(CHATMCP_WASM_STACK_BYTES 1048576)
set(CHATMCP_WASM_MEMORY_BYTES_MAX 1073741824)

add_library(chatmcp_wasm_runtime STATIC "${CMAKE_SOURCE_DIR}/src/wasm/stack_protector.c")
target_link_options(chatmcp_wasm_runtime INTERFACE
  -fno-exceptions
  "-Wl,--gc-sections,--stack-first,-z,stack-size=${CHATMCP_WASM_STACK_BYTES},--max-memory=${CHATMCP_WASM_MEMORY_BYTES_MAX}")

# chatmcp_wasm_reactor(NAME chatmcp-core SOURCES exports.cpp DEPENDS wasm EXPORTS name...): bin/NAME.wasm, called by JavaScript.
# Beside it NAME.named.wasm, the same with the names of its functions, for profiles and for what dev/bench takes apart.
function(chatmcp_wasm_reactor)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;DEPENDS;LINKS;EXPORTS" ${ARGN})
  list(TRANSFORM arg_DEPENDS PREPEND "chatmcp::")
  list(TRANSFORM arg_EXPORTS PREPEND "-Wl,--export=")
  add_executable(${arg_NAME} ${arg_SOURCES})
  target_link_libraries(${arg_NAME} PRIVATE ${arg_DEPENDS} ${arg_LINKS} chatmcp_wasm_runtime chatmcp_warnings)
  target_link_options(${arg_NAME} PRIVATE -mexec-model=reactor ${arg_EXPORTS})
  set_target_properties(${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin" SUFFIX ".named.wasm")
  add_custom_command(TARGET ${arg_NAME} POST_BUILD VERBATIM
    COMMAND llvm-strip-19 --strip-all "$<TARGET_FILE:${arg_NAME}>" -o "${CMAKE_BINARY_DIR}/bin/${arg_NAME}.wasm")
endfunction()

# chatmcp_wasm_test(NAME mls TESTS tree_test.cpp TEST_LINKS ...): bin/mls_test.wasm, the same test sources as natively, without
# the tests of what ends the process; tests/wasm runs it. Warnings are the native build's: numbers in vectors have 64 bits.
function(chatmcp_wasm_test)
  cmake_parse_arguments(arg "" "NAME" "TESTS;TEST_LINKS" ${ARGN})
  add_executable(${arg_NAME}_test ${arg_TESTS} "${CMAKE_SOURCE_DIR}/tests/wasm/main.cpp")
  target_link_libraries(${arg_NAME}_test PRIVATE chatmcp::${arg_NAME} ${arg_TEST_LINKS} chatmcp_wasm_runtime GTest::gtest)
  target_compile_definitions(${arg_NAME}_test PRIVATE CHATMCP_SOURCE_DIR="/project")
  target_compile_options(${arg_NAME}_test PRIVATE -O1)
  set_target_properties(${arg_NAME}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin" SUFFIX ".wasm")
endfunction()
