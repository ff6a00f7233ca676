#include "attest/nvidia_gpu.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "attest/object_identifiers.h"
#include "base/encoding.h"
#include "wire/der.h"

namespace chatmcp::attest {
namespace {

using crypto::SignatureAlgorithm;
using crypto::VerificationKey;
using wire::DerReader;
using wire::DerTag;

/// Leaf, device, its batch, its chip and the root.
constexpr std::size_t kChainLength = 5;

struct NamedChip {
    std::string_view start;  // Of the chip's name in certificates.
    std::string_view arch;   // In NVIDIA's file.
    NvidiaDevice device;
};
constexpr std::array<NamedChip, 3> kChips = {{
    {"GH", "HOPPER", NvidiaDevice::gpu},
    {"GB", "BLACKWELL", NvidiaDevice::gpu},
    {"LS_10", "LS10", NvidiaDevice::nvswitch},
}};

// ---- Firmware of the signing key ----

struct Firmware {
    NvidiaDigest fwid{};
    bool debug = false;
};

std::unexpected<Error> no_firmware() {
    return fail(Errc::malformed, "ATT-251");
}

/// FWID ::= SEQUENCE { hashAlg OBJECT IDENTIFIER, digest OCTET STRING }, of SHA-384.
Result<NvidiaDigest> read_fwid(DerReader& reader) {
    CHATMCP_TRY(DerReader inside, reader.sequence());
    CHATMCP_TRY(const ByteView hash, inside.object_identifier());
    CHATMCP_TRY(const ByteView digest, inside.content(wire::kDerOctetString));
    CHATMCP_TRY_VOID(inside.finish());
    if (!equal(hash, oid::kSha384) || digest.size() != kNvidiaDigestBytes) {
        return no_firmware();
    }
    return to_array<kNvidiaDigestBytes>(digest);
}

/// CompositeDeviceID ::= SEQUENCE { version INTEGER, deviceID SubjectPublicKeyInfo, fwid FWID }.
/// Hopper and the switch write it under the identifier of TcbInfo.
Result<Firmware> read_device_id(ByteView value, const Certificate& device) {
    constexpr std::uint64_t kVersion = 1;
    DerReader reader(value);
    CHATMCP_TRY(DerReader inside, reader.sequence());
    CHATMCP_TRY_VOID(reader.finish());
    CHATMCP_TRY(const std::uint64_t version, inside.small_integer());
    CHATMCP_TRY(const wire::DerValue key, inside.value(wire::kDerSequence));
    Firmware out;
    CHATMCP_TRY(out.fwid, read_fwid(inside));
    CHATMCP_TRY_VOID(inside.finish());
    if (version != kVersion) {
        return no_firmware();
    }
    // The device's key made this one for its firmware.
    if (!equal(key.whole, device.public_key)) {
        return fail(Errc::wrong_key, "ATT-252");
    }
    return out;
}

/// Whether `flags` of TcbInfo, a BIT STRING, has its bit 3: debug.
Result<bool> read_debug(ByteView flags) {
    constexpr std::uint8_t kDebug = 0x10;
    return flags.size() < 2 ? Result<bool>(no_firmware()) : Result<bool>((flags[1] & kDebug) != 0);
}

/// DiceTcbInfo ::= SEQUENCE { vendor [0], model [1], version [2], svn [3], layer [4], index [5],
/// fwids [6], flags [7], vendorInfo [8], type [9] }, all OPTIONAL; Blackwell writes it.
Result<Firmware> read_tcb_info(ByteView value) {
    constexpr std::uint32_t kFwids = 6;
    constexpr std::uint32_t kFlags = 7;
    constexpr std::uint32_t kType = 9;
    DerReader reader(value);
    CHATMCP_TRY(DerReader inside, reader.sequence());
    CHATMCP_TRY_VOID(reader.finish());
    for (std::uint32_t number = 0; number < kFwids; ++number) {
        CHATMCP_TRY_VOID(inside.optional(DerTag::context_primitive(number)));
    }
    Firmware out;
    CHATMCP_TRY(DerReader list, inside.nested(DerTag::context(kFwids)));
    CHATMCP_TRY(out.fwid, read_fwid(list));
    while (!list.empty()) {
        CHATMCP_TRY_VOID(read_fwid(list));
    }
    CHATMCP_TRY(const auto flags, inside.optional(DerTag::context_primitive(kFlags)));
    if (flags.has_value()) {
        CHATMCP_TRY(out.debug, read_debug(*flags));
    }
    for (std::uint32_t number = kFlags + 1; number <= kType; ++number) {
        CHATMCP_TRY_VOID(inside.optional(DerTag::context_primitive(number)));
    }
    CHATMCP_TRY_VOID(inside.finish());
    return out;
}

/// What the certificate says in one of the two forms.
Result<Firmware> firmware_of(const Certificate& leaf, const Certificate& device) {
    const CertificateExtension* const device_id = leaf.find(oid::kDiceTcbInfo);
    const CertificateExtension* const tcb_info = leaf.find(oid::kNvidiaDiceTcbInfo);
    if ((device_id == nullptr) == (tcb_info == nullptr)) {
        return no_firmware();
    }
    const auto out = device_id != nullptr ? read_device_id(device_id->value, device)
                                          : read_tcb_info(tcb_info->value);
    // What is no such value in DER is refused as what it is.
    const bool is_own = out.has_value() || out.error().code == Errc::wrong_key;
    return is_own ? out : Result<Firmware>(no_firmware());
}

// ---- Opaque data ----

std::unexpected<Error> bad_field() {
    return fail(Errc::malformed, "ATT-247");
}

/// Printable text, with zeros after it or without.
Result<std::string> text_of(ByteView data) {
    constexpr std::size_t kTextMax = 64;
    std::string_view text = as_text(data);
    while (text.ends_with('\0')) {
        text.remove_suffix(1);
    }
    const auto is_plain = [](char each) { return each > ' ' && each < '\x7f'; };
    if (text.empty() || text.size() > kTextMax || !std::ranges::all_of(text, is_plain)) {
        return bad_field();
    }
    return std::string(text);
}

/// A GPU writes eight bytes: 00 A5 00 96 and 01 00 00 00 are "96.00.A5.00.01".
Result<std::string> vbios_version_of(ByteView data, NvidiaDevice device) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    constexpr std::array<std::size_t, 5> kOrder = {3, 2, 1, 0, 4};
    constexpr std::size_t kSizeBytes = 8;
    if (device == NvidiaDevice::nvswitch) {
        return text_of(data);
    }
    if (data.size() != kSizeBytes) {
        return bad_field();
    }
    std::string out;
    for (const std::size_t at : kOrder) {
        out += out.empty() ? "" : ".";
        out += kDigits[data[at] >> 4];
        out += kDigits[data[at] & 0x0f];
    }
    return out;
}

/// One byte: AA is on, 55 off.
Result<bool> status_of(ByteView data) {
    constexpr std::uint8_t kEnabled = 0xaa;
    constexpr std::uint8_t kDisabled = 0x55;
    if (data.size() != 1 || (data[0] != kEnabled && data[0] != kDisabled)) {
        return bad_field();
    }
    return data[0] == kEnabled;
}

Result<std::vector<NvidiaPdi>> pdis_of(ByteView data) {
    constexpr std::size_t kPdiBytes = std::tuple_size_v<NvidiaPdi>;
    if (data.empty() || data.size() % kPdiBytes != 0) {
        return bad_field();
    }
    std::vector<NvidiaPdi> out;
    for (std::size_t at = 0; at < data.size(); at += kPdiBytes) {
        out.push_back(to_array<kPdiBytes>(data.subspan(at, kPdiBytes)));
    }
    return out;
}

Result<void> read_versions(const NvidiaReport& report, NvidiaGpuClaims& out) {
    if (const auto data = report.find(NvidiaField::driver_version); data.has_value()) {
        CHATMCP_TRY(out.driver_version, text_of(*data));
    }
    if (const auto data = report.find(NvidiaField::vbios_version); data.has_value()) {
        CHATMCP_TRY(out.vbios_version, vbios_version_of(*data, out.device));
    }
    if (const auto data = report.find(NvidiaField::nvdec0_status); data.has_value()) {
        CHATMCP_TRY(out.nvdec0_enabled, status_of(*data));
    }
    if (const auto data = report.find(NvidiaField::protected_pcie_status); data.has_value()) {
        CHATMCP_TRY(out.protected_pcie_enabled, status_of(*data));
    }
    return {};
}

/// Which devices are at which link.
Result<void> read_links(const NvidiaReport& report, NvidiaGpuClaims& out) {
    if (const auto data = report.find(NvidiaField::pdi); data.has_value()) {
        CHATMCP_TRY(std::vector<NvidiaPdi> pdis, pdis_of(*data));
        if (out.device == NvidiaDevice::gpu) {
            out.linked_switch_pdis = std::move(pdis);
        } else if (pdis.size() == 1) {
            out.switch_pdi = pdis.front();
        } else {
            return bad_field();
        }
    }
    const auto gpus = report.find(NvidiaField::switch_gpu_pdis);
    if (gpus.has_value() && out.device == NvidiaDevice::nvswitch) {
        CHATMCP_TRY(out.linked_gpu_pdis, pdis_of(*gpus));
    }
    return {};
}

// ---- Measurements ----

NvidiaComparison compare(const std::map<std::uint8_t, NvidiaDigest>& measurements,
                         const NvidiaReferences& references) {
    NvidiaComparison out;
    for (const auto& [index, allowed] : references.digests) {
        const auto found = measurements.find(index);
        if (found == measurements.end()) {
            out.absent.push_back(index);
        } else if (std::ranges::find(allowed, found->second) != allowed.end()) {
            out.matched.push_back(index);
        } else {
            out.differed.push_back(index);
        }
    }
    for (const auto& [index, digest] : measurements) {
        if (!references.digests.contains(index)) {
            out.unknown.push_back(index);
        }
    }
    return out;
}

// ---- Verification ----

/// Everything that one verification works with.
class Verification {
  public:
    Verification(const NvidiaReport& report,
                 const NvidiaCollateral& collateral,
                 const Certificate& root,
                 UnixMs at)
        : report_(report), collateral_(collateral), root_(root), at_(at) {}

