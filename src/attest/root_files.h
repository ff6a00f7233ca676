#pragma once

#include <string>
#include <vector>

#include "attest/bundle.h"
#include "attest/roots.h"
#include "base/result.h"

namespace chatmcp::attest {

/// The names that roots_of_files() knows (docs/attestation.md), with .pem and .der.
[[nodiscard]] std::vector<std::string> root_file_names();

/// A caller's own roots, each in PEM or DER, in place of all the makers'. Other names are left
/// alone. What nobody may trust stays so, whatever a caller brings.
///
/// Errors: invalid_argument (ATT-298) no root among them; those of certificates_of_pem.
[[nodiscard]] Result<Roots> roots_of_files(const NamedFiles& files);

}  // namespace chatmcp::attest
