#include "attest/bundle.h"

#include <algorithm>
#include <array>
#include <utility>

#include "attest/dcap_quote.h"
#include "attest/sev_snp_report.h"
#include "base/check.h"
#include "base/encoding.h"
#include "wire/cmw.h"

namespace chatmcp::attest {
namespace {

using wire::ConceptualMessage;

bool begins_with(ByteView bytes, ByteView beginning) {
    return bytes.size() >= beginning.size() && equal(bytes.first(beginning.size()), beginning);
}

template <std::size_t N>
bool begins_with(ByteView bytes, const std::uint8_t (&beginning)[N]) {
    return begins_with(bytes, ByteView(beginning, N));
}

/// Version 3 to 5, then the two key types that there are, or zeros.
std::optional<Kind> kind_of_quote(ByteView bytes) {
    constexpr std::uint8_t kAfterVersion[] = {0, 2, 0};
    constexpr std::size_t kTeeType = 4;
    constexpr std::uint8_t kTdx = 0x81;
    if (bytes.size() <= DcapQuote::kHeaderBytes || bytes[0] < 3 || bytes[0] > 5 ||
        !begins_with(bytes.subspan(1), kAfterVersion)) {
        return std::nullopt;
    }
    return bytes[kTeeType] == kTdx ? Kind::tdx : Kind::sgx;
}

bool is_snp_report(ByteView bytes) {
    constexpr std::uint8_t kAfterVersion[] = {0, 0, 0};
    return bytes.size() == SignedSnpReport::kBytes && bytes[0] >= 2 && bytes[0] <= 5 &&
           begins_with(bytes.subspan(1), kAfterVersion);
}

/// COSE_Sign1 with {1: -35} as its protected header, with or without its tag.
bool is_nitro_document(ByteView bytes) {
    constexpr std::uint8_t kTag = 0xd2;
    constexpr std::uint8_t kBeginning[] = {0x84, 0x44, 0xa1, 0x01, 0x38, 0x22, 0xa0};
    constexpr std::uint8_t kModuleId[] = {'m', 'o', 'd', 'u', 'l', 'e', '_', 'i', 'd'};
    constexpr std::size_t kLook = 64;
    if (!bytes.empty() && bytes[0] == kTag) {
        bytes = bytes.subspan(1);
    }
    const ByteView head = bytes.first(std::min(bytes.size(), kLook));
    return begins_with(bytes, kBeginning) && !std::ranges::search(head, kModuleId).empty();
}

bool is_cca_token(ByteView bytes) {
    constexpr std::uint8_t kTag399[] = {0xd9, 0x01, 0x8f};
    constexpr std::uint8_t kTag907[] = {0xd9, 0x03, 0x8b};
    return begins_with(bytes, kTag399) || begins_with(bytes, kTag907);
}

/// COSE_Sign1 or COSE_Mac0 with their tags; without them nobody could tell what it is.
bool is_cose_token(ByteView bytes) {
    constexpr std::uint8_t kSign1[] = {0xd2, 0x84};
    constexpr std::uint8_t kMac0[] = {0xd1, 0x84};
    return begins_with(bytes, kSign1) || begins_with(bytes, kMac0);
}

bool is_certificate_chain(ByteView bytes) {
    return as_text(bytes).starts_with("-----BEGIN CERTIFICATE-----");
}

bool is_tpm_quote(ByteView bytes) {
    constexpr std::uint8_t kGeneratedAndQuote[] = {0xff, 'T', 'C', 'G', 0x80, 0x18};
    return begins_with(bytes, kGeneratedAndQuote);
}

/// The JSON of Azure's attesters: its quote and its report stand under these names.
bool is_azure_evidence(ByteView bytes) {
    constexpr std::size_t kMaxBytes = std::size_t{256} * 1024;
    const std::string_view text = as_text(bytes);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const auto has = [&](std::string_view name) {
        return text.find(name) != std::string_view::npos;
    };
    return bytes.size() <= kMaxBytes && first != std::string_view::npos && text[first] == '{' &&
           (has("\"hcl_report\"") || (has("\"quote\"") && has("\"report\"") && has("\"vcek\"")));
}

/// SPDM 1.1, GET_MEASUREMENTS.
bool is_spdm_request(ByteView bytes) {
    constexpr std::uint8_t kRequest[] = {0x11, 0xe0};
    return begins_with(bytes, kRequest);
}

/// What evidence is called in a folder. Where several are there, the first of this order is it:
/// chains and quotes of TPMs lie beside others' evidence too.
constexpr std::array<std::string_view, 10> kEvidenceNames = {"evidence.cmw",
                                                             "evidence.bin",
                                                             "evidence.json",
                                                             "quote.bin",
                                                             "report.bin",
                                                             "document.cose",
                                                             "token.cbor",
                                                             "quote.msg",
                                                             "chain.pem",
                                                             "ak_cert.pem"};
/// By its name alone a certificate is one of a TPM's key.
constexpr std::string_view kTpmCertificate = "ak_cert.pem";

/// What may lie beside evidence; docs/attestation.md says for each kind what it is.
constexpr std::string_view kNamesBeside[] = {
    // SGX and TDX
    "tcb_info.json",
    "tcb_info_issuer_chain.pem",
    "qe_identity.json",
    "qe_identity_issuer_chain.pem",
    "root_ca_crl.der",
    "pck_crl.der",
    "pck_crl_issuer_chain.pem",
    "pck_chain.pem",
    "ccel_data.bin",
    // Nitro
    "trust_anchor.crt",
    // SEV-SNP
    "vcek.der",
    "vcek.pem",
    "vlek.der",
    "ask.pem",
    "asvk.der",
    "ark.pem",
    "ark_crl.der",
    "certificate_chain.pem",
    "auxblob.bin",
    // TPM
    "quote.sig",
    "pcrs.json",
    "ak_pub.pem",
    "ak_public.tpmt",
    "ak_cert.pem",
    "ak_cert.der",
    "ak_intermediate.pem",
    "ak_root.pem",
    "intermediate.pem",
    "root.pem",
    "eventlog.bin",
    // PSA and CCA
    "iak_pub.pem",
    "iak.jwk.json",
    "hmac.key",
    "cpak_pub.pem",
    "cpak.jwk.json",
    // Android and NVIDIA
    "chain.pem",
    "status.json",
    "reference_measurements.json",
    "evidence.json",
};

bool may_lie_beside(std::string_view name) {
    return std::ranges::find(kNamesBeside, name) != std::end(kNamesBeside);
}

constexpr std::string_view media_type_of_file(std::string_view name) {
    if (name.ends_with(".json")) {
        return "application/json";
    }
    if (name.ends_with(".pem")) {
        return "application/pem-certificate-chain";
    }
    return "application/octet-stream";
}

/// The label of the evidence itself in a collection.
constexpr std::string_view kEvidenceLabel = "evidence";

Result<EvidenceBundle> bundle_of_collection(ByteView bytes) {
    CHATMCP_TRY(auto collection, wire::decode_cmw_collection(bytes));
    EvidenceBundle out;
    bool found = false;
    for (auto& [label, message] : collection.members) {
        if (message.indicator == ConceptualMessage::kEvidence && !found) {
            CHATMCP_TRY(out.kind, kind_of_media_type(message.media_type));
            out.evidence = std::move(message.value);
            found = true;
        } else if (message.indicator == ConceptualMessage::kEndorsements) {
            out.beside.emplace(label, std::move(message.value));
        } else {
            return fail(Errc::wrong_purpose, "ATT-11");
        }
    }
    return found ? Result<EvidenceBundle>(std::move(out)) : fail(Errc::wrong_purpose, "ATT-11");
}

bool is_conceptual_message(ByteView bytes) {
    constexpr std::uint8_t kArrayOfThree = 0x83;
    return wire::is_cmw_collection(bytes) || (!bytes.empty() && bytes[0] == kArrayOfThree);
}

Result<EvidenceBundle> bundle_of_bytes(Bytes content, std::optional<Kind> forced) {
    if (!forced.has_value() && is_conceptual_message(content)) {
        return bundle_of_message(content);
    }
    EvidenceBundle out;
    if (forced.has_value()) {
        out.kind = *forced;
    } else {
        CHATMCP_TRY(out.kind, kind_of_content(content));
    }
    out.evidence = std::move(content);
    return out;
}

}  // namespace

std::optional<ByteView> EvidenceBundle::file(std::string_view name) const {
    const auto found = beside.find(name);
    return found == beside.end() ? std::nullopt : std::optional<ByteView>(found->second);
}

std::string_view evidence_file_name(Kind kind) {
    switch (kind) {
        case Kind::simulated:
            return "evidence.cmw";
        case Kind::sgx:
        case Kind::tdx:
            return "quote.bin";
        case Kind::sev_snp:
            return "report.bin";
        case Kind::nitro:
            return "document.cose";
        case Kind::cca:
        case Kind::psa:
            return "token.cbor";
        case Kind::android_key:
            return "chain.pem";
        case Kind::tpm:
            return "quote.msg";
        case Kind::azure_vtpm:
            return "evidence.json";
        case Kind::nvidia_gpu:
            break;
    }
    return "evidence.bin";
}

Result<Kind> kind_of_content(ByteView bytes) {
    if (const auto quote = kind_of_quote(bytes); quote.has_value()) {
        return *quote;
    }
    struct Recognizer {
        Kind kind;
        bool (*recognizes)(ByteView);
    };
    // A Nitro document is a COSE_Sign1 too, so it is asked for before tokens are.
    constexpr std::array<Recognizer, 8> kRecognizers = {{
        {Kind::sev_snp, is_snp_report},
        {Kind::nitro, is_nitro_document},
        {Kind::cca, is_cca_token},
        {Kind::psa, is_cose_token},
        {Kind::azure_vtpm, is_azure_evidence},
        {Kind::tpm, is_tpm_quote},
        {Kind::nvidia_gpu, is_spdm_request},
        {Kind::android_key, is_certificate_chain},
    }};
    for (const Recognizer& each : kRecognizers) {
        if (each.recognizes(bytes)) {
            return each.kind;
        }
    }
    return fail(Errc::unsupported, "ATT-270");
}

Result<EvidenceBundle> bundle_of_message(ByteView conceptual_message) {
    if (wire::is_cmw_collection(conceptual_message)) {
        return bundle_of_collection(conceptual_message);
    }
    CHATMCP_TRY(ConceptualMessage message, wire::decode_cmw(conceptual_message));
    // Reference values and results of others are no statement of this enclave about itself.
    if (message.indicator != ConceptualMessage::kEvidence) {
        return fail(Errc::wrong_purpose, "ATT-11");
    }
    EvidenceBundle out;
    CHATMCP_TRY(out.kind, kind_of_media_type(message.media_type));
    out.evidence = std::move(message.value);
    return out;
}

Bytes message_of_bundle(const EvidenceBundle& bundle) {
    const ConceptualMessage evidence{.media_type = std::string(media_type_of(bundle.kind)),
                                     .value = bundle.evidence,
                                     .indicator = ConceptualMessage::kEvidence};
    if (bundle.beside.empty()) {
        return wire::encode_cmw(evidence);
    }
    wire::ConceptualCollection collection;
    collection.members.emplace(kEvidenceLabel, evidence);
    for (const auto& [name, content] : bundle.beside) {
        collection.members.emplace(
            name,
            ConceptualMessage{.media_type = std::string(media_type_of_file(name)),
                              .value = content,
                              .indicator = ConceptualMessage::kEndorsements});
    }
    return wire::encode_cmw_collection(collection);
}

Result<EvidenceBundle> bundle_of_files(NamedFiles files, std::optional<Kind> forced) {
    const auto too_long = [](const auto& each) { return each.second.size() > kBundleFileMaxBytes; };
    if (files.size() > kBundleFilesMax || std::ranges::any_of(files, too_long)) {
        return fail(Errc::too_large, "ATT-272");
    }
    for (const std::string_view name : kEvidenceNames) {
        const auto found = files.find(name);
        if (found == files.end()) {
            continue;
        }
        Bytes evidence = std::move(found->second);
        files.erase(found);
        if (name == kTpmCertificate && !forced.has_value()) {
            forced = Kind::tpm;
        }
        CHATMCP_TRY(EvidenceBundle out, bundle_of_bytes(std::move(evidence), forced));
        std::erase_if(files, [](const auto& each) { return !may_lie_beside(each.first); });
        out.beside.merge(std::move(files));
        return out;
    }
    return fail(Errc::not_found, "ATT-271");
}

Result<EvidenceBundle> bundle_of_file(Bytes content, std::optional<Kind> forced) {
    if (content.size() > kBundleFileMaxBytes) {
        return fail(Errc::too_large, "ATT-272");
    }
    return bundle_of_bytes(std::move(content), forced);
}

}  // namespace chatmcp::attest
