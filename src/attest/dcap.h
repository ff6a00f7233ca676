#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "attest/certificate.h"
#include "attest/dcap_collateral.h"
#include "attest/dcap_quote.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace chatmcp::attest {

/// What a verifier has beside a quote, in the form of the provisioning service. Each may be absent;
/// what cannot be checked without it stays unchecked, and DcapClaims says so.
struct DcapCollateral {
    std::optional<ByteView> tcb_info;                  // JSON
    std::optional<ByteView> tcb_info_issuer_chain;     // PEM
    std::optional<ByteView> qe_identity;               // JSON
    std::optional<ByteView> qe_identity_issuer_chain;  // PEM
    std::optional<ByteView> root_ca_crl;               // DER
    std::optional<ByteView> pck_crl;                   // DER
    std::optional<ByteView> pck_crl_issuer_chain;      // PEM
    std::optional<ByteView> pck_chain;                 // PEM, for quotes that do not carry it.
};

/// What a PCK certificate says about its processor. Spec: Intel SGX PCK Certificate and CRL
/// Profile, section 1.3.5.
struct PckExtensions {
    ByteArray<16> ppid{};
    ByteArray<16> components{};
    std::uint16_t pce_svn = 0;
    ByteArray<16> cpu_svn{};
    ByteArray<2> pce_id{};
    ByteArray<6> fmspc{};
    std::uint8_t sgx_type = 0;
    /// Errors: malformed (ATT-62) no such extension, or not of its form.
    [[nodiscard]] static Result<PckExtensions> read(const Certificate& pck);
};

/// How current the platform is, once TCB info and QE identity were there.
struct TcbJudgement {
    TcbStatus status{};  // Of all together.
    TcbStatus platform{};
    TcbStatus qe{};
    std::string date;                     // Of the platform's level.
    std::string newest_date;              // Of the newest level of its family.
    std::vector<std::string> advisories;  // Of the platform's level.
    std::vector<std::string> qe_advisories;
    std::optional<TcbStatus> module;  // Of the TDX module, where it has levels of its own.
    std::string module_id;
    std::vector<std::string> module_advisories;
    std::uint32_t evaluation_number = 0;
};

/// What a quote claims, once everything that was there to verify it holds.
struct DcapClaims {
    std::uint16_t version = 0;
    std::uint16_t body_type = 0;
    std::variant<SgxReport, TdReport> body;
    ByteArray<16> qe_vendor_id{};
    PckExtensions pck;
    Bytes pck_serial;
    std::optional<TcbJudgement> tcb;  // Absent: TCB info or QE identity was not there.
    bool pck_revocation_checked = false;
    bool root_revocation_checked = false;
    std::optional<UnixMs> issued;       // When the oldest of the documents was made.
    std::optional<UnixMs> next_update;  // When the first of the documents ends.
};

/// Verify a quote by its certificates and collateral: signatures, chains, names, dates, revocation,
/// and which level of the TCB info it stands at. Whether that level, a debug attribute or missing
/// collateral are good enough is the policy's to say.
///
/// `root`: Intel's SGX root, or a test's.
///
/// Errors: those of verify_chain, certificates_of_pem, check_not_revoked, SignedJson, TcbInfo,
///         QeIdentity and PckExtensions; not_found (ATT-71) no PCK chain; bad_signature (ATT-59)
///         the quote, (ATT-60) the QE report, (ATT-64) TCB info or QE identity; wrong_key (ATT-61)
///         an attestation key that the QE report does not name, (ATT-65) a document or PCK not
///         signed by whom it must be, (ATT-68) collateral of another platform, (ATT-70) another
///         quoting enclave, (ATT-73) another TDX module; not_yet_valid, expired (ATT-66) a
///         document; wrong_purpose (ATT-72) TCB info or QE identity for another kind of TEE;
///         not_found (ATT-69) no level that the platform reaches.
/// Cost:   at most nine signatures.
/// Spec:   Intel SGX ECDSA QuoteLibReference, and its quote verification library's appraisal.
[[nodiscard]] Result<DcapClaims> verify_dcap(const DcapQuote& quote,
                                             const DcapCollateral& collateral,
                                             const Certificate& root,
                                             UnixMs at);

}  // namespace chatmcp::attest
