#include "attest/dcap.h"

#include <algorithm>
#include <utility>

#include "attest/object_identifiers.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "wire/der.h"

namespace chatmcp::attest {
namespace {

using crypto::SignatureAlgorithm;
using crypto::VerificationKey;
using wire::DerReader;

constexpr std::string_view kPlatformCa = "Intel SGX PCK Platform CA";
constexpr std::string_view kProcessorCa = "Intel SGX PCK Processor CA";
constexpr std::string_view kPckName = "Intel SGX PCK Certificate";
constexpr std::string_view kTcbSigning = "Intel SGX TCB Signing";

/// Certificates of a PEM text, with the bytes that they borrow.
struct CertificateFile {
    std::vector<Bytes> der;
    std::vector<Certificate> certificates;

    [[nodiscard]] static Result<CertificateFile> read(ByteView pem) {
        CertificateFile out;
        CHATMCP_TRY(out.der, certificates_of_pem(pem));
        for (const Bytes& each : out.der) {
            CHATMCP_TRY(Certificate certificate, Certificate::read(each));
            out.certificates.push_back(std::move(certificate));
        }
        if (out.certificates.empty()) {
            return fail(Errc::not_found, "ATT-71");
        }
        return out;
    }
    /// The one whose subject has this common name.
    [[nodiscard]] const Certificate* named(std::string_view common_name) const {
        const auto found = std::ranges::find_if(certificates, [&](const Certificate& each) {
            return common_name_of(each.subject) == common_name;
        });
        return found == certificates.end() ? nullptr : &*found;
    }
    /// All but one.
    [[nodiscard]] std::vector<Certificate> others(const Certificate& than) const {
        std::vector<Certificate> out;
        std::ranges::copy_if(certificates, std::back_inserter(out), [&](const Certificate& each) {
            return &each != &than;
        });
        return out;
    }
};

/// Everything that one verification works with.
class Verification {
  public:
    Verification(const DcapQuote& quote,
                 const DcapCollateral& collateral,
                 const Certificate& root,
                 UnixMs at)
        : quote_(quote), collateral_(collateral), root_(root), at_(at) {}

    Result<DcapClaims> run();

  private:
    Result<void> check_pck_chain();
    Result<void> check_quote() const;
    Result<void> check_revocation();
    Result<void> check_list_issuer() const;
    /// One certificate of a file is issued by the root itself.
    Result<void> verify_issuer(const CertificateFile& file, const Certificate& certificate) const;
    Result<void> check_tcb();
    /// A signed document of the provisioning service: by whom, and that it is current.
    Result<SignedJson> signed_document(ByteView json,
                                       std::string_view name,
                                       std::optional<ByteView> issuer_chain) const;
    Result<void> check_current(const Validity& validity);
    void ends_at(UnixMs next_update) {
        claims_.next_update = std::min(claims_.next_update.value_or(next_update), next_update);
    }

