#pragma once

#include <filesystem>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::cli {

/// A whole file. Errors: io (CLI-10) not readable; too_large (CLI-11).
[[nodiscard]] Result<Bytes> read_file(const std::filesystem::path& file, std::size_t max_bytes);
/// Standard input to its end. Errors: too_large (CLI-11); io (CLI-10).
[[nodiscard]] Result<Bytes> read_standard_input(std::size_t max_bytes);
/// Put in place at once: a temporary file beside it, synced, then renamed. Errors: io (CLI-12).
[[nodiscard]] Result<void> write_file(const std::filesystem::path& file,
                                      ByteView content,
                                      unsigned mode);
/// The same, and never over a file that is there. Errors: already_exists (CLI-13); io (CLI-12).
[[nodiscard]] Result<void> create_file(const std::filesystem::path& file,
                                       ByteView content,
                                       unsigned mode);

}  // namespace chatmcp::cli
