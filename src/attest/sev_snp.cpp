#include "attest/sev_snp.h"

#include <algorithm>
#include <array>
#include <utility>

#include "attest/little_endian.h"
#include "attest/object_identifiers.h"
#include "wire/der.h"

namespace chatmcp::attest {
namespace {

using crypto::SignatureAlgorithm;
using crypto::VerificationKey;
using wire::DerReader;

struct NamedLine {
    SnpProductLine line;
    std::string_view name;
    std::string_view ark;
    std::string_view ask;
    std::string_view asvk;
    std::size_t hardware_id_bytes;
};
constexpr std::array<NamedLine, 3> kLines = {{
    {SnpProductLine::milan, "Milan", "ARK-Milan", "SEV-Milan", "SEV-VLEK-Milan", 64},
    {SnpProductLine::genoa, "Genoa", "ARK-Genoa", "SEV-Genoa", "SEV-VLEK-Genoa", 64},
    {SnpProductLine::turin, "Turin", "ARK-Turin", "SEV-Turin", "SEV-VLEK-Turin", 8},
}};

const NamedLine& names_of(SnpProductLine line) {
    return *std::ranges::find(kLines, line, &NamedLine::line);
}

std::string_view leaf_name_of(SnpSigningKey key) {
    return key == SnpSigningKey::vcek ? "SEV-VCEK" : "SEV-VLEK";
}

/// Which byte of a TCB_VERSION is what, by the last number of the extension's identifier
/// (1.3.6.1.4.1.3704.1.3.N): 1 boot loader, 2 TEE, 3 SNP, 8 microcode, 9 FMC, 4 to 7 reserved.
constexpr ByteArray<8> kTcbParts = {1, 2, 4, 5, 6, 7, 3, 8};
constexpr ByteArray<8> kTurinTcbParts = {9, 1, 2, 3, 5, 6, 7, 8};

const ByteArray<8>& tcb_parts_of(SnpProductLine line) {
    return line == SnpProductLine::turin ? kTurinTcbParts : kTcbParts;
}

// ---- Certificate table ----

// Spec: AMD publication 56421; the bytes are in the order of the text.
constexpr ByteArray<16> kVcekGuid = {
    0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
constexpr ByteArray<16> kVlekGuid = {
    0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1};
constexpr ByteArray<16> kAskGuid = {
    0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82};
constexpr ByteArray<16> kArkGuid = {
    0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae};
constexpr ByteArray<16> kCrlGuid = {
    0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67, 0xea};

constexpr std::size_t kTableEntryBytes = 24;
constexpr std::size_t kTableEntriesMax = 16;

bool is_certificate_guid(const ByteArray<16>& guid) {
    return guid == kVcekGuid || guid == kVlekGuid || guid == kAskGuid || guid == kArkGuid;
}

/// What a table holds of these; entries of hosts' own are passed over.
struct TableContent {
    std::vector<ByteView> certificates;
    std::optional<ByteView> crl;
};

/// Entries of GUID, offset and length, ended by one of zeros.
Result<TableContent> read_table(ByteView table) {
    TableContent out;
    LittleEndianReader reader(table);
    for (std::size_t i = 0; i < kTableEntriesMax; ++i) {
        const auto entry = reader.bytes(kTableEntryBytes);
        if (!entry.has_value()) {
            return fail(Errc::malformed, "ATT-107");
        }
        LittleEndianReader fields(*entry);
        CHATMCP_TRY(const auto guid, fields.array<16>());
        CHATMCP_TRY(const std::uint32_t offset, fields.u32());
        CHATMCP_TRY(const std::uint32_t length, fields.u32());
        if (guid == ByteArray<16>{} && offset == 0 && length == 0) {
            return out;
        }
        if (offset > table.size() || length > table.size() - offset || length == 0) {
            return fail(Errc::malformed, "ATT-107");
        }
        const ByteView content = table.subspan(offset, length);
        if (is_certificate_guid(guid)) {
            out.certificates.push_back(content);
        } else if (guid == kCrlGuid) {
            out.crl = content;
        }
    }
    return fail(Errc::malformed, "ATT-107");
}

// ---- Verification ----

/// Everything that one verification works with.
class Verification {
  public:
    Verification(const SignedSnpReport& signed_report,
                 const SnpCollateral& collateral,
                 const SnpAnchors& anchors,
                 UnixMs at)
        : signed_(signed_report), collateral_(collateral), anchors_(anchors), at_(at) {}

    Result<SnpClaims> run();

  private:
    [[nodiscard]] bool has_leaf() const { return !leaf_.der.empty(); }
    Result<void> collect();
    Result<void> add(ByteView file);
    Result<void> add_certificate(ByteView der);
    void add_known_authority();
    Result<void> check_chain();
    Result<void> check_revocation();
    Result<void> check_product() const;
    Result<void> check_chip() const;
    Result<void> check_signature() const;

    const SignedSnpReport& signed_;
    const SnpCollateral& collateral_;
    const SnpAnchors& anchors_;
    const UnixMs at_;
    std::vector<Bytes> from_pem_;            // What certificates_ borrow.
    std::vector<Certificate> certificates_;  // All but the leaf.
    Certificate leaf_;
    std::optional<ByteView> crl_;
    const Certificate* authority_ = nullptr;  // Once the chain holds,
    const Certificate* root_ = nullptr;       // and who issued it.
    SnpClaims claims_;
};

Result<void> Verification::add_certificate(ByteView der) {
    const auto same = [&](const Certificate& each) { return equal(each.der, der); };
    if (std::ranges::any_of(certificates_, same) || (has_leaf() && same(leaf_))) {
        return {};
    }
    if (certificates_.size() == kSnpCertificatesMax) {
        return fail(Errc::too_large, "ATT-116");
    }
    CHATMCP_TRY(Certificate certificate, Certificate::read(der));
    const bool is_leaf =
        common_name_of(certificate.subject) == leaf_name_of(signed_.report.signing_key());
    if (is_leaf && !has_leaf()) {
        leaf_ = std::move(certificate);
    } else {
        certificates_.push_back(std::move(certificate));
    }
    return {};
}

/// One certificate in DER, or some in PEM.
Result<void> Verification::add(ByteView file) {
    constexpr std::uint8_t kSequence = 0x30;
    if (!file.empty() && file.front() == kSequence) {
        return add_certificate(file);
    }
    CHATMCP_TRY(std::vector<Bytes> all, certificates_of_pem(file));
    for (Bytes& each : all) {
        // Moving the vector's elements leaves their bytes where they are.
        from_pem_.push_back(std::move(each));
        CHATMCP_TRY_VOID(add_certificate(from_pem_.back()));
    }
    return {};
}

Result<void> Verification::collect() {
    if (collateral_.certificates.size() > kSnpCertificatesMax) {
        return fail(Errc::too_large, "ATT-116");
    }
    for (const ByteView file : collateral_.certificates) {
        CHATMCP_TRY_VOID(add(file));
    }
    crl_ = collateral_.ark_crl;
    if (collateral_.certificate_table.has_value()) {
        CHATMCP_TRY(const TableContent table, read_table(*collateral_.certificate_table));
        for (const ByteView file : table.certificates) {
            CHATMCP_TRY_VOID(add(file));
        }
        if (!crl_.has_value()) {
            crl_ = table.crl;
        }
    }
    return has_leaf() ? Result<void>() : fail(Errc::not_found, "ATT-108");
}

/// For collateral that leaves ASK or ASVK out.
void Verification::add_known_authority() {
    const auto is_issuer = [&](const Certificate& each) {
        return equal(each.subject, leaf_.issuer);
    };
    if (std::ranges::any_of(certificates_, is_issuer)) {
        return;
    }
    const auto known = std::ranges::find_if(anchors_.authorities, is_issuer);
    if (known != anchors_.authorities.end()) {
        certificates_.push_back(*known);
    }
}

Result<void> Verification::check_chain() {
    add_known_authority();
    CHATMCP_TRY(const auto chain,
                verify_chain(leaf_, certificates_, anchors_.roots, ChainRules{.at = at_}));
    if (chain.size() != 3) {
        return fail(Errc::wrong_key, "ATT-109");
    }
    authority_ = chain[1];
    root_ = chain[2];
    const bool chip = signed_.report.signing_key() == SnpSigningKey::vcek;
    const std::string_view authority = common_name_of(authority_->subject);
    const auto line =
        std::ranges::find(kLines, authority, chip ? &NamedLine::ask : &NamedLine::asvk);
    if (line == kLines.end() || common_name_of(root_->subject) != line->ark) {
        return fail(Errc::wrong_key, "ATT-109");
    }
    claims_.line = line->line;
    claims_.key_ends = leaf_.not_after;
    CHATMCP_TRY(claims_.key,
                SnpKeyExtensions::read(leaf_, signed_.report.signing_key(), claims_.line));
    return {};
}

Result<void> Verification::check_revocation() {
    if (!crl_.has_value()) {
        return {};
    }
    CHATMCP_TRY(const auto list, RevocationList::read(*crl_));
    CHATMCP_TRY_VOID(check_not_revoked(list, *root_, authority_->serial, at_));
    claims_.revocation_checked = true;
    claims_.next_update = list.next_update;
    return {};
}

/// The report, the certificate and its issuer speak of the same kind of processor.
Result<void> Verification::check_product() const {
    const std::string_view name = names_of(claims_.line).name;
    const std::string_view product = claims_.key.product_name;
    const bool same = product == name ||
                      (product.starts_with(name) && product[name.size()] == '-');  // A stepping.
    if (!same) {
        return fail(Errc::wrong_key, "ATT-114");
    }
    if (signed_.report.processor.has_value()) {
        CHATMCP_TRY(const SnpProductLine line, snp_product_line(*signed_.report.processor));
        if (line != claims_.line) {
            return fail(Errc::wrong_key, "ATT-114");
        }
    }
    return {};
}

Result<void> Verification::check_chip() const {
    const SnpReport& report = signed_.report;
    if (report.signing_key() == SnpSigningKey::vcek && !report.chip_id_masked()) {
        // What is shorter than the field is followed by zeros.
        ByteArray<64> expected{};
        std::ranges::copy(claims_.key.hardware_id, expected.begin());
        if (report.chip_id != expected) {
            return fail(Errc::wrong_key, "ATT-113");
        }
    }
    if (report.reported_tcb != claims_.key.tcb) {
        return fail(Errc::wrong_key, "ATT-112");
    }
    return {};
}

Result<void> Verification::check_signature() const {
    CHATMCP_TRY(const auto key, VerificationKey::from_spki(leaf_.public_key));
    if (!key.verify_fixed(SignatureAlgorithm::ecdsa_sha384, signed_.signed_part, signed_.signature)
             .has_value()) {
        return fail(Errc::bad_signature, "ATT-111");
    }
    return {};
}

// Chip and TCB are compared before the signature, so that a report with the certificate of another
// chip is refused as what it is; nothing of the report is handed out before all holds.
Result<SnpClaims> Verification::run() {
    CHATMCP_TRY_VOID(collect());
    CHATMCP_TRY_VOID(check_chain());
    CHATMCP_TRY_VOID(check_revocation());
    CHATMCP_TRY_VOID(check_product());
    CHATMCP_TRY_VOID(check_chip());
    CHATMCP_TRY_VOID(check_signature());
    claims_.report = signed_.report;
    claims_.reported_tcb = SnpTcb::read(claims_.line, signed_.report.reported_tcb);
    claims_.committed_tcb = SnpTcb::read(claims_.line, signed_.report.committed_tcb);
    claims_.current_tcb = SnpTcb::read(claims_.line, signed_.report.current_tcb);
    claims_.launch_tcb = SnpTcb::read(claims_.line, signed_.report.launch_tcb);
    return std::move(claims_);
}

// ---- Extensions ----

/// The value of the extension 1.3.6.1.4.1.3704.1 with these further numbers.
Result<ByteView> value_of(const Certificate& certificate,
                          std::initializer_list<std::uint8_t> below) {
    Bytes id = to_bytes(oid::kAmdKeyExtensions);
    id.insert(id.end(), below);
    const CertificateExtension* const extension = certificate.find(id);
    if (extension == nullptr) {
        return fail(Errc::malformed, "ATT-110");
    }
    return extension->value;
}

Result<std::uint8_t> security_version(const Certificate& certificate, std::uint8_t part) {
    constexpr std::uint8_t kTcb = 3;
    CHATMCP_TRY(const ByteView value, value_of(certificate, {kTcb, part}));
    DerReader reader(value);
    const auto number = reader.small_integer();
    if (!number.has_value() || *number > 0xff || !reader.empty()) {
        return fail(Errc::malformed, "ATT-110");
    }
    return static_cast<std::uint8_t>(*number);
}

Result<std::string> ia5_text(const Certificate& certificate, std::uint8_t number) {
    constexpr wire::DerTag kIa5String{.number = 22};
    constexpr std::size_t kTextMax = 256;
    CHATMCP_TRY(const ByteView value, value_of(certificate, {number}));
    DerReader reader(value);
    const auto content = reader.content(kIa5String);
    const auto is_plain = [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; };
    if (!content.has_value() || !reader.empty() || content->size() > kTextMax ||
        !std::ranges::all_of(*content, is_plain)) {
        return fail(Errc::malformed, "ATT-110");
    }
    return to_text(*content);
}

/// AMD writes the bytes bare, other than its table says, which has an OCTET STRING.
Result<Bytes> hardware_id_of(const Certificate& certificate, std::size_t size_bytes) {
    constexpr std::uint8_t kHardwareId = 4;
    CHATMCP_TRY(ByteView value, value_of(certificate, {kHardwareId}));
    if (value.size() != size_bytes) {
        DerReader reader(value);
        const auto inside = reader.content(wire::kDerOctetString);
        if (!inside.has_value() || !reader.empty() || inside->size() != size_bytes) {
            return fail(Errc::malformed, "ATT-110");
        }
        value = *inside;
    }
    return to_bytes(value);
}

}  // namespace

Result<SnpKeyExtensions> SnpKeyExtensions::read(const Certificate& certificate,
                                                SnpSigningKey key,
                                                SnpProductLine line) {
    constexpr std::uint8_t kProductName = 2;
    constexpr std::uint8_t kProvider = 5;
    SnpKeyExtensions out;
    CHATMCP_TRY(out.product_name, ia5_text(certificate, kProductName));
    const ByteArray<8>& parts = tcb_parts_of(line);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        CHATMCP_TRY(out.tcb[i], security_version(certificate, parts[i]));
    }
    if (key == SnpSigningKey::vcek) {
        CHATMCP_TRY(out.hardware_id, hardware_id_of(certificate, names_of(line).hardware_id_bytes));
    } else {
        CHATMCP_TRY(out.provider, ia5_text(certificate, kProvider));
    }
    return out;
}

SnpTcb SnpTcb::read(SnpProductLine line, const ByteArray<8>& bytes) {
    if (line == SnpProductLine::turin) {
        return {.fmc = bytes[0],
                .boot_loader = bytes[1],
                .tee = bytes[2],
                .snp = bytes[3],
                .microcode = bytes[7]};
    }
    return {.fmc = std::nullopt,
            .boot_loader = bytes[0],
            .tee = bytes[1],
            .snp = bytes[6],
            .microcode = bytes[7]};
}

bool SnpTcb::reaches(const SnpTcb& minimum) const {
    // A part that the minimum names and the platform does not have is not reached.
    const bool fmc_reached = !minimum.fmc.has_value() || (fmc.has_value() && *fmc >= *minimum.fmc);
    return fmc_reached && boot_loader >= minimum.boot_loader && tee >= minimum.tee &&
           snp >= minimum.snp && microcode >= minimum.microcode;
}

Result<SnpProductLine> snp_product_line(const SnpProcessor& processor) {
    constexpr std::uint8_t kZen3And4 = 0x19;
    constexpr std::uint8_t kZen5 = 0x1a;
    if (processor.family == kZen3And4 && processor.model <= 0x0f) {
        return SnpProductLine::milan;
    }
    if (processor.family == kZen3And4 && ((processor.model >= 0x10 && processor.model <= 0x1f) ||
                                          (processor.model >= 0xa0 && processor.model <= 0xaf))) {
        return SnpProductLine::genoa;
    }
    if (processor.family == kZen5 && processor.model <= 0x11) {
        return SnpProductLine::turin;
    }
    return fail(Errc::unsupported, "ATT-115");
}

std::string_view snp_product_line_name(SnpProductLine line) {
    return names_of(line).name;
}

Result<SnpClaims> verify_sev_snp(const SignedSnpReport& report,
                                 const SnpCollateral& collateral,
                                 const SnpAnchors& anchors,
                                 UnixMs at) {
    return Verification(report, collateral, anchors, at).run();
}

}  // namespace chatmcp::attest
