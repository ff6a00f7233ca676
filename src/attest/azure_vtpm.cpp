#include "attest/azure_vtpm.h"

#include <algorithm>
#include <array>
#include <utility>

#include "attest/json_value.h"
#include "attest/little_endian.h"
#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

using Type = JsonValue::Type;

std::unexpected<Error> no_evidence() {
    return fail(Errc::malformed, "ATT-226");
}
std::unexpected<Error> no_report() {
    return fail(Errc::malformed, "ATT-227");
}
std::unexpected<Error> no_runtime_data() {
    return fail(Errc::malformed, "ATT-229");
}

// ---- Evidence ----

/// An object with these members, of which the last `optional` ones may be missing, and no others.
Result<void> check_members(const JsonValue& json,
                           std::initializer_list<std::string_view> names,
                           std::size_t optional) {
    std::size_t present = 0;
    std::size_t position = 0;
    for (const std::string_view name : names) {
        const bool there = json.find(name) != nullptr;
        const bool needed = position++ < names.size() - optional;
        if (needed && !there) {
            return no_evidence();
        }
        present += there ? 1 : 0;
    }
    return json.type == Type::object && present == json.names.size() ? Result<void>()
                                                                     : no_evidence();
}

/// Base64url; some writers pad it to groups of four.
Result<Bytes> bytes_of_base64url(const JsonValue& json) {
    constexpr std::size_t kGroup = 4;
    constexpr std::size_t kPaddingMax = 2;
    std::string_view text = json.text;
    for (std::size_t i = 0; i < kPaddingMax && json.text.size() % kGroup == 0; ++i) {
        text = text.substr(0, text.ends_with('=') ? text.size() - 1 : text.size());
    }
    auto bytes = from_base64url(text);
    if (json.type != Type::text || !bytes.has_value()) {
        return no_evidence();
    }
    return *std::move(bytes);
}

Result<Bytes> bytes_of_hex(const JsonValue& json) {
    auto bytes = from_hex(json.text);
    if (json.type != Type::text || !bytes.has_value()) {
        return no_evidence();
    }
    return *std::move(bytes);
}

Result<Bytes> bytes_of_numbers(const JsonValue& json) {
    constexpr std::uint64_t kByteMax = 0xff;
    if (json.type != Type::array) {
        return no_evidence();
    }
    Bytes out;
    for (const JsonValue& item : json.items) {
        if (item.type != Type::number || item.number > kByteMax) {
            return no_evidence();
        }
        out.push_back(static_cast<std::uint8_t>(item.number));
    }
    return out;
}

using ReadBytes = Result<Bytes> (*)(const JsonValue&);

/// Message, signature and the values of all registers of the bank of SHA-256, by their place.
Result<void> read_quote(const JsonValue& json, ReadBytes read, AzureEvidence& out) {
    CHATMCP_TRY_VOID(check_members(json, {"message", "signature", "pcrs"}, 0));
    CHATMCP_TRY(out.quote, read(*json.find("message")));
    CHATMCP_TRY(out.quote_signature, read(*json.find("signature")));
    const JsonValue& pcrs = *json.find("pcrs");
    if (pcrs.type != Type::array || pcrs.items.size() > kTpmPcrsMax) {
        return no_evidence();
    }
    auto& bank = out.pcrs[TpmHash::sha256];
    for (std::size_t i = 0; i < pcrs.items.size(); ++i) {
        CHATMCP_TRY(Bytes value, read(pcrs.items[i]));
        if (value.size() != tpm_hash_bytes(TpmHash::sha256)) {
            return no_evidence();
        }
        bank.emplace(static_cast<std::uint8_t>(i), std::move(value));
    }
    return {};
}

/// Versions 1 and 2.
Result<AzureEvidence> read_versioned(const JsonValue& json) {
    constexpr std::uint64_t kVersionMax = 2;
    CHATMCP_TRY_VOID(
        check_members(json, {"version", "tpm_quote", "hcl_report", "vcek", "td_quote"}, 2));
    const JsonValue& version = *json.find("version");
    if (version.type != Type::number || version.number == 0 || version.number > kVersionMax) {
        return no_evidence();
    }
    AzureEvidence out;
    CHATMCP_TRY_VOID(read_quote(*json.find("tpm_quote"), bytes_of_hex, out));
    CHATMCP_TRY(out.hcl_report, bytes_of_base64url(*json.find("hcl_report")));
    if (const JsonValue* const vcek = json.find("vcek"); vcek != nullptr) {
        CHATMCP_TRY(out.vcek, bytes_of_base64url(*vcek));
    }
    if (const JsonValue* const td_quote = json.find("td_quote"); td_quote != nullptr) {
        CHATMCP_TRY(out.td_quote, bytes_of_base64url(*td_quote));
    }
    return out;
}

