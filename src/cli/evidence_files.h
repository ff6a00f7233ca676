#pragma once

#include <filesystem>
#include <optional>

#include "attest/bundle.h"
#include "base/result.h"

namespace chatmcp::cli {

/// Evidence as it lies on disk: one file, or a folder with evidence and, under the names of
/// docs/attestation.md, what lies beside it.
///
/// `forced`: the kind that the caller says it is.
/// Errors: those of read_file; invalid_argument (CLI-24) nothing in it is evidence that is known.
[[nodiscard]] Result<attest::EvidenceBundle> read_evidence(const std::filesystem::path& path,
                                                           std::optional<attest::Kind> forced);

}  // namespace chatmcp::cli
