#pragma once

#include "attest/dcap.h"
#include "attest/report.h"
#include "attest/roots.h"

namespace chatmcp::attest {

/// Whether these bytes begin as a quote does: version 3 to 5, of an ECDSA P-256 attestation key.
[[nodiscard]] bool is_dcap_quote(ByteView bytes);

/// What a quote and its collateral say by themselves: its binding stays not proven. The report is
/// never `accepted`: no trust policy of this version admits these kinds.
///
/// Errors (of factors): those of DcapQuote::read and verify_dcap; refused_by_policy (ATT-74) the
///         kind, (ATT-75) a TCB that is not up to date, (ATT-76) a debug enclave; not_found
///         (ATT-77) no TCB info or QE identity, (ATT-78) no revocation lists.
[[nodiscard]] FactorReport inspect_dcap(ByteView quote,
                                        const DcapCollateral& collateral,
                                        const Roots& roots,
                                        UnixMs at);

}  // namespace chatmcp::attest
