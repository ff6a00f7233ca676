#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/certificate.h"
#include "attest/sev_snp_report.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace chatmcp::attest {

/// AMD's families of server processors with SEV-SNP; each has roots of its own.
enum class SnpProductLine : std::uint8_t { milan, genoa, turin };
/// As in the names of certificates, for example "Milan".
[[nodiscard]] std::string_view snp_product_line_name(SnpProductLine line);
/// The product line of a processor. Errors: unsupported (ATT-115) one that is not known.
/// Spec: AMD's revision guides; Bergamo and Siena are of Genoa's.
[[nodiscard]] Result<SnpProductLine> snp_product_line(const SnpProcessor& processor);

/// A TCB version taken apart: the security version of each part of the platform. A platform reaches
/// a minimum when each part does, never by comparing it as one number.
///
/// Spec: AMD publications 56860, table TCB_VERSION, and 57230 (VCEK certificates).
struct SnpTcb {
    std::optional<std::uint8_t> fmc;  // Of Turin alone.
    std::uint8_t boot_loader = 0;
    std::uint8_t tee = 0;
    std::uint8_t snp = 0;
    std::uint8_t microcode = 0;

    [[nodiscard]] static SnpTcb read(SnpProductLine line, const ByteArray<8>& bytes);
    [[nodiscard]] bool reaches(const SnpTcb& minimum) const;
};

/// What AMD's certificate says about the chip or cloud whose key it is.
/// Spec: AMD publication 57230, table of X.509v3 extensions.
struct SnpKeyExtensions {
    std::string product_name;  // For example "Milan-B0".
    ByteArray<8> tcb{};        // In the order of the report's TCB_VERSION.
    Bytes hardware_id;         // Of a VCEK: 64 bytes, of Turin 8.
    std::string provider;      // Of a VLEK: the cloud's name.

    /// Errors: malformed (ATT-110) one that is absent or not of its form.
    [[nodiscard]] static Result<SnpKeyExtensions> read(const Certificate& certificate,
                                                       SnpSigningKey key,
                                                       SnpProductLine line);
};

/// What a verifier has beside a report.
struct SnpCollateral {
    /// VCEK or VLEK, ASK or ASVK, and ARK: each one certificate in DER, or one or more in PEM; in
    /// any order.
    std::vector<ByteView> certificates;
    /// The same as the host hands them to its guest. Spec: AMD publication 56421 (GHCB), table of
    /// MSG_REPORT_REQ's certificate data.
    std::optional<ByteView> certificate_table;
    std::optional<ByteView> ark_crl;  // DER; else the one of the table.
};

/// Whom a verifier trusts.
struct SnpAnchors {
    std::span<const Certificate> roots;  // The ARK of each product line.
    /// ASK and ASVK, for collateral that comes without them; not trusted by themselves.
    std::span<const Certificate> authorities = {};
};

/// What a report claims, once everything that was there to verify it holds.
struct SnpClaims {
    SnpReport report;
    SnpProductLine line{};
    SnpTcb reported_tcb;
    SnpTcb committed_tcb;
    SnpTcb current_tcb;
    SnpTcb launch_tcb;
    SnpKeyExtensions key;
    bool revocation_checked = false;    // Of ASK or ASVK.
    std::optional<UnixMs> next_update;  // When the revocation list ends.
    UnixMs key_ends;                    // When the certificate of VCEK or VLEK does.
};

inline constexpr std::size_t kSnpCertificatesMax = 8;

/// Verify a report by its certificates: chain to AMD's root, revocation of the authority,
/// signature, and that chip and TCB of the certificate are those of the report. Whether guest
/// policy, TCB or missing revocation list are good enough is the policy's to say.
///
/// Errors: those of verify_chain, certificates_of_pem, check_not_revoked and SnpKeyExtensions;
///         malformed (ATT-107) certificate table; not_found (ATT-108) no certificate for the key
///         that signed; wrong_key (ATT-109) a chain of other names or another length, (ATT-112)
///         another TCB, (ATT-113) another chip, (ATT-114) another product; bad_signature (ATT-111)
///         the report; unsupported (ATT-115) a processor that is not known; too_large (ATT-116)
///         too many certificates.
/// Cost:   two signatures of RSA, one of P-384; one more of RSA with a revocation list.
[[nodiscard]] Result<SnpClaims> verify_sev_snp(const SignedSnpReport& report,
                                               const SnpCollateral& collateral,
                                               const SnpAnchors& anchors,
                                               UnixMs at);

}  // namespace chatmcp::attest
