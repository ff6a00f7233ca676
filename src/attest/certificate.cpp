#include "attest/certificate.h"

#include <algorithm>
#include <array>

#include "attest/object_identifiers.h"
#include "base/encoding.h"
#include "wire/der.h"

namespace chatmcp::attest {
namespace {

using crypto::SignatureAlgorithm;
using wire::DerReader;
using wire::DerTag;

struct NamedHash {
    ByteView id;
    SignatureAlgorithm pss;
    std::uint64_t size_bytes;
};
constexpr std::array<NamedHash, 3> kPssHashes = {{
    {oid::kSha256, SignatureAlgorithm::rsa_pss_sha256, 32},
    {oid::kSha384, SignatureAlgorithm::rsa_pss_sha384, 48},
    {oid::kSha512, SignatureAlgorithm::rsa_pss_sha512, 64},
}};

struct NamedAlgorithm {
    ByteView id;
    SignatureAlgorithm algorithm;
    bool null_parameters;
};
constexpr std::array<NamedAlgorithm, 6> kAlgorithms = {{
    {oid::kEcdsaWithSha256, SignatureAlgorithm::ecdsa_sha256, false},
    {oid::kEcdsaWithSha384, SignatureAlgorithm::ecdsa_sha384, false},
    {oid::kEcdsaWithSha512, SignatureAlgorithm::ecdsa_sha512, false},
    {oid::kSha256WithRsa, SignatureAlgorithm::rsa_pkcs1_sha256, true},
    {oid::kSha384WithRsa, SignatureAlgorithm::rsa_pkcs1_sha384, true},
    {oid::kSha512WithRsa, SignatureAlgorithm::rsa_pkcs1_sha512, true},
}};

/// A hash's AlgorithmIdentifier, with NULL or without parameters (RFC 4055 section 2.1).
Result<ByteView> hash_identifier(DerReader& reader) {
    CHATMCP_TRY(DerReader inside, reader.sequence());
    CHATMCP_TRY(const ByteView id, inside.object_identifier());
    CHATMCP_TRY([[maybe_unused]] const auto null, inside.optional(wire::kDerNull));
    CHATMCP_TRY_VOID(inside.finish());
    return id;
}

/// RSASSA-PSS-params (RFC 4055 section 3.1): one hash for both, its own length as salt.
Result<SignatureAlgorithm> pss_algorithm(DerReader parameters) {
    CHATMCP_TRY(DerReader inside, parameters.sequence());
    CHATMCP_TRY(DerReader hash, inside.nested(DerTag::context(0)));
    CHATMCP_TRY(const ByteView hash_id, hash_identifier(hash));
    CHATMCP_TRY(DerReader mask, inside.nested(DerTag::context(1)));
    CHATMCP_TRY(DerReader mask_inside, mask.sequence());
    CHATMCP_TRY(const ByteView mask_id, mask_inside.object_identifier());
    CHATMCP_TRY(const ByteView mask_hash_id, hash_identifier(mask_inside));
    CHATMCP_TRY(DerReader salt, inside.nested(DerTag::context(2)));
    CHATMCP_TRY(const std::uint64_t salt_bytes, salt.small_integer());
    CHATMCP_TRY(const auto trailer, inside.optional(DerTag::context(3)));
    const auto known = std::ranges::find_if(
        kPssHashes, [&](const NamedHash& each) { return equal(each.id, hash_id); });
    if (known == kPssHashes.end() || !equal(mask_id, oid::kMgf1) || !equal(mask_hash_id, hash_id) ||
        salt_bytes != known->size_bytes ||
        (trailer.has_value() && !equal(*trailer, oid::kIntegerOne)) || !hash.empty() ||
        !mask.empty() || !mask_inside.empty() || !salt.empty() || !inside.empty()) {
        return fail(Errc::unsupported, "ATT-42");
    }
    return known->pss;
}

Result<SignatureAlgorithm> read_algorithm(ByteView identifier) {
    DerReader reader(identifier);
    CHATMCP_TRY(DerReader inside, reader.sequence());
    CHATMCP_TRY(const ByteView id, inside.object_identifier());
    if (equal(id, oid::kRsaPss)) {
        return pss_algorithm(inside);
    }
    const auto known = std::ranges::find_if(
        kAlgorithms, [&](const NamedAlgorithm& each) { return equal(each.id, id); });
    if (known == kAlgorithms.end()) {
        return fail(Errc::unsupported, "ATT-42");
    }
    if (known->null_parameters) {
        CHATMCP_TRY_VOID(inside.content(wire::kDerNull));
    }
    CHATMCP_TRY_VOID(inside.finish());
    return known->algorithm;
}

/// What certificates and lists have in common: `{ content, algorithm, signature }`.
struct SignedDer {
    ByteView to_be_signed;
    ByteView algorithm_identifier;
    SignatureAlgorithm algorithm{};
    ByteView signature;
};
Result<SignedDer> read_signed(ByteView der) {
    DerReader reader(der);
    CHATMCP_TRY(DerReader inside, reader.sequence());
    CHATMCP_TRY_VOID(reader.finish());
    SignedDer out;
    CHATMCP_TRY(const wire::DerValue content, inside.value(wire::kDerSequence));
    out.to_be_signed = content.whole;
    CHATMCP_TRY(const wire::DerValue identifier, inside.value(wire::kDerSequence));
    out.algorithm_identifier = identifier.whole;
    CHATMCP_TRY(out.algorithm, read_algorithm(identifier.whole));
    CHATMCP_TRY(out.signature, inside.bit_string_of_bytes());
    CHATMCP_TRY_VOID(inside.finish());
    return out;
}

/// The algorithm inside of what is signed is the one beside it.
Result<void> check_algorithm_inside(DerReader& reader, const SignedDer& signed_der) {
    CHATMCP_TRY(const wire::DerValue inside, reader.value(wire::kDerSequence));
    if (!equal(inside.whole, signed_der.algorithm_identifier)) {
        return fail(Errc::malformed, "ATT-43");
    }
    return {};
}

Result<ByteView> read_serial(DerReader& reader) {
    CHATMCP_TRY(const ByteView serial, reader.unsigned_integer());
    if (serial.size() > kSerialMaxBytes) {
        return fail(Errc::too_large, "ATT-40");
    }
    return serial;
}

Result<void> read_basic_constraints(Certificate& out, ByteView value) {
    DerReader reader(value);
    CHATMCP_TRY(DerReader inside, reader.sequence());
    CHATMCP_TRY_VOID(reader.finish());
    if (inside.empty()) {
        return {};
    }
    CHATMCP_TRY(out.is_authority, inside.boolean());
    if (!inside.empty()) {
        CHATMCP_TRY(out.path_length, inside.small_integer());
    }
    return inside.finish();
}

Result<void> read_key_usage(Certificate& out, ByteView value) {
    constexpr std::uint8_t kKeyCertSign = 0x04;  // Bit 5 of the first byte, from the left.
    constexpr std::uint8_t kCrlSign = 0x02;
    constexpr std::uint8_t kDigitalSignature = 0x80;
    DerReader reader(value);
    CHATMCP_TRY(const ByteView bits, reader.content(wire::kDerBitString));
    CHATMCP_TRY_VOID(reader.finish());
    const std::uint8_t first = bits.size() < 2 ? 0 : bits[1];
    out.signs_certificates = (first & kKeyCertSign) != 0;
    out.signs_lists = (first & kCrlSign) != 0;
    out.signs_data = (first & kDigitalSignature) != 0;
    return {};
}

Result<CertificateExtension> read_extension(DerReader& list) {
    CHATMCP_TRY(DerReader entry, list.sequence());
    CertificateExtension extension;
    CHATMCP_TRY(extension.id, entry.object_identifier());
    DerReader ahead = entry;
    if (ahead.content(wire::kDerBoolean).has_value()) {
        CHATMCP_TRY(extension.critical, entry.boolean());
    }
    CHATMCP_TRY(extension.value, entry.content(wire::kDerOctetString));
    CHATMCP_TRY_VOID(entry.finish());
    return extension;
}

Result<void> read_extensions(Certificate& out, DerReader list) {
    while (!list.empty()) {
        if (out.extensions.size() == kExtensionsMax) {
            return fail(Errc::too_large, "ATT-40");
        }
        CHATMCP_TRY(const CertificateExtension extension, read_extension(list));
        if (out.find(extension.id) != nullptr) {
            return fail(Errc::invalid_argument, "ATT-44");
        }
        if (equal(extension.id, oid::kBasicConstraints)) {
            CHATMCP_TRY_VOID(read_basic_constraints(out, extension.value));
        }
        if (equal(extension.id, oid::kKeyUsage)) {
            CHATMCP_TRY_VOID(read_key_usage(out, extension.value));
        }
        out.extensions.push_back(extension);
    }
    return {};
}

}  // namespace

Result<Certificate> Certificate::read(ByteView der) {
    if (der.size() > kCertificateMaxBytes) {
        return fail(Errc::too_large, "ATT-40");
    }
    CHATMCP_TRY(const SignedDer parts, read_signed(der));
    Certificate out;
    out.der = der;
    out.to_be_signed = parts.to_be_signed;
    out.algorithm = parts.algorithm;
    out.signature = parts.signature;
    DerReader outside(parts.to_be_signed);
    CHATMCP_TRY(DerReader inside, outside.sequence());
    CHATMCP_TRY(const auto version, inside.optional(DerTag::context(0)));
    if (!version.has_value() || !equal(*version, oid::kIntegerTwo)) {
        return fail(Errc::unsupported, "ATT-41");
    }
    CHATMCP_TRY(out.serial, read_serial(inside));
    CHATMCP_TRY_VOID(check_algorithm_inside(inside, parts));
    CHATMCP_TRY(const wire::DerValue issuer, inside.value(wire::kDerSequence));
    out.issuer = issuer.whole;
    CHATMCP_TRY(DerReader validity, inside.sequence());
    CHATMCP_TRY(out.not_before, validity.time());
    CHATMCP_TRY(out.not_after, validity.time());
    CHATMCP_TRY_VOID(validity.finish());
    CHATMCP_TRY(const wire::DerValue subject, inside.value(wire::kDerSequence));
    out.subject = subject.whole;
    CHATMCP_TRY(const wire::DerValue key, inside.value(wire::kDerSequence));
    out.public_key = key.whole;
    CHATMCP_TRY(const auto extensions, inside.optional(DerTag::context(3)));
    CHATMCP_TRY_VOID(inside.finish());
    if (extensions.has_value()) {
        DerReader list(*extensions);
        CHATMCP_TRY(const DerReader entries, list.sequence());
        CHATMCP_TRY_VOID(list.finish());
        CHATMCP_TRY_VOID(read_extensions(out, entries));
    }
    return out;
}

const CertificateExtension* Certificate::find(ByteView id) const {
    const auto found = std::ranges::find_if(
        extensions, [&](const CertificateExtension& each) { return equal(each.id, id); });
    return found == extensions.end() ? nullptr : &*found;
}

std::string_view common_name_of(ByteView name) {
    DerReader whole(name);
    auto parts = whole.sequence();
    std::string_view found;
    while (parts.has_value() && !parts->empty()) {
        auto set = parts->nested(wire::kDerSet);
        auto entry = set.has_value() ? set->sequence() : Result<DerReader>(fail(set.error()));
        if (!entry.has_value()) {
            return {};
        }
        const auto id = entry->object_identifier();
        const auto value = entry->any();
        if (!id.has_value() || !value.has_value()) {
            return {};
        }
        if (equal(*id, oid::kCommonName)) {
            found = as_text(value->content);
        }
    }
    return found;
}

// ---- Chains ----

bool SignatureMemory::has(const Certificate& certificate, ByteView public_key) const {
    return std::ranges::any_of(held_, [&](const Held& each) {
        return equal(each.der, certificate.der) && equal(each.public_key, public_key);
    });
}

namespace {

Result<void> check_itself(const Certificate& certificate, const ChainRules& rules) {
    if (rules.check_dates && rules.at < certificate.not_before) {
        return fail(Errc::not_yet_valid, "ATT-47");
    }
    if (rules.check_dates && rules.at > certificate.not_after) {
        return fail(Errc::expired, "ATT-47");
    }
    for (const CertificateExtension& extension : certificate.extensions) {
        const bool known =
            equal(extension.id, oid::kBasicConstraints) || equal(extension.id, oid::kKeyUsage) ||
            std::ranges::any_of(rules.known_extensions,
                                [&](ByteView id) { return equal(id, extension.id); });
        if (extension.critical && !known) {
            return fail(Errc::unsupported, "ATT-49");
        }
    }
    return {};
}

/// `below`: authorities between the issuer and the leaf.
Result<void> check_issuer(const Certificate& issuer, std::size_t below) {
    if (!issuer.is_authority || !issuer.signs_certificates.value_or(true) ||
        issuer.path_length.value_or(kChainMax) < below) {
        return fail(Errc::invalid_argument, "ATT-48");
    }
    return {};
}

bool is_self_issued(const Certificate& certificate) {
    return equal(certificate.subject, certificate.issuer);
}

/// `memory`: may be null.
Result<bool> is_signed_by(const Certificate& certificate,
                          const Certificate& signer,
                          SignatureMemory* memory) {
    if (memory != nullptr && memory->has(certificate, signer.public_key)) {
        return true;
    }
    CHATMCP_TRY(const auto key, crypto::VerificationKey::from_spki(signer.public_key));
    const bool holds =
        key.verify(certificate.algorithm, certificate.to_be_signed, certificate.signature)
            .has_value();
    if (holds && memory != nullptr) {
        memory->add(certificate, signer.public_key);
    }
    return holds;
}

/// Roots that come along are an anchor, byte for byte or in another edition: the same name and key,
/// signed by it.
Result<bool> is_anchor(const Certificate& certificate, std::span<const Certificate> anchors) {
    for (const Certificate& anchor : anchors) {
        if (!is_self_issued(certificate) || !equal(certificate.subject, anchor.subject)) {
            continue;
        }
        if (equal(certificate.der, anchor.der)) {
            return true;
        }
        CHATMCP_TRY(const bool holds, is_signed_by(certificate, anchor, nullptr));
        if (!holds || !equal(certificate.public_key, anchor.public_key)) {
            return fail(Errc::untrusted_identity, "ATT-45");
        }
        return true;
    }
    return false;
}

/// Who signed `certificate` among these; null if none did. `named`: somebody has the right name.
Result<const Certificate*> signer_of(const Certificate& certificate,
                                     std::span<const Certificate> among,
                                     SignatureMemory* memory,
                                     bool& named) {
    for (const Certificate& candidate : among) {
        if (!equal(candidate.subject, certificate.issuer) ||
            equal(candidate.der, certificate.der)) {
            continue;
        }
        named = true;
        CHATMCP_TRY(const bool holds, is_signed_by(certificate, candidate, memory));
        if (holds) {
            return &candidate;
        }
    }
    return nullptr;
}

Result<void> check_all_used(const std::vector<const Certificate*>& chain,
                            std::span<const Certificate> pool,
                            std::span<const Certificate> anchors) {
    for (const Certificate& certificate : pool) {
        const bool used = std::ranges::any_of(
            chain, [&](const Certificate* each) { return equal(each->der, certificate.der); });
        CHATMCP_TRY(const bool anchor, is_anchor(certificate, anchors));
        if (!used && !anchor) {
            return fail(Errc::invalid_argument, "ATT-55");
        }
    }
    return {};
}

}  // namespace

Result<std::vector<const Certificate*>> verify_chain(const Certificate& leaf,
                                                     std::span<const Certificate> pool,
                                                     std::span<const Certificate> anchors,
                                                     const ChainRules& rules) {
    CHATMCP_TRY_VOID(check_itself(leaf, rules));
    std::vector<const Certificate*> chain{&leaf};
    while (chain.size() < kChainMax) {
        bool named = false;
        CHATMCP_TRY(const Certificate* anchor,
                    signer_of(*chain.back(), anchors, rules.signatures, named));
        const Certificate* issuer = anchor;
        if (issuer == nullptr) {
            CHATMCP_TRY(issuer, signer_of(*chain.back(), pool, rules.signatures, named));
        }
        if (issuer == nullptr) {
            return named ? fail(Errc::bad_signature, "ATT-46")
                         : fail(Errc::untrusted_identity, "ATT-45");
        }
        CHATMCP_TRY_VOID(check_itself(*issuer, rules));
        CHATMCP_TRY_VOID(check_issuer(*issuer, chain.size() - 1));
        chain.push_back(issuer);
        if (anchor != nullptr) {
            CHATMCP_TRY_VOID(check_all_used(chain, pool, anchors));
            return chain;
        }
    }
    return fail(Errc::untrusted_identity, "ATT-45");
}

// ---- Revocation lists ----

namespace {

/// A list that is only a part, or speaks for others (RFC 5280 section 5.2), says so in an extension
/// that is critical.
Result<void> check_list_extensions(DerReader list) {
    while (!list.empty()) {
        CHATMCP_TRY(const CertificateExtension extension, read_extension(list));
        if (extension.critical) {
            return fail(Errc::unsupported, "ATT-49");
        }
    }
    return {};
}

}  // namespace

Result<RevocationList> RevocationList::read(ByteView der) {
    constexpr std::uint64_t kVersion2 = 1;
    CHATMCP_TRY(const SignedDer parts, read_signed(der));
    RevocationList out;
    out.to_be_signed = parts.to_be_signed;
    out.algorithm = parts.algorithm;
    out.signature = parts.signature;
    DerReader outside(parts.to_be_signed);
    CHATMCP_TRY(DerReader inside, outside.sequence());
    CHATMCP_TRY(const std::uint64_t version, inside.small_integer());
    if (version != kVersion2) {
        return fail(Errc::unsupported, "ATT-41");
    }
    CHATMCP_TRY_VOID(check_algorithm_inside(inside, parts));
    CHATMCP_TRY(const wire::DerValue issuer, inside.value(wire::kDerSequence));
    out.issuer = issuer.whole;
    CHATMCP_TRY(out.this_update, inside.time());
    DerReader ahead = inside;
    if (const auto next = ahead.time(); next.has_value()) {
        out.next_update = *next;
        inside = ahead;
    }
    CHATMCP_TRY(const auto revoked, inside.optional(wire::kDerSequence));
    DerReader entries(revoked.value_or(ByteView()));
    while (!entries.empty()) {
        if (out.serials.size() == kRevokedMax) {
            return fail(Errc::too_large, "ATT-40");
        }
        CHATMCP_TRY(DerReader entry, entries.sequence());
        CHATMCP_TRY(const ByteView serial, read_serial(entry));
        CHATMCP_TRY_VOID(entry.time());
        if (!entry.empty()) {
            CHATMCP_TRY(const DerReader extensions, entry.sequence());
            CHATMCP_TRY_VOID(check_list_extensions(extensions));
            CHATMCP_TRY_VOID(entry.finish());
        }
        out.serials.push_back(serial);
    }
    CHATMCP_TRY(const auto extensions, inside.optional(DerTag::context(0)));
    if (extensions.has_value()) {
        DerReader list(*extensions);
        CHATMCP_TRY(const DerReader of_list, list.sequence());
        CHATMCP_TRY_VOID(list.finish());
        CHATMCP_TRY_VOID(check_list_extensions(of_list));
    }
    CHATMCP_TRY_VOID(inside.finish());
    return out;
}

Result<UnixMs> verify_list(const RevocationList& list, const Certificate& issuer, UnixMs at) {
    if (!equal(list.issuer, issuer.subject) || !issuer.signs_lists.value_or(true)) {
        return fail(Errc::wrong_key, "ATT-50");
    }
    CHATMCP_TRY(const auto key, crypto::VerificationKey::from_spki(issuer.public_key));
    if (!key.verify(list.algorithm, list.to_be_signed, list.signature).has_value()) {
        return fail(Errc::bad_signature, "ATT-51");
    }
    if (at < list.this_update) {
        return fail(Errc::not_yet_valid, "ATT-52");
    }
    if (!list.next_update.has_value() || at > *list.next_update) {
        return fail(Errc::expired, "ATT-52");
    }
    return *list.next_update;
}

Result<void> check_not_on(const RevocationList& list, ByteView serial) {
    if (std::ranges::any_of(list.serials, [&](ByteView each) { return equal(each, serial); })) {
        return fail(Errc::untrusted_identity, "ATT-53");
    }
    return {};
}

Result<UnixMs> check_not_revoked(const RevocationList& list,
                                 const Certificate& issuer,
                                 ByteView serial,
                                 UnixMs at) {
    CHATMCP_TRY(const UnixMs until, verify_list(list, issuer, at));
    CHATMCP_TRY_VOID(check_not_on(list, serial));
    return until;
}

// ---- PEM ----

namespace {

/// Reads lines, each ended by a line feed, before which one carriage return may stand.
class Lines {
  public:
    explicit Lines(std::string_view text) : text_(text) {}
    [[nodiscard]] std::optional<std::string_view> next() {
        if (text_.empty()) {
            return std::nullopt;
        }
        const std::size_t end = text_.find('\n');
        std::string_view line = text_.substr(0, end);
        text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        return line;
    }

