#pragma once

#include <cstdint>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::attest {

/// What an SGX processor reports about an enclave, also about the quoting enclave itself.
/// 384 bytes. Spec: Intel SDM volume 3D, REPORT; offsets in the DCAP quote library's appendix A.4.
struct SgxReport {
    static constexpr std::size_t kBytes = 384;
    ByteArray<16> cpu_svn{};
    ByteArray<4> misc_select{};
    ByteArray<16> attributes{};
    ByteArray<32> mr_enclave{};
    ByteArray<32> mr_signer{};
    std::uint16_t isv_prod_id = 0;
    std::uint16_t isv_svn = 0;
    ByteArray<64> report_data{};

    [[nodiscard]] bool debug() const { return (attributes[0] & 0x02) != 0; }
    /// Precondition: kBytes. Errors: malformed (ATT-56).
    [[nodiscard]] static Result<SgxReport> read(ByteView bytes);
};

/// What a TDX module reports about a trust domain. 584 bytes (TD 1.0) or 648 (TD 1.5).
/// Spec: Intel TDX DCAP quoting library API, appendix A.3 and A.4.
struct TdReport {
    static constexpr std::size_t kBytes10 = 584;
    static constexpr std::size_t kBytes15 = 648;
    ByteArray<16> tee_tcb_svn{};
    ByteArray<48> mr_seam{};
    ByteArray<48> mr_signer_seam{};
    ByteArray<8> seam_attributes{};
    ByteArray<8> td_attributes{};
    ByteArray<8> xfam{};
    ByteArray<48> mr_td{};
    ByteArray<48> mr_config_id{};
    ByteArray<48> mr_owner{};
    ByteArray<48> mr_owner_config{};
    ByteArray<48> rtmr[4]{};
    ByteArray<64> report_data{};
    bool version_15 = false;
    ByteArray<16> tee_tcb_svn2{};  // TD 1.5 alone.
    ByteArray<48> mr_service_td{};

    [[nodiscard]] bool debug() const { return (td_attributes[0] & 0x01) != 0; }
    /// Errors: malformed (ATT-56).
    [[nodiscard]] static Result<TdReport> read(ByteView bytes);
};

/// A quote as the quoting enclave wrote it: version 3 (SGX), 4 and 5 (SGX or TDX). It borrows the
/// bytes that it was read from, which outlive it. Nothing in it has been verified.
struct DcapQuote {
    static constexpr std::size_t kHeaderBytes = 48;
    static constexpr std::uint16_t kPckChain = 5;  // Certification data: the chain in PEM.

    std::uint16_t version = 0;
    ByteArray<16> qe_vendor_id{};
    std::uint16_t body_type = 0;  // Of version 5; 0 before it.
    std::variant<SgxReport, TdReport> body;
    ByteView signed_part;      // Header and body.
    ByteView signature;        // r || s
    ByteView attestation_key;  // x || y
    ByteView qe_report_bytes;
    SgxReport qe_report;
    ByteView qe_report_signature;  // r || s
    ByteView qe_auth_data;
    std::uint16_t certification_type = 0;
    ByteView certification_data;
    std::size_t padding_bytes = 0;  // Zeros after the quote.

    [[nodiscard]] const TdReport* td() const { return std::get_if<TdReport>(&body); }

    /// Errors: malformed (ATT-56) it ends early or its lengths disagree; unsupported (ATT-57)
    ///         version, key type, TEE type or body type; trailing_bytes (ATT-58) something other
    ///         than zeros follows.
    [[nodiscard]] static Result<DcapQuote> read(ByteView bytes);
};

}  // namespace chatmcp::attest
