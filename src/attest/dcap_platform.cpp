#include "attest/dcap_platform.h"

#include <algorithm>
#include <limits>
#include <list>
#include <utility>

#include "attest/object_identifiers.h"
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
    ByteView pem;
    std::vector<Bytes> der;
    std::vector<Certificate> certificates;

    [[nodiscard]] static Result<CertificateFile> read(ByteView pem) {
        CertificateFile out;
        out.pem = pem;
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
};

/// Everything that one verification works with.
class Verification {
  public:
    Verification(const DcapQuote& quote,
                 const DcapCollateral& collateral,
                 const Certificate& root,
                 UnixMs at)
        : quote_(quote), collateral_(collateral), root_(root), at_(at) {}

    Result<DcapPlatform> run();

  private:
    Result<const CertificateFile*> file_of(ByteView pem);
    Result<void> check_pck_chain();
    Result<void> check_revocation();
    Result<void> check_list_issuer();
    Result<void> check_list(const RevocationList& list, const Certificate& issuer);
    /// A certificate, with others of its file, has a chain of this length to the root.
    Result<void> check_chain(const CertificateFile& file,
                             const Certificate& certificate,
                             std::size_t length);
    Result<void> read_documents();
    /// A signed document of the provisioning service: by whom, and that it is current.
    Result<SignedJson> signed_document(ByteView json,
                                       std::string_view name,
                                       std::optional<ByteView> issuer_chain);
    Result<void> check_current(const Validity& validity);
    /// What was checked holds from and until.
    void narrow(UnixMs from, UnixMs until) {
        from_ = std::max(from_, from);
        until_ = std::min(until_, until);
    }
    void ends_at(UnixMs next_update) {
        next_update_ = std::min(next_update_.value_or(next_update), next_update);
    }

    const DcapQuote& quote_;
    const DcapCollateral& collateral_;
    const Certificate& root_;
    const UnixMs at_;
    std::list<CertificateFile> files_;         // They stay where they are: others borrow from them.
    SignatureMemory signatures_;               // The same authorities stand in several files.
    const Certificate* pck_ = nullptr;         // Once its chain holds,
    const Certificate* pck_ca_ = nullptr;      // and who issued it.
    std::optional<RevocationList> root_list_;  // Once it holds.
    bool pck_revocation_checked_ = false;
    std::optional<TcbInfo> tcb_info_;
    std::optional<QeIdentity> qe_identity_;
    std::optional<UnixMs> issued_;
    std::optional<UnixMs> next_update_;
    UnixMs from_{std::numeric_limits<std::int64_t>::min()};
    UnixMs until_{std::numeric_limits<std::int64_t>::max()};
};

/// Reads a text that comes twice only once.
Result<const CertificateFile*> Verification::file_of(ByteView pem) {
    const auto found = std::ranges::find_if(
        files_, [&](const CertificateFile& each) { return equal(each.pem, pem); });
    if (found != files_.end()) {
        return &*found;
    }
    CHATMCP_TRY(CertificateFile file, CertificateFile::read(pem));
    return &files_.emplace_back(std::move(file));
}

Result<void> Verification::check_chain(const CertificateFile& file,
                                       const Certificate& certificate,
                                       std::size_t length) {
    CHATMCP_TRY(const auto chain,
                verify_chain(certificate,
                             file.certificates,
                             std::span(&root_, 1),
                             ChainRules{.at = at_, .signatures = &signatures_}));
    if (chain.size() != length) {
        return fail(Errc::wrong_key, "ATT-65");
    }
    for (const Certificate* each : chain) {
        narrow(each->not_before, each->not_after);
    }
    return {};
}

Result<void> Verification::check_pck_chain() {
    const std::optional<ByteView> pem = pck_chain_of(quote_, collateral_);
    if (!pem.has_value()) {
        return fail(Errc::not_found, "ATT-71");
    }
    CHATMCP_TRY(const CertificateFile* file, file_of(*pem));
    const Certificate* const pck = file->named(kPckName);
    if (pck == nullptr) {
        return fail(Errc::wrong_key, "ATT-65");
    }
    CHATMCP_TRY_VOID(check_chain(*file, *pck, 3));
    const std::string_view issuer = common_name_of(pck->issuer);
    if (issuer != kPlatformCa && issuer != kProcessorCa) {
        return fail(Errc::wrong_key, "ATT-65");
    }
    pck_ = pck;
    pck_ca_ = file->named(issuer);
    return {};
}

// ---- Revocation ----

Result<void> Verification::check_list(const RevocationList& list, const Certificate& issuer) {
    CHATMCP_TRY(const UnixMs until, verify_list(list, issuer, at_));
    narrow(list.this_update, until);
    ends_at(until);
    return {};
}

