# Debian's clang-19 for wasm32-wasi: the core in a browser (docs/wasm.md). dev/setup makes the sysroot, two links of its own,
# because without it this compiler also searches the machine's /usr/include.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CHATMCP_WASM ON)

set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_AR llvm-ar-19)
set(CMAKE_RANLIB llvm-ranlib-19)
foreach(language IN ITEMS C CXX)
  set(CMAKE_${language}_COMPILER_TARGET wasm32-wasi)
  # wasi-libc keeps what it has for these in libraries that the caller asks for; AWS-LC names them and never gets there.
  set(CMAKE_${language}_FLAGS_INIT "-D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_GETPID -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_MMAN")
endforeach()

if(DEFINED ENV{CHATMCP_DEPS})
  set(CMAKE_SYSROOT "$ENV{CHATMCP_DEPS}/wasi-sysroot")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(CMAKE_SYSROOT "$ENV{XDG_CACHE_HOME}/chatmcp/wasi-sysroot")
else()
  set(CMAKE_SYSROOT "$ENV{HOME}/.cache/chatmcp/wasi-sysroot")
endif()
if(NOT EXISTS "${CMAKE_SYSROOT}/include/wasm32-wasi/stdio.h")
  message(FATAL_ERROR "no headers of wasi-libc in ${CMAKE_SYSROOT}: run dev/setup first")
endif()
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
