#pragma once

#include <cstdint>

// Operation codes of eBPF (RFC 9669) that the linker has to know by name.

namespace chatmcp::sbpf {

inline constexpr std::uint8_t kClassMask = 0x07;
inline constexpr std::uint8_t kClassLoad = 0x00;           // LD
inline constexpr std::uint8_t kClassLoadRegister = 0x01;   // LDX
inline constexpr std::uint8_t kClassStore = 0x02;          // ST
inline constexpr std::uint8_t kClassStoreRegister = 0x03;  // STX
inline constexpr std::uint8_t kClassAlu32 = 0x04;          // ALU
inline constexpr std::uint8_t kClassJump = 0x05;           // JMP
inline constexpr std::uint8_t kClassJump32 = 0x06;         // JMP32
inline constexpr std::uint8_t kClassAlu64 = 0x07;          // ALU64

inline constexpr std::uint8_t kSourceRegister = 0x08;  // X: the operand is a register.
inline constexpr std::uint8_t kModeMask = 0xe0;
inline constexpr std::uint8_t kModeMemory = 0x60;  // MEM

inline constexpr std::uint8_t kLoadNumber = 0x18;    // lddw, two slots
inline constexpr std::uint8_t kCall = 0x85;          // call
inline constexpr std::uint8_t kCallRegister = 0x8d;  // callx
inline constexpr std::uint8_t kExit = 0x95;          // exit
inline constexpr std::uint8_t kJumpAlways = 0x05;    // ja

inline constexpr std::uint8_t kCallSystem = 0;    // Source register of a call: a system call
inline constexpr std::uint8_t kCallFunction = 1;  // or a function of the program.

inline constexpr std::uint8_t kFramePointer = 10;

}  // namespace chatmcp::sbpf
