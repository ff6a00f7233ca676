#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/hash.h"
#include "simtee/file_descriptor.h"
#include "wire/evidence.h"

namespace chatmcp::simtee {

inline constexpr std::uint64_t kProgramMaxBytes = std::uint64_t{512} * 1024 * 1024;
inline constexpr std::uint64_t kModelMaxBytes = std::uint64_t{256} * 1024 * 1024 * 1024;
inline constexpr std::uint64_t kConfigurationMaxBytes = std::uint64_t{1024} * 1024;

/// What is measured, by the paths at which it lies now. The paths are not measured.
struct MeasuredPaths {
    std::string program;
    std::string model;
    std::string configuration;
    std::vector<std::string> arguments;
};

/// The copies that run. They lie in memory, are sealed against every change, and were hashed after
/// they were sealed: whatever happens to the files of the host, before or after, these bytes are
/// both what was measured and what is used.
struct MeasuredFiles {
    FileDescriptor program;        // May be executed, by others than its owner not read.
    FileDescriptor model;          // Open for reading alone.
    FileDescriptor configuration;  // Open for reading alone.
    wire::MeasuredDigests digests;
};

/// Copy, seal, hash. Cost: the sizes of the files in memory; one pass for copying and one for
/// hashing.
///
/// Errors: io (TEE-41) no memory file; io (TEE-42) a file that cannot be read or is no ordinary
///         file; too_large (TEE-43); too_large (TEE-44) the command line; unsupported (TEE-48) a
///         program that is no static ELF program.
[[nodiscard]] Result<MeasuredFiles> copy_and_measure(const MeasuredPaths& paths);

/// The digests that copy_and_measure would find, without copying: what an operator publishes.
/// Errors: the same.
[[nodiscard]] Result<wire::MeasuredDigests> measure(const MeasuredPaths& paths);

}  // namespace chatmcp::simtee
