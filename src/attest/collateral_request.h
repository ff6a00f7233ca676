#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/bundle.h"
#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::attest {

/// Who hands collateral out.
enum class CollateralService : std::uint8_t { intel, intel_root, amd, google };

/// The makers' own, for example "https://kdsintf.amd.com".
[[nodiscard]] std::string_view collateral_service_url(CollateralService service);

/// One document that evidence needs: where it is got by HTTP, and under which name it lies beside
/// the evidence (docs/attestation.md).
struct CollateralRequest {
    CollateralService service{};
    std::string path;  // With its query.
    /// At a caching service, which hands out the documents of all makers; empty: the same.
    std::string cache_path;
    std::string file;
    /// The issuer chain travels in a header of the answer, as percent-encoded PEM.
    std::string chain_file;    // Empty: none.
    std::string chain_header;  // In lower case.
};

inline constexpr std::size_t kIssuerChainMaxBytes = std::size_t{32} * 1024;

/// What can be fetched for this evidence.
///
/// Trust:  the evidence is only read; whether what is fetched fits it, its verification says.
/// Errors: unsupported (ATT-299) a kind for which nobody hands out collateral; those of
///         ParsedEvidence; not_found (ATT-71) a quote without a PCK chain; unsupported (ATT-115) a
///         processor that is not known, also where an old report does not name it.
/// Spec:   Intel PCS API version 4; AMD publication 57230 (VCEK and KDS interface).
[[nodiscard]] Result<std::vector<CollateralRequest>> collateral_requests(
    const EvidenceBundle& bundle);

/// A document as it is kept, from the body of an answer: revocation lists in DER, which some
/// caching services write in hexadecimal.
/// Errors: malformed (ATT-300) an empty body.
[[nodiscard]] Result<Bytes> collateral_of_body(const CollateralRequest& request, ByteView body);
/// The issuer chain of an answer's header, in PEM.
/// Errors: malformed (ATT-300) not percent-encoded, or too long; those of certificates_of_pem.
[[nodiscard]] Result<Bytes> issuer_chain_of_header(std::string_view value);

/// An answer must not be older than what was there: the evaluation number of a TCB info or of an
/// identity never falls, and its date neither. Other documents are not compared.
/// Errors: refused_by_policy (ATT-301).
[[nodiscard]] Result<void> check_not_older(const CollateralRequest& request,
                                           ByteView before,
                                           ByteView after);

}  // namespace chatmcp::attest