  private:
    std::string_view text_;
};

/// The base64 lines up to the last line of a block.
Result<Bytes> block_body(Lines& lines, std::string_view last_line) {
    constexpr std::size_t kLineMax = 76;
    constexpr std::size_t kTextMax = kCertificateMaxBytes / 3 * 4 + 4;
    std::string text;
    std::size_t width = 0;
    bool short_line = false;
    for (auto line = lines.next(); line.has_value(); line = lines.next()) {
        if (*line == last_line) {
            return from_base64(text);
        }
        width = text.empty() ? line->size() : width;
        if (short_line || line->empty() || width > kLineMax || line->size() > width ||
            text.size() > kTextMax) {
            break;
        }
        short_line = line->size() < width;
        text += *line;
    }
    return fail(Errc::malformed, "ATT-54");
}

}  // namespace

Result<std::vector<Bytes>> certificates_of_pem(ByteView text) {
    return blocks_of_pem(text, "CERTIFICATE");
}

Result<std::vector<Bytes>> blocks_of_pem(ByteView text, std::string_view label) {
    const std::string name(label);
    const std::string first_line = "-----BEGIN " + name + "-----";
    const std::string last_line = "-----END " + name + "-----";
    std::string_view all = as_text(text);
    while (all.ends_with('\0')) {
        all.remove_suffix(1);
    }
    Lines lines(all);
    std::vector<Bytes> out;
    for (auto line = lines.next(); line.has_value(); line = lines.next()) {
        if (line->empty() || line->starts_with('#')) {
            continue;
        }
        if (*line != first_line) {
            return fail(Errc::malformed, "ATT-54");
        }
        if (out.size() == kChainMax) {
            return fail(Errc::too_large, "ATT-40");
        }
        const auto body = block_body(lines, last_line);
        if (!body.has_value()) {
            return fail(Errc::malformed, "ATT-54");
        }
        out.push_back(*body);
    }
    return out;
}

}  // namespace chatmcp::attest
