#pragma once

#include <optional>

#include "attest/dcap.h"
#include "crypto/verification_key.h"

namespace chatmcp::attest {

/// What verifying a quote needs and the quote itself does not decide: the certificate of the
/// platform's key and the collateral, verified. Other quotes of the same platform verify with it as
/// well, as long as the time is within `from` and `until`.
struct DcapPlatform {
    crypto::VerificationKey pck_key;
    PckExtensions pck{};
    Bytes pck_serial;
    std::optional<TcbInfo> tcb_info;  // Both are there, or none.
    std::optional<QeIdentity> qe_identity;
    bool pck_revocation_checked = false;
    bool root_revocation_checked = false;
    std::optional<UnixMs> issued;
    std::optional<UnixMs> next_update;
    // All certificates, lists and documents are valid at these times, and between them.
    UnixMs from;
    UnixMs until;

    /// Errors: as verify_dcap, without those about the quote.
    /// Cost:   at most seven signatures.
    [[nodiscard]] static Result<DcapPlatform> verify(const DcapQuote& quote,
                                                     const DcapCollateral& collateral,
                                                     const Certificate& root,
                                                     UnixMs at);
};

/// The second half of verify_dcap.
///
/// Trust:  `platform` was verified with this quote's PCK chain, at the time of the verdict.
/// Errors: ATT-59, ATT-60, ATT-61, ATT-68, ATT-69, ATT-70, ATT-72, ATT-73 as verify_dcap.
/// Cost:   two signatures.
[[nodiscard]] Result<DcapClaims> verify_quote_of(const DcapPlatform& platform,
                                                 const DcapQuote& quote);

/// The PCK chain of a quote: its own, or the collateral's for one that carries none.
[[nodiscard]] std::optional<ByteView> pck_chain_of(const DcapQuote& quote,
                                                   const DcapCollateral& collateral);

}  // namespace chatmcp::attest
