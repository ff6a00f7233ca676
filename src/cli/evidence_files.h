#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "attest/policy.h"
#include "attest/report.h"
#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::cli {

/// Evidence as it lies on disk: one file, or a folder with quote.bin and, under the names of the
/// provisioning service, its collateral.
struct EvidenceFiles {
    Bytes evidence;
    std::map<std::string, Bytes> collateral;  // By name.

    /// Errors: those of read_file; invalid_argument (CLI-24) a folder without quote.bin.
    [[nodiscard]] static Result<EvidenceFiles> read(const std::filesystem::path& path);
    /// The report of whatever kind it is by its content.
    [[nodiscard]] attest::FactorReport inspect(const attest::Policy& policy, UnixMs at) const;

  private:
    [[nodiscard]] std::optional<ByteView> file(const std::string& name) const;
};

}  // namespace chatmcp::cli
