#include "attest/dcap.h"

#include <algorithm>
#include <utility>

#include "attest/dcap_platform.h"
#include "base/encoding.h"
#include "crypto/hash.h"

namespace chatmcp::attest {
namespace {

using crypto::SignatureAlgorithm;
using crypto::VerificationKey;

// ---- Signatures ----

Result<void> check_quote(const DcapQuote& quote, const VerificationKey& pck_key) {
    if (!pck_key
             .verify_fixed(
                 SignatureAlgorithm::ecdsa_sha256, quote.qe_report_bytes, quote.qe_report_signature)
             .has_value()) {
        return fail(Errc::bad_signature, "ATT-60");
    }
    Bytes named = to_bytes(quote.attestation_key);
    append(named, quote.qe_auth_data);
    ByteArray<64> expected{};
    std::ranges::copy(crypto::sha256(named), expected.begin());
    if (!equal(quote.qe_report.report_data, expected)) {
        return fail(Errc::wrong_key, "ATT-61");
    }
    const auto key =
        VerificationKey::from_coordinates(crypto::NistCurve::p256, quote.attestation_key);
    if (!key.has_value() ||
        !key->verify_fixed(SignatureAlgorithm::ecdsa_sha256, quote.signed_part, quote.signature)
             .has_value()) {
        return fail(Errc::bad_signature, "ATT-59");
    }
    return {};
}

// ---- Levels ----

template <std::size_t N>
bool equal_under(const ByteArray<N>& a, const ByteArray<N>& b, const ByteArray<N>& mask) {
    for (std::size_t i = 0; i < N; ++i) {
        if ((a[i] & mask[i]) != (b[i] & mask[i])) {
            return false;
        }
    }
    return true;
}

/// All of `have` from `first` on are at least what `level` asks for.
bool reaches(const ByteArray<16>& have, const ByteArray<16>& level, std::size_t first = 0) {
    for (std::size_t i = first; i < have.size(); ++i) {
        if (have[i] < level[i]) {
            return false;
        }
    }
    return true;
}

/// The first level that is not above this number; null: below all.
const IsvLevel* isv_level_of(const std::vector<IsvLevel>& levels, std::uint16_t isv_svn) {
    const auto found =
        std::ranges::find_if(levels, [&](const IsvLevel& each) { return each.isv_svn <= isv_svn; });
    return found == levels.end() ? nullptr : &*found;
}

/// What a quoting enclave or module that is behind makes of the platform's status.
TcbStatus converge(TcbStatus platform, TcbStatus part) {
    if (part == TcbStatus::revoked) {
        return TcbStatus::revoked;
    }
    if (part != TcbStatus::out_of_date) {
        return platform;
    }
    switch (platform) {
        case TcbStatus::up_to_date:
        case TcbStatus::sw_hardening_needed:
            return TcbStatus::out_of_date;
        case TcbStatus::configuration_needed:
        case TcbStatus::configuration_and_sw_hardening_needed:
            return TcbStatus::out_of_date_configuration_needed;
        default:
            return platform;
    }
}

Result<TcbStatus> judge_qe(const QeIdentity& identity,
                           const SgxReport& report,
                           TcbJudgement& judgement) {
    const IsvLevel* const level = isv_level_of(identity.levels, report.isv_svn);
    const bool same =
        equal(identity.mr_signer, report.mr_signer) && identity.isv_prod_id == report.isv_prod_id &&
        equal_under(identity.misc_select, report.misc_select, identity.misc_select_mask) &&
        equal_under(identity.attributes, report.attributes, identity.attributes_mask);
    if (!same || level == nullptr) {
        return fail(Errc::wrong_key, "ATT-70");
    }
    judgement.qe_advisories = level->advisories;
    return level->status;
}

/// The TDX module's version: 0 is judged by the platform's levels.
std::size_t first_td_component(const TdReport& td) {
    return td.tee_tcb_svn[1] > 0 ? 2 : 0;
}

const TcbLevel* level_of(const TcbInfo& info, const PckExtensions& pck, const TdReport* td) {
    const auto found = std::ranges::find_if(info.levels, [&](const TcbLevel& level) {
        return reaches(pck.components, level.sgx_components) && pck.pce_svn >= level.pce_svn &&
               (td == nullptr ||
                reaches(td->tee_tcb_svn, level.tdx_components, first_td_component(*td)));
    });
    return found == info.levels.end() ? nullptr : &*found;
}

std::string module_id_of(std::uint8_t version) {
    std::string digits = to_hex(ByteView(&version, 1));
    std::ranges::transform(digits, digits.begin(), [](char c) {
        return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return version == 0 ? std::string() : "TDX_" + digits;
}

Result<const TdxModuleIdentity*> module_of(const TcbInfo& info, const TdReport& td) {
    const std::string id = module_id_of(td.tee_tcb_svn[1]);
    const auto found = std::ranges::find(info.modules, id, &TdxModuleIdentity::id);
    if (found == info.modules.end() || !equal(found->mr_signer, td.mr_signer_seam) ||
        !equal_under(found->attributes, td.seam_attributes, found->attributes_mask)) {
        return fail(Errc::wrong_key, "ATT-73");
    }
    return &*found;
}

/// The module was brought up to date under a domain that had been started before: it is enough to
/// start the domain again.
bool relaunch_is_enough(const TcbInfo& info, const PckExtensions& pck, const TdReport& td) {
    const TcbLevel& newest = info.levels.front();
    const std::uint8_t version = td.tee_tcb_svn2[1];
    const auto module =
        std::ranges::find(info.modules, module_id_of(version), &TdxModuleIdentity::id);
    return td.version_15 && version > 0 && module != info.modules.end() &&
           !module->levels.empty() && td.tee_tcb_svn2[0] >= module->levels.front().isv_svn &&
           reaches(td.tee_tcb_svn2, newest.tdx_components, 2) &&
           reaches(pck.components, newest.sgx_components) && pck.pce_svn >= newest.pce_svn;
}

Result<TcbStatus> judge_module(const TcbInfo& info,
                               const PckExtensions& pck,
                               const TdReport& td,
                               TcbStatus platform,
                               TcbJudgement& judgement) {
    CHATMCP_TRY(const TdxModuleIdentity* module, module_of(info, td));
    if (module->id.empty()) {
        return platform;
    }
    const IsvLevel* const level = isv_level_of(module->levels, td.tee_tcb_svn[0]);
    if (level == nullptr) {
        return fail(Errc::not_found, "ATT-69");
    }
    judgement.module = level->status;
    judgement.module_id = module->id;
    judgement.module_advisories = level->advisories;
    if (level->status == TcbStatus::out_of_date && relaunch_is_enough(info, pck, td)) {
        return platform == TcbStatus::configuration_needed ||
                       platform == TcbStatus::configuration_and_sw_hardening_needed
                   ? TcbStatus::td_relaunch_advised_configuration_needed
                   : TcbStatus::td_relaunch_advised;
    }
    return converge(platform, level->status);
}

Result<TcbJudgement> judge(const DcapQuote& quote,
                           const PckExtensions& pck,
                           const TcbInfo& info,
                           const QeIdentity& identity) {
    const TdReport* const td = quote.td();
    if (info.tdx != (td != nullptr) || identity.id != (td != nullptr ? "TD_QE" : "QE")) {
        return fail(Errc::wrong_purpose, "ATT-72");
    }
    if (info.fmspc != pck.fmspc || info.pce_id != pck.pce_id) {
        return fail(Errc::wrong_key, "ATT-68");
    }
    TcbJudgement out;
    out.evaluation_number = info.evaluation_number;
    CHATMCP_TRY(out.qe, judge_qe(identity, quote.qe_report, out));
    const TcbLevel* const level = level_of(info, pck, td);
    if (level == nullptr) {
        return fail(Errc::not_found, "ATT-69");
    }
    out.date = level->date;
    out.newest_date = info.levels.front().date;
    out.platform = level->status;
    out.advisories = level->advisories;
    if (td != nullptr) {
        CHATMCP_TRY(out.platform, judge_module(info, pck, *td, level->status, out));
    }
    out.status = converge(out.platform, out.qe);
    return out;
}

}  // namespace

Result<DcapClaims> verify_quote_of(const DcapPlatform& platform, const DcapQuote& quote) {
    CHATMCP_TRY_VOID(check_quote(quote, platform.pck_key));
    DcapClaims claims{.version = quote.version,
                      .body_type = quote.body_type,
                      .body = quote.body,
                      .qe_vendor_id = quote.qe_vendor_id,
                      .pck = platform.pck,
                      .pck_serial = platform.pck_serial,
                      .tcb = {},
                      .pck_revocation_checked = platform.pck_revocation_checked,
                      .root_revocation_checked = platform.root_revocation_checked,
                      .issued = platform.issued,
                      .next_update = platform.next_update};
    if (platform.tcb_info.has_value() && platform.qe_identity.has_value()) {
        CHATMCP_TRY(claims.tcb,
                    judge(quote, platform.pck, *platform.tcb_info, *platform.qe_identity));
    }
    return claims;
}

Result<DcapClaims> verify_dcap(const DcapQuote& quote,
                               const DcapCollateral& collateral,
                               const Certificate& root,
                               UnixMs at) {
    CHATMCP_TRY(const DcapPlatform platform, DcapPlatform::verify(quote, collateral, root, at));
    return verify_quote_of(platform, quote);
}

}  // namespace chatmcp::attest