/// The form before version 1.
Result<AzureEvidence> read_unversioned(const JsonValue& json) {
    CHATMCP_TRY_VOID(check_members(json, {"quote", "report", "vcek", "td_quote"}, 2));
    AzureEvidence out;
    CHATMCP_TRY_VOID(read_quote(*json.find("quote"), bytes_of_numbers, out));
    CHATMCP_TRY(out.hcl_report, bytes_of_numbers(*json.find("report")));
    if (const JsonValue* const vcek = json.find("vcek"); vcek != nullptr) {
        if (vcek->type != Type::text) {
            return no_evidence();
        }
        out.vcek = to_bytes(as_bytes(vcek->text));
    }
    if (const JsonValue* const td_quote = json.find("td_quote"); td_quote != nullptr) {
        CHATMCP_TRY(out.td_quote, bytes_of_numbers(*td_quote));
    }
    return out;
}

// ---- HCL report ----

constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kDataHeaderBytes = 20;
constexpr std::size_t kRuntimeDataAt =
    kHeaderBytes + HclReport::kHardwareReportMaxBytes + kDataHeaderBytes;
static_assert(kRuntimeDataAt == 1236);

bool all_zero(ByteView bytes) {
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

/// Signature, version, size of the report, request type; the rest is reserved.
Result<std::uint32_t> read_header(LittleEndianReader& reader, HclReport& out) {
    constexpr std::uint32_t kVersionMax = 2;
    constexpr std::uint32_t kRequestReport = 2;
    constexpr std::size_t kReservedBytes = 16;
    CHATMCP_TRY(const ByteView signature, reader.bytes(4));
    CHATMCP_TRY(out.version, reader.u32());
    CHATMCP_TRY(const std::uint32_t report_bytes, reader.u32());
    CHATMCP_TRY(const std::uint32_t request, reader.u32());
    CHATMCP_TRY(const ByteView reserved, reader.bytes(kReservedBytes));
    if (as_text(signature) != "HCLA" || out.version == 0 || out.version > kVersionMax ||
        request != kRequestReport || !all_zero(reserved)) {
        return no_report();
    }
    return report_bytes;
}

/// What stands before the runtime data; returns how many bytes those have.
Result<std::uint32_t> read_data_header(LittleEndianReader& reader, HclReport& out) {
    constexpr std::array<TpmHash, 3> kHashes = {TpmHash::sha256, TpmHash::sha384, TpmHash::sha512};
    constexpr std::uint32_t kVersion = 1;
    CHATMCP_TRY(const std::uint32_t data_bytes, reader.u32());
    CHATMCP_TRY(const std::uint32_t version, reader.u32());
    CHATMCP_TRY(const std::uint32_t hardware, reader.u32());
    CHATMCP_TRY(const std::uint32_t hash, reader.u32());
    CHATMCP_TRY(const std::uint32_t runtime_bytes, reader.u32());
    out.hardware = static_cast<HclReport::Hardware>(hardware);
    const bool known =
        out.hardware == HclReport::Hardware::sev_snp || out.hardware == HclReport::Hardware::tdx;
    if (version != kVersion || !known || hash == 0 || hash > kHashes.size()) {
        return fail(Errc::unsupported, "ATT-228");
    }
    out.runtime_hash = kHashes[hash - 1];
    if (runtime_bytes > HclReport::kMaxBytes || data_bytes != runtime_bytes + kDataHeaderBytes) {
        return no_report();
    }
    return runtime_bytes;
}

// ---- Runtime data ----

Result<Bytes> number_of_jwk(const JsonValue& key, std::string_view name) {
    const JsonValue* const value = key.find(name);
    if (value == nullptr || value->type != Type::text) {
        return no_runtime_data();
    }
    auto number = from_base64url(value->text);
    if (!number.has_value() || number->empty()) {
        return no_runtime_data();
    }
    return *std::move(number);
}

/// The one key by the name HCLAkPub. Spec: RFC 7517, RFC 7518 section 6.3.1.
Result<void> read_ak(const JsonValue& json, AzureRuntimeData& out) {
    const JsonValue* const keys = json.find("keys");
    if (keys == nullptr || keys->type != Type::array) {
        return no_runtime_data();
    }
    const JsonValue* ak = nullptr;
    for (const JsonValue& key : keys->items) {
        const JsonValue* const name = key.find("kid");
        if (name == nullptr || name->type != Type::text) {
            return no_runtime_data();
        }
        if (name->text == "HCLAkPub" && std::exchange(ak, &key) != nullptr) {
            return no_runtime_data();
        }
    }
    const JsonValue* const kind = ak == nullptr ? nullptr : ak->find("kty");
    if (kind == nullptr || kind->text != "RSA") {
        return no_runtime_data();
    }
    CHATMCP_TRY(out.ak_modulus, number_of_jwk(*ak, "n"));
    CHATMCP_TRY(out.ak_exponent, number_of_jwk(*ak, "e"));
    return {};
}

Result<std::optional<bool>> optional_boolean(const JsonValue& json, std::string_view name) {
    const JsonValue* const value = json.find(name);
    if (value == nullptr) {
        return std::optional<bool>();
    }
    return value->type == Type::boolean ? Result<std::optional<bool>>(value->boolean)
                                        : no_runtime_data();
}

Result<void> read_configuration(const JsonValue& json, AzureRuntimeData& out) {
    const JsonValue* const configuration = json.find("vm-configuration");
    if (configuration == nullptr || configuration->type != Type::object) {
        return no_runtime_data();
    }
    CHATMCP_TRY(out.secure_boot, optional_boolean(*configuration, "secure-boot"));
    CHATMCP_TRY(out.console_enabled, optional_boolean(*configuration, "console-enabled"));
    CHATMCP_TRY(out.tpm_enabled, optional_boolean(*configuration, "tpm-enabled"));
    CHATMCP_TRY(out.tpm_persisted, optional_boolean(*configuration, "tpm-persisted"));
    if (const JsonValue* const id = configuration->find("vmUniqueId"); id != nullptr) {
        out.vm_unique_id = id->text;
    }
    return {};
}

/// Upper-case hexadecimal.
Result<void> read_user_data(const JsonValue& json, AzureRuntimeData& out) {
    constexpr std::size_t kUserDataBytes = 64;
    const JsonValue* const value = json.find("user-data");
    if (value == nullptr) {
        return {};
    }
    std::string text = value->text;
    for (char& digit : text) {
        if (digit >= 'A' && digit <= 'F') {
            digit = static_cast<char>(digit - 'A' + 'a');
        }
    }
    auto bytes = from_hex(text);
    if (!bytes.has_value() || bytes->size() != kUserDataBytes) {
        return no_runtime_data();
    }
    out.user_data = *std::move(bytes);
    return {};
}

// ---- Verification ----

/// The hash of the runtime data and zeros after it.
ByteArray<64> expected_report_data(const HclReport& report) {
    ByteArray<64> out{};
    const crypto::Digest digest = tpm_digest(report.runtime_hash, {report.runtime_data});
    std::ranges::copy(digest.view(), out.begin());
    return out;
}

Result<void> check_binding(const HclReport& report, const ByteArray<64>& report_data) {
    return report_data == expected_report_data(report) ? Result<void>()
                                                       : fail(Errc::wrong_key, "ATT-230");
}

Result<SnpClaims> verify_snp(const HclReport& report,
                             const AzureEvidence& evidence,
                             const AzureCollateral& collateral,
                             const AzureAnchors& anchors,
                             UnixMs at) {
    if (!evidence.vcek.has_value()) {
        return fail(Errc::not_found, "ATT-232");
    }
    CHATMCP_TRY(const SignedSnpReport signed_report, SignedSnpReport::read(report.hardware_report));
    // The guest runs above the paravisor, at a level of its own: a report of that level says what
    // the guest wanted it to, for example an attestation key that is in no TPM.
    if (signed_report.report.vmpl != 0) {
        return fail(Errc::wrong_purpose, "ATT-231");
    }
    SnpCollateral all = collateral.snp;
    all.certificates.insert(all.certificates.begin(), *evidence.vcek);
    CHATMCP_TRY(SnpClaims claims, verify_sev_snp(signed_report, all, anchors.snp, at));
    CHATMCP_TRY_VOID(check_binding(report, claims.report.report_data));
    return claims;
}

Result<DcapClaims> verify_tdx(const HclReport& report,
                              const AzureEvidence& evidence,
                              const AzureCollateral& collateral,
                              const AzureAnchors& anchors,
                              UnixMs at) {
    if (!evidence.td_quote.has_value() || anchors.intel_sgx == nullptr) {
        return fail(Errc::not_found, "ATT-232");
    }
    CHATMCP_TRY(const DcapQuote quote, DcapQuote::read(*evidence.td_quote));
    const TdReport* const td = quote.td();
    if (td == nullptr) {
        return fail(Errc::wrong_purpose, "ATT-233");
    }
    CHATMCP_TRY(DcapClaims claims, verify_dcap(quote, collateral.dcap, *anchors.intel_sgx, at));
    CHATMCP_TRY_VOID(check_binding(report, td->report_data));
    return claims;
}

}  // namespace