    const DcapQuote& quote_;
    const DcapCollateral& collateral_;
    const Certificate& root_;
    const UnixMs at_;
    CertificateFile pck_file_;
    const Certificate* pck_ = nullptr;     // Once its chain holds,
    const Certificate* pck_ca_ = nullptr;  // and who issued it.
    DcapClaims claims_;
};

// ---- Signatures ----

Result<void> Verification::check_pck_chain() {
    std::optional<ByteView> pem = collateral_.pck_chain;
    if (quote_.certification_type == DcapQuote::kPckChain) {
        pem = quote_.certification_data;
    }
    if (!pem.has_value()) {
        return fail(Errc::not_found, "ATT-71");
    }
    CHATMCP_TRY(pck_file_, CertificateFile::read(*pem));
    const Certificate* const pck = pck_file_.named(kPckName);
    if (pck == nullptr) {
        return fail(Errc::wrong_key, "ATT-65");
    }
    const std::vector<Certificate> others = pck_file_.others(*pck);
    CHATMCP_TRY(const auto chain,
                verify_chain(*pck, others, std::span(&root_, 1), ChainRules{.at = at_}));
    const std::string_view issuer = common_name_of(pck->issuer);
    if (chain.size() != 3 || (issuer != kPlatformCa && issuer != kProcessorCa)) {
        return fail(Errc::wrong_key, "ATT-65");
    }
    pck_ = pck;
    pck_ca_ = pck_file_.named(issuer);
    CHATMCP_TRY(claims_.pck, PckExtensions::read(*pck));
    claims_.pck_serial = to_bytes(pck->serial);
    return {};
}

Result<void> Verification::check_quote() const {
    CHATMCP_TRY(const auto pck_key, VerificationKey::from_spki(pck_->public_key));
    if (!pck_key
             .verify_fixed(SignatureAlgorithm::ecdsa_sha256,
                           quote_.qe_report_bytes,
                           quote_.qe_report_signature)
             .has_value()) {
        return fail(Errc::bad_signature, "ATT-60");
    }
    Bytes named = to_bytes(quote_.attestation_key);
    append(named, quote_.qe_auth_data);
    ByteArray<64> expected{};
    std::ranges::copy(crypto::sha256(named), expected.begin());
    if (!equal(quote_.qe_report.report_data, expected)) {
        return fail(Errc::wrong_key, "ATT-61");
    }
    const auto key =
        VerificationKey::from_coordinates(crypto::NistCurve::p256, quote_.attestation_key);
    if (!key.has_value() ||
        !key->verify_fixed(SignatureAlgorithm::ecdsa_sha256, quote_.signed_part, quote_.signature)
             .has_value()) {
        return fail(Errc::bad_signature, "ATT-59");
    }
    return {};
}

// ---- Revocation ----

/// The chain that comes with the list is of the very authority that issued the PCK certificate.
Result<void> Verification::check_list_issuer() const {
    if (!collateral_.pck_crl_issuer_chain.has_value()) {
        return {};
    }
    CHATMCP_TRY(const auto file, CertificateFile::read(*collateral_.pck_crl_issuer_chain));
    const Certificate* const issuer = file.named(common_name_of(pck_ca_->subject));
    if (issuer == nullptr || !equal(issuer->public_key, pck_ca_->public_key)) {
        return fail(Errc::wrong_key, "ATT-50");
    }
    return verify_issuer(file, *issuer);
}

Result<void> Verification::check_revocation() {
    if (collateral_.root_ca_crl.has_value()) {
        CHATMCP_TRY(const auto list, RevocationList::read(*collateral_.root_ca_crl));
        CHATMCP_TRY(const UnixMs until, check_not_revoked(list, root_, pck_ca_->serial, at_));
        claims_.root_revocation_checked = true;
        ends_at(until);
    }
    if (collateral_.pck_crl.has_value()) {
        CHATMCP_TRY(const auto list, RevocationList::read(*collateral_.pck_crl));
        CHATMCP_TRY_VOID(check_list_issuer());
        CHATMCP_TRY(const UnixMs until, check_not_revoked(list, *pck_ca_, pck_->serial, at_));
        claims_.pck_revocation_checked = true;
        ends_at(until);
    }
    return {};
}

// ---- Documents ----

Result<void> Verification::verify_issuer(const CertificateFile& file,
                                         const Certificate& certificate) const {
    const std::vector<Certificate> others = file.others(certificate);
    CHATMCP_TRY(const auto chain,
                verify_chain(certificate, others, std::span(&root_, 1), ChainRules{.at = at_}));
    return chain.size() == 2 ? Result<void>() : fail(Errc::wrong_key, "ATT-65");
}

Result<SignedJson> Verification::signed_document(ByteView json,
                                                 std::string_view name,
                                                 std::optional<ByteView> issuer_chain) const {
    CHATMCP_TRY(const SignedJson document, SignedJson::read(as_text(json), name));
    if (!issuer_chain.has_value()) {
        return fail(Errc::not_found, "ATT-71");
    }
    CHATMCP_TRY(const CertificateFile file, CertificateFile::read(*issuer_chain));
    const Certificate* const signer = file.named(kTcbSigning);
    if (signer == nullptr) {
        return fail(Errc::wrong_key, "ATT-65");
    }
    CHATMCP_TRY_VOID(verify_issuer(file, *signer));
    CHATMCP_TRY(const auto key, VerificationKey::from_spki(signer->public_key));
    if (!key.verify_fixed(
                SignatureAlgorithm::ecdsa_sha256, as_bytes(document.body), document.signature)
             .has_value()) {
        return fail(Errc::bad_signature, "ATT-64");
    }
    if (collateral_.root_ca_crl.has_value()) {
        CHATMCP_TRY(const auto list, RevocationList::read(*collateral_.root_ca_crl));
        CHATMCP_TRY_VOID(check_not_revoked(list, root_, signer->serial, at_));
    }
    return document;
}

Result<void> Verification::check_current(const Validity& validity) {
    if (at_ < validity.issued) {
        return fail(Errc::not_yet_valid, "ATT-66");
    }
    if (at_ > validity.next_update) {
        return fail(Errc::expired, "ATT-66");
    }
    ends_at(validity.next_update);
    claims_.issued = std::min(claims_.issued.value_or(validity.issued), validity.issued);
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

Result<void> Verification::check_tcb() {
    if (!collateral_.tcb_info.has_value() || !collateral_.qe_identity.has_value()) {
        return {};
    }
    CHATMCP_TRY(
        const SignedJson info_document,
        signed_document(*collateral_.tcb_info, "tcbInfo", collateral_.tcb_info_issuer_chain));
    CHATMCP_TRY(const TcbInfo info, TcbInfo::read(info_document.body));
    CHATMCP_TRY_VOID(check_current(info.validity));
    CHATMCP_TRY(
        const SignedJson identity_document,
        signed_document(
            *collateral_.qe_identity, "enclaveIdentity", collateral_.qe_identity_issuer_chain));
    CHATMCP_TRY(const QeIdentity identity, QeIdentity::read(identity_document.body));
    CHATMCP_TRY_VOID(check_current(identity.validity));
    const TdReport* const td = quote_.td();
    if (info.tdx != (td != nullptr) || identity.id != (td != nullptr ? "TD_QE" : "QE")) {
        return fail(Errc::wrong_purpose, "ATT-72");
    }
    if (info.fmspc != claims_.pck.fmspc || info.pce_id != claims_.pck.pce_id) {
        return fail(Errc::wrong_key, "ATT-68");
    }
    TcbJudgement judgement;
    judgement.evaluation_number = info.evaluation_number;
    CHATMCP_TRY(judgement.qe, judge_qe(identity, quote_.qe_report, judgement));
    const TcbLevel* const level = level_of(info, claims_.pck, td);
    if (level == nullptr) {
        return fail(Errc::not_found, "ATT-69");
    }
    judgement.date = level->date;
    judgement.newest_date = info.levels.front().date;
    judgement.platform = level->status;
    judgement.advisories = level->advisories;
    if (td != nullptr) {
        CHATMCP_TRY(judgement.platform,
                    judge_module(info, claims_.pck, *td, level->status, judgement));
    }
    judgement.status = converge(judgement.platform, judgement.qe);
    claims_.tcb = std::move(judgement);
    return {};
}

Result<DcapClaims> Verification::run() {
    claims_.version = quote_.version;
    claims_.body_type = quote_.body_type;
    claims_.body = quote_.body;
    claims_.qe_vendor_id = quote_.qe_vendor_id;
    CHATMCP_TRY_VOID(check_pck_chain());
    CHATMCP_TRY_VOID(check_revocation());
    CHATMCP_TRY_VOID(check_quote());
    CHATMCP_TRY_VOID(check_tcb());
    return std::move(claims_);
}

// ---- PCK extensions ----

/// `{ id, value }` with an id below the extension's own.
Result<std::pair<std::uint8_t, wire::DerValue>> next_entry(DerReader& list, ByteView above) {
    CHATMCP_TRY(DerReader entry, list.sequence());
    CHATMCP_TRY(const ByteView id, entry.object_identifier());
    CHATMCP_TRY(const wire::DerValue value, entry.any());
    CHATMCP_TRY_VOID(entry.finish());
    if (id.size() != above.size() + 1 || !equal(id.first(above.size()), above)) {
        return fail(Errc::malformed, "ATT-62");
    }
    return std::pair(id.back(), value);
}

template <std::size_t N>
Result<ByteArray<N>> fixed_octets(const wire::DerValue& value) {
    if (value.tag != wire::kDerOctetString || value.content.size() != N) {
        return fail(Errc::malformed, "ATT-62");
    }
    return to_array<N>(value.content);
}

Result<std::uint64_t> number_of(const wire::DerValue& value, std::uint64_t max) {
    CHATMCP_TRY(const std::uint64_t number, DerReader(value.whole).small_integer());
    if (number > max) {
        return fail(Errc::malformed, "ATT-62");
    }
    return number;
}

/// Components 1 to 16, PCESVN (17) and CPUSVN (18).
Result<void> read_tcb(const wire::DerValue& value, ByteView above, PckExtensions& out) {
    DerReader whole(value.whole);
    CHATMCP_TRY(DerReader list, whole.sequence());
    std::uint32_t seen = 0;
    while (!list.empty()) {
        CHATMCP_TRY(const auto entry, next_entry(list, above));
        const auto [number, content] = entry;
        if (number >= 1 && number <= 16) {
            CHATMCP_TRY(const std::uint64_t svn, number_of(content, 255));
            out.components[number - 1u] = static_cast<std::uint8_t>(svn);
        } else if (number == 17) {
            CHATMCP_TRY(const std::uint64_t svn, number_of(content, 0xffff));
            out.pce_svn = static_cast<std::uint16_t>(svn);
        } else if (number == 18) {
            CHATMCP_TRY(out.cpu_svn, fixed_octets<16>(content));
        } else {
            return fail(Errc::malformed, "ATT-62");
        }
        seen |= std::uint32_t{1} << number;
    }
    return seen == 0x7fffe ? Result<void>() : fail(Errc::malformed, "ATT-62");
}

}  // namespace

Result<PckExtensions> PckExtensions::read(const Certificate& pck) {
    const CertificateExtension* const extension = pck.find(oid::kSgxExtensions);
    if (extension == nullptr) {
        return fail(Errc::malformed, "ATT-62");
    }
    PckExtensions out;
    DerReader whole(extension->value);
    CHATMCP_TRY(DerReader list, whole.sequence());
    CHATMCP_TRY_VOID(whole.finish());
    std::uint32_t seen = 0;
    while (!list.empty()) {
        CHATMCP_TRY(const auto entry, next_entry(list, oid::kSgxExtensions));
        const auto [number, value] = entry;
        switch (number) {
            case 1: {
                CHATMCP_TRY(out.ppid, fixed_octets<16>(value));
                break;
            }
            case 2: {
                Bytes above = to_bytes(oid::kSgxExtensions);
                above.push_back(number);
                CHATMCP_TRY_VOID(read_tcb(value, above, out));
                break;
            }
            case 3: {
                CHATMCP_TRY(out.pce_id, fixed_octets<2>(value));
                break;
            }
            case 4: {
                CHATMCP_TRY(out.fmspc, fixed_octets<6>(value));
                break;
            }
            case 5: {
                CHATMCP_TRY(const ByteView type,
                            DerReader(value.whole).content(wire::kDerEnumerated));
                CHATMCP_TRY(const ByteView kind, wire::der_unsigned(type));
                out.sgx_type = kind.back();
                break;
            }
            default:
                break;  // Platform instance and configuration: of registered platforms alone.
        }
        seen |= std::uint32_t{1} << (number & 31);
    }
    return (seen & 0x3e) == 0x3e ? Result<PckExtensions>(out) : fail(Errc::malformed, "ATT-62");
}

Result<DcapClaims> verify_dcap(const DcapQuote& quote,
                               const DcapCollateral& collateral,
                               const Certificate& root,
                               UnixMs at) {
    return Verification(quote, collateral, root, at).run();
}

}  // namespace chatmcp::attest
