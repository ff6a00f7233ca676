#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace chatmcp::attest {

/// How current a platform, a quoting enclave or a TDX module is, in Intel's words.
enum class TcbStatus : std::uint8_t {
    up_to_date,
    sw_hardening_needed,
    configuration_needed,
    configuration_and_sw_hardening_needed,
    td_relaunch_advised,
    td_relaunch_advised_configuration_needed,
    out_of_date,
    out_of_date_configuration_needed,
    revoked,
};
/// As in the TCB info, for example "UpToDate".
[[nodiscard]] std::string_view tcb_status_name(TcbStatus status);

/// One of the levels that collateral lists, newest first.
struct TcbLevel {
    ByteArray<16> sgx_components{};
    std::uint16_t pce_svn = 0;
    ByteArray<16> tdx_components{};  // Of TDX alone.
    TcbStatus status{};
    std::string date;
    std::vector<std::string> advisories;
};
/// The same of an enclave or module, which has one number.
struct IsvLevel {
    std::uint16_t isv_svn = 0;
    TcbStatus status{};
    std::string date;
    std::vector<std::string> advisories;
};

/// A TDX module that Intel knows: `TDX_01` and so on, or the one of version 0 without an id.
struct TdxModuleIdentity {
    std::string id;
    ByteArray<48> mr_signer{};
    ByteArray<8> attributes{};
    ByteArray<8> attributes_mask{};
    std::vector<IsvLevel> levels;  // None: the platform's levels judge it.
};

/// A document of the provisioning service: `{ "<name>": {...}, "signature": "<hex>" }`.
struct SignedJson {
    std::string_view body;      // Exactly what was signed.
    ByteArray<64> signature{};  // r || s
    /// Errors: malformed (ATT-63) another shape.
    [[nodiscard]] static Result<SignedJson> read(std::string_view text, std::string_view name);
};

/// When a document is valid.
struct Validity {
    UnixMs issued;
    UnixMs next_update;
};

/// What Intel says about a family of platforms. Nothing of it has been verified.
/// Spec: Intel PCS API, "Get TCB Info", structure versions 2 and 3.
struct TcbInfo {
    bool tdx = false;
    std::uint32_t version = 0;
    Validity validity;
    ByteArray<6> fmspc{};
    ByteArray<2> pce_id{};
    std::uint32_t evaluation_number = 0;
    std::vector<TcbLevel> levels;
    std::vector<TdxModuleIdentity> modules;  // Without id: version 0.

    /// `body`: of the SignedJson. Errors: malformed (ATT-63); unsupported_version (ATT-67);
    ///         ATT-31..38 of the JSON.
    [[nodiscard]] static Result<TcbInfo> read(std::string_view body);
};

/// What Intel says about its quoting enclave. Nothing of it has been verified.
/// Spec: Intel PCS API, "Get Quoting Enclave Identity", structure version 2.
struct QeIdentity {
    std::string id;  // "QE", "TD_QE"
    Validity validity;
    std::uint32_t evaluation_number = 0;
    ByteArray<4> misc_select{};  // As in a report: the text is the number, big-endian.
    ByteArray<4> misc_select_mask{};
    ByteArray<16> attributes{};
    ByteArray<16> attributes_mask{};
    ByteArray<32> mr_signer{};
    std::uint16_t isv_prod_id = 0;
    std::vector<IsvLevel> levels;

    /// Errors: as TcbInfo::read.
    [[nodiscard]] static Result<QeIdentity> read(std::string_view body);
};

}  // namespace chatmcp::attest