Result<AzureEvidence> AzureEvidence::read(std::string_view json) {
    if (json.size() > kMaxBytes) {
        return fail(Errc::too_large, "ATT-226");
    }
    CHATMCP_TRY(const JsonValue outside, parse_json(json));
    const JsonValue* inside = &outside;
    if (const JsonValue* const evidence = outside.find("evidence"); evidence != nullptr) {
        CHATMCP_TRY_VOID(check_members(outside, {"platform", "evidence"}, 0));
        const std::string& platform = outside.find("platform")->text;
        if (platform != "az-snp" && platform != "az-tdx") {
            return no_evidence();
        }
        inside = evidence;
    }
    return inside->find("version") != nullptr ? read_versioned(*inside) : read_unversioned(*inside);
}

Result<HclReport> HclReport::read(ByteView bytes) {
    if (bytes.size() > kMaxBytes || bytes.size() < kRuntimeDataAt) {
        return no_report();
    }
    HclReport out;
    LittleEndianReader reader(bytes);
    CHATMCP_TRY(const std::uint32_t report_bytes, read_header(reader, out));
    CHATMCP_TRY(out.hardware_report, reader.bytes(kHardwareReportMaxBytes));
    CHATMCP_TRY(const std::uint32_t runtime_bytes, read_data_header(reader, out));
    if (runtime_bytes > reader.rest().size() || report_bytes != kRuntimeDataAt + runtime_bytes) {
        return no_report();
    }
    CHATMCP_TRY(out.runtime_data, reader.bytes(runtime_bytes));
    if (out.hardware == Hardware::tdx) {
        constexpr std::size_t kTdReportBytes = 1024;
        if (!all_zero(out.hardware_report.subspan(kTdReportBytes))) {
            return no_report();
        }
        out.hardware_report = out.hardware_report.first(kTdReportBytes);
    }
    // The report fills storage of a fixed size.
    return all_zero(reader.rest()) ? Result<HclReport>(out) : no_report();
}

