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

# llama.cpp, the assistant's engine, built once by dev/setup: it takes minutes, does not compile as C++23 with libstdc++ 12, and
# must be the same bytes in every build folder, because a golden answer holds for one build only.
set(llama_cpp_root "${CHATMCP_DEPS}/llama-0.3.36")
if(NOT EXISTS "${llama_cpp_root}/lib/libllama.a")
  message(FATAL_ERROR "llama.cpp is not in ${llama_cpp_root}: run dev/setup first")
endif()
add_library(llama_cpp INTERFACE IMPORTED)
target_include_directories(llama_cpp SYSTEM INTERFACE "${llama_cpp_root}/include")
target_link_libraries(llama_cpp INTERFACE
  "${llama_cpp_root}/lib/libllama.a"
  "${llama_cpp_root}/lib/libggml.a"
  "${llama_cpp_root}/lib/libggml-cpu.a"
  "${llama_cpp_root}/lib/libggml-base.a"
  Threads::Threads ${CMAKE_DL_LIBS} m)

# Debian's packages. Whoever needs one names its target in LINKS; nothing is linked by default.
find_package(GTest REQUIRED)
find_package(Boost 1.81.0 EXACT CONFIG REQUIRED)                   # Boost::headers
find_package(fmt REQUIRED)                                         # fmt::fmt
find_package(SQLite3 REQUIRED)                                     # SQLite::SQLite3
find_package(Protobuf 3.21 REQUIRED)                               # protobuf::libprotobuf, protobuf::protoc
find_package(CLI11 REQUIRED)                                       # CLI11::CLI11
find_package(nlohmann_json REQUIRED)                               # nlohmann_json::nlohmann_json

# These come without a usable package file (RocksDB's wants four more development packages that it does not need here).
# chatmcp_system_library(rocksdb header.h) makes the target `rocksdb`.
function(chatmcp_system_library name header)
  find_path(${name}_header_path "${header}" REQUIRED)
  find_library(${name}_library "${name}" REQUIRED)
  mark_as_advanced(${name}_header_path ${name}_library)
  add_library(${name} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION "${${name}_library}")
endfunction()
chatmcp_system_library(rocksdb rocksdb/db.h)
chatmcp_system_library(seccomp seccomp.h)
add_library(rapidjson INTERFACE)                                   # headers alone, in /usr/include