    Result<NvidiaGpuClaims> run(const std::optional<NvidiaReferences>& references);

  private:
    [[nodiscard]] const Certificate& leaf() const { return certificates_.front(); }
    [[nodiscard]] const Certificate& device() const { return certificates_[1]; }
    Result<void> collect();
    Result<void> take_from_file(ByteView file);
    Result<void> check_chain();
    Result<void> check_device();
    Result<void> check_firmware();
    [[nodiscard]] Result<void> check_signature() const;

    const NvidiaReport& report_;
    const NvidiaCollateral& collateral_;
    const Certificate& root_;
    const UnixMs at_;
    Bytes chain_pem_;                        // Of the file, if it is from there.
    std::string arch_;                       // Of the file; empty without one.
    std::vector<Bytes> der_;                 // What certificates_ borrow.
    std::vector<Certificate> certificates_;  // Leaf first.
    NvidiaGpuClaims claims_;
};

/// The file has this very report, asked for with its nonce, and the chain that came beside it.
Result<void> Verification::take_from_file(ByteView file) {
    CHATMCP_TRY(std::vector<NvidiaEvidence> devices, read_nvidia_evidence(file));
    const auto found = std::ranges::find_if(
        devices, [&](const NvidiaEvidence& each) { return equal(each.report, report_.bytes); });
    const bool same = found != devices.end() && found->nonce == report_.nonce &&
                      (!collateral_.certificate_chain.has_value() ||
                       equal(*collateral_.certificate_chain, found->certificate_chain));
    if (!same) {
        return fail(Errc::wrong_key, "ATT-257");
    }
    chain_pem_ = std::move(found->certificate_chain);
    arch_ = std::move(found->arch);
    return {};
}

Result<void> Verification::collect() {
    if (collateral_.evidence_file.has_value()) {
        CHATMCP_TRY_VOID(take_from_file(*collateral_.evidence_file));
    }
    const ByteView pem = collateral_.certificate_chain.value_or(chain_pem_);
    if (pem.empty()) {
        return fail(Errc::not_found, "ATT-259");
    }
    CHATMCP_TRY(der_, certificates_of_pem(pem));
    for (const Bytes& der : der_) {
        CHATMCP_TRY(Certificate certificate, Certificate::read(der));
        certificates_.push_back(std::move(certificate));
    }
    return {};
}

/// The chain is the file's, in its order, to the caller's root; of P-384 throughout.
Result<void> Verification::check_chain() {
    if (certificates_.size() != kChainLength) {
        return fail(Errc::wrong_key, "ATT-248");
    }
    CHATMCP_TRY(const auto chain,
                verify_chain(leaf(),
                             std::span(certificates_).subspan(1),
                             std::span(&root_, 1),
                             ChainRules{.at = at_}));
    if (chain.size() != kChainLength || !equal(certificates_.back().subject, root_.subject)) {
        return fail(Errc::wrong_key, "ATT-248");
    }
    claims_.chain_ends = leaf().not_after;
    for (std::size_t i = 0; i < kChainLength; ++i) {
        // The last is the caller's root; the file's may be another edition of it.
        if (i + 1 < kChainLength && !equal(chain[i]->der, certificates_[i].der)) {
            return fail(Errc::wrong_key, "ATT-248");
        }
        if (chain[i]->algorithm != SignatureAlgorithm::ecdsa_sha384) {
            return fail(Errc::unsupported, "ATT-249");
        }
        claims_.chain_ends = std::min(claims_.chain_ends, chain[i]->not_after);
    }
    if (leaf().is_authority || !leaf().signs_data.value_or(false)) {
        return fail(Errc::wrong_purpose, "ATT-250");
    }
    return {};
}

/// What the certificate's name says: "GH100 A01 GSP FMC LF".
Result<void> Verification::check_device() {
    const std::string_view name = common_name_of(leaf().subject);
    const std::string_view chip = name.substr(0, name.find(' '));
    const auto known = std::ranges::find_if(
        kChips, [&](const NamedChip& each) { return chip.starts_with(each.start); });
    if (known == kChips.end() || !name.ends_with(" FMC LF")) {
        return fail(Errc::unsupported, "ATT-255");
    }
    if (collateral_.evidence_file.has_value() && known->arch != arch_) {
        return fail(Errc::wrong_key, "ATT-257");
    }
    claims_.device = known->device;
    claims_.chip = chip;
    claims_.device_serial = to_bytes(device().serial);
    return {};
}

Result<void> Verification::check_firmware() {
    CHATMCP_TRY(const Firmware firmware, firmware_of(leaf(), device()));
    claims_.fwid = firmware.fwid;
    claims_.debug = firmware.debug;
    const auto fwid = report_.find(NvidiaField::fwid);
    if (!fwid.has_value()) {
        return {};
    }
    if (!equal(*fwid, firmware.fwid)) {
        return fail(Errc::wrong_key, "ATT-253");
    }
    claims_.fwid_in_report = true;
    return {};
}

Result<void> Verification::check_signature() const {
    CHATMCP_TRY(const auto key, VerificationKey::from_spki(leaf().public_key));
    if (!key.verify_fixed(SignatureAlgorithm::ecdsa_sha384, report_.signed_part, report_.signature)
             .has_value()) {
        return fail(Errc::bad_signature, "ATT-254");
    }
    return {};
}

// Firmware is compared before the signature, so that a report with the certificate of another
// device is refused as what it is; nothing of the report is handed out before all holds.
Result<NvidiaGpuClaims> Verification::run(const std::optional<NvidiaReferences>& references) {
    CHATMCP_TRY_VOID(collect());
    CHATMCP_TRY_VOID(check_chain());
    CHATMCP_TRY_VOID(check_device());
    CHATMCP_TRY_VOID(check_firmware());
    CHATMCP_TRY_VOID(check_signature());
    CHATMCP_TRY_VOID(read_versions(report_, claims_));
    CHATMCP_TRY_VOID(read_links(report_, claims_));
    claims_.nonce = report_.nonce;
    claims_.responder_nonce = report_.responder_nonce;
    for (const NvidiaMeasurement& each : report_.measurements) {
        claims_.measurements.emplace(each.index, to_array<kNvidiaDigestBytes>(each.digest));
    }
    if (references.has_value()) {
        claims_.comparison = compare(claims_.measurements, *references);
    }
    return std::move(claims_);
}

}  // namespace

Result<NvidiaGpuClaims> verify_nvidia_gpu(const NvidiaReport& report,
                                          const NvidiaCollateral& collateral,
                                          const Certificate& root,
                                          const std::optional<NvidiaReferences>& references,
                                          UnixMs at) {
    return Verification(report, collateral, root, at).run(references);
}

}  // namespace chatmcp::attest