Result<AzureRuntimeData> AzureRuntimeData::read(std::string_view json) {
    CHATMCP_TRY(const JsonValue value, parse_json(json));
    if (value.type != Type::object) {
        return no_runtime_data();
    }
    AzureRuntimeData out;
    CHATMCP_TRY_VOID(read_ak(value, out));
    CHATMCP_TRY_VOID(read_configuration(value, out));
    CHATMCP_TRY_VOID(read_user_data(value, out));
    return out;
}

// The hardware's report and the binding come before the runtime data is looked into: until then
// anybody could have written it.
Result<AzureVtpmClaims> verify_azure_vtpm(const AzureEvidence& evidence,
                                          const AzureCollateral& collateral,
                                          const AzureAnchors& anchors,
                                          UnixMs at) {
    CHATMCP_TRY(const HclReport report, HclReport::read(evidence.hcl_report));
    AzureVtpmClaims out;
    out.hcl_version = report.version;
    if (report.hardware == HclReport::Hardware::sev_snp) {
        CHATMCP_TRY(out.hardware, verify_snp(report, evidence, collateral, anchors, at));
    } else {
        CHATMCP_TRY(out.hardware, verify_tdx(report, evidence, collateral, anchors, at));
    }
    CHATMCP_TRY(out.runtime, AzureRuntimeData::read(as_text(report.runtime_data)));
    CHATMCP_TRY(const auto ak,
                crypto::VerificationKey::from_rsa(out.runtime.ak_modulus, out.runtime.ak_exponent));
    CHATMCP_TRY(const TpmQuote quote, TpmQuote::read(evidence.quote));
    CHATMCP_TRY(
        out.tpm,
        verify_tpm_quote_by_key(
            quote, TpmSignature::rsassa_sha256(evidence.quote_signature), ak, evidence.pcrs));
    return out;
}

}  // namespace chatmcp::attest