/// The chain that comes with the list is of the very authority that issued the PCK certificate.
Result<void> Verification::check_list_issuer() {
    if (!collateral_.pck_crl_issuer_chain.has_value()) {
        return {};
    }
    CHATMCP_TRY(const CertificateFile* file, file_of(*collateral_.pck_crl_issuer_chain));
    const Certificate* const issuer = file->named(common_name_of(pck_ca_->subject));
    if (issuer == nullptr || !equal(issuer->public_key, pck_ca_->public_key)) {
        return fail(Errc::wrong_key, "ATT-50");
    }
    return check_chain(*file, *issuer, 2);
}

Result<void> Verification::check_revocation() {
    if (collateral_.root_ca_crl.has_value()) {
        CHATMCP_TRY(const auto list, RevocationList::read(*collateral_.root_ca_crl));
        CHATMCP_TRY_VOID(check_list(list, root_));
        CHATMCP_TRY_VOID(check_not_on(list, pck_ca_->serial));
        root_list_ = list;
    }
    if (collateral_.pck_crl.has_value()) {
        CHATMCP_TRY(const auto list, RevocationList::read(*collateral_.pck_crl));
        CHATMCP_TRY_VOID(check_list_issuer());
        CHATMCP_TRY_VOID(check_list(list, *pck_ca_));
        CHATMCP_TRY_VOID(check_not_on(list, pck_->serial));
        pck_revocation_checked_ = true;
    }
    return {};
}

// ---- Documents ----

Result<SignedJson> Verification::signed_document(ByteView json,
                                                 std::string_view name,
                                                 std::optional<ByteView> issuer_chain) {
    CHATMCP_TRY(const SignedJson document, SignedJson::read(as_text(json), name));
    if (!issuer_chain.has_value()) {
        return fail(Errc::not_found, "ATT-71");
    }
    CHATMCP_TRY(const CertificateFile* file, file_of(*issuer_chain));
    const Certificate* const signer = file->named(kTcbSigning);
    if (signer == nullptr) {
        return fail(Errc::wrong_key, "ATT-65");
    }
    CHATMCP_TRY_VOID(check_chain(*file, *signer, 2));
    CHATMCP_TRY(const auto key, VerificationKey::from_spki(signer->public_key));
    if (!key.verify_fixed(
                SignatureAlgorithm::ecdsa_sha256, as_bytes(document.body), document.signature)
             .has_value()) {
        return fail(Errc::bad_signature, "ATT-64");
    }
    if (root_list_.has_value()) {
        CHATMCP_TRY_VOID(check_not_on(*root_list_, signer->serial));
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
    narrow(validity.issued, validity.next_update);
    ends_at(validity.next_update);
    issued_ = std::min(issued_.value_or(validity.issued), validity.issued);
    return {};
}

Result<void> Verification::read_documents() {
    if (!collateral_.tcb_info.has_value() || !collateral_.qe_identity.has_value()) {
        return {};
    }
    CHATMCP_TRY(
        const SignedJson info,
        signed_document(*collateral_.tcb_info, "tcbInfo", collateral_.tcb_info_issuer_chain));
    CHATMCP_TRY(tcb_info_, TcbInfo::read(info.body));
    CHATMCP_TRY_VOID(check_current(tcb_info_->validity));
    CHATMCP_TRY(
        const SignedJson identity,
        signed_document(
            *collateral_.qe_identity, "enclaveIdentity", collateral_.qe_identity_issuer_chain));
    CHATMCP_TRY(qe_identity_, QeIdentity::read(identity.body));
    return check_current(qe_identity_->validity);
}

Result<DcapPlatform> Verification::run() {
    CHATMCP_TRY_VOID(check_pck_chain());
    CHATMCP_TRY(PckExtensions pck, PckExtensions::read(*pck_));
    CHATMCP_TRY_VOID(check_revocation());
    CHATMCP_TRY_VOID(read_documents());
    CHATMCP_TRY(VerificationKey key, VerificationKey::from_spki(pck_->public_key));
    return DcapPlatform{.pck_key = std::move(key),
                        .pck = std::move(pck),
                        .pck_serial = to_bytes(pck_->serial),
                        .tcb_info = std::move(tcb_info_),
                        .qe_identity = std::move(qe_identity_),
                        .pck_revocation_checked = pck_revocation_checked_,
                        .root_revocation_checked = root_list_.has_value(),
                        .issued = issued_,
                        .next_update = next_update_,
                        .from = from_,
                        .until = until_};
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

std::optional<ByteView> pck_chain_of(const DcapQuote& quote, const DcapCollateral& collateral) {
    return quote.certification_type == DcapQuote::kPckChain
               ? std::optional(quote.certification_data)
               : collateral.pck_chain;
}

Result<DcapPlatform> DcapPlatform::verify(const DcapQuote& quote,
                                          const DcapCollateral& collateral,
                                          const Certificate& root,
                                          UnixMs at) {
    return Verification(quote, collateral, root, at).run();
}

}  // namespace chatmcp::attest
