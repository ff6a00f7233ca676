#include "attest/tpm_structures.h"

#include <algorithm>
#include <array>
#include <optional>

#include "attest/json_value.h"
#include "base/encoding.h"
#include "wire/tls.h"

namespace chatmcp::attest {
namespace {

using crypto::SignatureAlgorithm;
using crypto::VerificationKey;
using wire::Reader;

// Spec: TPM 2.0 Library part 2, TPM_ALG_ID.
constexpr std::uint16_t kRsa = 0x0001;
constexpr std::uint16_t kNull = 0x0010;
constexpr std::uint16_t kRsassa = 0x0014;
constexpr std::uint16_t kRsapss = 0x0016;
constexpr std::uint16_t kEcdsa = 0x0018;
constexpr std::uint16_t kEcc = 0x0023;

struct NamedHash {
    TpmHash hash;
    std::string_view name;
    std::size_t size_bytes;
};
constexpr std::array<NamedHash, 4> kHashes = {{
    {TpmHash::sha1, "sha1", crypto::kSha1Bytes},
    {TpmHash::sha256, "sha256", crypto::kSha256Bytes},
    {TpmHash::sha384, "sha384", crypto::kSha384Bytes},
    {TpmHash::sha512, "sha512", crypto::kSha512Bytes},
}};

const NamedHash& named(TpmHash hash) {
    return *std::ranges::find(kHashes, hash, &NamedHash::hash);
}

std::unexpected<Error> out_of_range() {
    return fail(Errc::malformed, "ATT-211");
}

Result<void> check_size(ByteView bytes) {
    return bytes.size() <= kTpmStructureMaxBytes ? Result<void>()
                                                 : fail(Errc::too_large, "ATT-210");
}

Result<void> check_end(const Reader& reader) {
    return reader.empty() ? Result<void>() : out_of_range();
}

/// TPM2B: bytes after their length.
Result<ByteView> read_sized(Reader& reader, std::size_t max_bytes) {
    CHATMCP_TRY(const std::uint16_t size, reader.u16());
    if (size > max_bytes) {
        return out_of_range();
    }
    return reader.fixed(size);
}

Result<TpmHash> read_hash(Reader& reader) {
    CHATMCP_TRY(const std::uint16_t number, reader.u16());
    return tpm_hash_of(number);
}

// ---- Quote ----

/// TPMS_PCR_SELECTION: bit i of byte j is register 8 * j + i.
Result<TpmPcrSelection> read_selection(Reader& reader) {
    constexpr std::size_t kBits = 8;
    TpmPcrSelection out;
    CHATMCP_TRY(out.bank, read_hash(reader));
    CHATMCP_TRY(const std::uint8_t size, reader.u8());
    if (size > kTpmPcrsMax / kBits) {
        return fail(Errc::invalid_argument, "ATT-215");
    }
    CHATMCP_TRY(const ByteView bitmap, reader.fixed(size));
    for (std::size_t i = 0; i < kBits * bitmap.size(); ++i) {
        if (((bitmap[i / kBits] >> (i % kBits)) & 1) != 0) {
            out.registers.push_back(static_cast<std::uint8_t>(i));
        }
    }
    return out;
}

Result<void> read_selections(Reader& reader, TpmQuote& out) {
    CHATMCP_TRY(const std::uint32_t count, reader.u32());
    if (count > kTpmBanksMax) {
        return fail(Errc::invalid_argument, "ATT-215");
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        CHATMCP_TRY(TpmPcrSelection selection, read_selection(reader));
        if (std::ranges::find(out.selections, selection.bank, &TpmPcrSelection::bank) !=
            out.selections.end()) {
            return fail(Errc::invalid_argument, "ATT-215");
        }
        out.selections.push_back(std::move(selection));
    }
    return {};
}

/// What all of TPMS_ATTEST begin with.
Result<void> read_attest_head(Reader& reader, TpmQuote& out) {
    constexpr std::uint32_t kGeneratedByTpm = 0xff544347;  // TPM_GENERATED_VALUE
    constexpr std::uint16_t kAttestQuote = 0x8018;         // TPM_ST_ATTEST_QUOTE
    CHATMCP_TRY(const std::uint32_t magic, reader.u32());
    // A key that is not restricted signs anything that does not begin like this.
    if (magic != kGeneratedByTpm) {
        return fail(Errc::wrong_purpose, "ATT-212");
    }
    CHATMCP_TRY(const std::uint16_t type, reader.u16());
    if (type != kAttestQuote) {
        return fail(Errc::wrong_purpose, "ATT-213");
    }
    CHATMCP_TRY(out.qualified_signer, read_sized(reader, kTpmDataMaxBytes));
    CHATMCP_TRY(out.extra_data, read_sized(reader, kTpmDataMaxBytes));
    CHATMCP_TRY(out.clock_ms, reader.u64());
    CHATMCP_TRY(out.reset_count, reader.u32());
    CHATMCP_TRY(out.restart_count, reader.u32());
    CHATMCP_TRY(const std::uint8_t safe, reader.u8());
    if (safe > 1) {
        return out_of_range();
    }
    out.safe = safe == 1;
    CHATMCP_TRY(out.firmware_version, reader.u64());
    return {};
}

// ---- Signature ----

struct NamedScheme {
    std::uint16_t scheme;
    TpmHash hash;
    SignatureAlgorithm algorithm;
};
constexpr std::array<NamedScheme, 10> kSchemes = {{
    {kRsassa, TpmHash::sha1, SignatureAlgorithm::rsa_pkcs1_sha1},
    {kRsassa, TpmHash::sha256, SignatureAlgorithm::rsa_pkcs1_sha256},
    {kRsassa, TpmHash::sha384, SignatureAlgorithm::rsa_pkcs1_sha384},
    {kRsassa, TpmHash::sha512, SignatureAlgorithm::rsa_pkcs1_sha512},
    {kRsapss, TpmHash::sha256, SignatureAlgorithm::rsa_pss_sha256},
    {kRsapss, TpmHash::sha384, SignatureAlgorithm::rsa_pss_sha384},
    {kRsapss, TpmHash::sha512, SignatureAlgorithm::rsa_pss_sha512},
    {kEcdsa, TpmHash::sha256, SignatureAlgorithm::ecdsa_sha256},
    {kEcdsa, TpmHash::sha384, SignatureAlgorithm::ecdsa_sha384},
    {kEcdsa, TpmHash::sha512, SignatureAlgorithm::ecdsa_sha512},
}};

/// r || s, each as long as a number of the smallest curve that has room for both.
Result<Bytes> fixed_of(ByteView r, ByteView s) {
    constexpr std::array<std::size_t, 3> kHalves = {32, 48, 66};
    const std::size_t longest = std::max(r.size(), s.size());
    const auto half = std::ranges::find_if(kHalves, [&](std::size_t h) { return h >= longest; });
    if (half == kHalves.end()) {
        return out_of_range();
    }
    Bytes out(*half - r.size(), 0);
    append(out, r);
    out.resize(out.size() + *half - s.size(), 0);
    append(out, s);
    return out;
}

// ---- Public key ----

constexpr std::size_t kRsaMaxBytes = 512;
constexpr std::size_t kCoordinateMaxBytes = 66;

/// TPMT_RSA_SCHEME, TPMT_ECC_SCHEME or TPMT_KDF_SCHEME: a hash follows, unless there is none.
Result<void> read_scheme(Reader& reader) {
    CHATMCP_TRY(const std::uint16_t scheme, reader.u16());
    if (scheme != kNull) {
        CHATMCP_TRY_VOID(read_hash(reader));
    }
    return {};
}

Bytes big_endian(std::uint64_t value, std::size_t size_bytes) {
    Bytes out(size_bytes);
    for (std::size_t i = size_bytes; i-- > 0; value >>= 8) {
        out[i] = static_cast<std::uint8_t>(value & 0xff);
    }
    return out;
}

Result<VerificationKey> read_rsa(Reader& reader) {
    constexpr std::uint32_t kDefaultExponent = 65537;
    CHATMCP_TRY_VOID(read_scheme(reader));
    CHATMCP_TRY(const std::uint16_t key_bits, reader.u16());
    CHATMCP_TRY(const std::uint32_t exponent, reader.u32());
    CHATMCP_TRY(const ByteView modulus, read_sized(reader, kRsaMaxBytes));
    if (std::size_t{8} * modulus.size() != key_bits) {
        return out_of_range();
    }
    return VerificationKey::from_rsa(
        modulus, big_endian(exponent == 0 ? kDefaultExponent : exponent, sizeof(exponent)));
}

Result<crypto::NistCurve> read_curve(Reader& reader) {
    constexpr std::array<crypto::NistCurve, 3> kCurves = {
        crypto::NistCurve::p256, crypto::NistCurve::p384, crypto::NistCurve::p521};
    constexpr std::uint16_t kFirstCurve = 3;  // TPM_ECC_NIST_P256
    CHATMCP_TRY(const std::uint16_t number, reader.u16());
    if (number < kFirstCurve || number >= kFirstCurve + kCurves.size()) {
        return fail(Errc::unsupported, "ATT-222");
    }
    return kCurves[number - kFirstCurve];
}

Result<VerificationKey> read_ecc(Reader& reader) {
    CHATMCP_TRY_VOID(read_scheme(reader));
    CHATMCP_TRY(const crypto::NistCurve curve, read_curve(reader));
    CHATMCP_TRY_VOID(read_scheme(reader));
    CHATMCP_TRY(const ByteView x, read_sized(reader, kCoordinateMaxBytes));
    CHATMCP_TRY(const ByteView y, read_sized(reader, kCoordinateMaxBytes));
    const std::size_t half = crypto::nist_private_bytes(curve);
    if (x.size() > half || y.size() > half) {
        return out_of_range();
    }
    Bytes point(half - x.size(), 0);
    append(point, x);
    point.resize(2 * half - y.size(), 0);
    append(point, y);
    return VerificationKey::from_coordinates(curve, point);
}

/// A hash's result with its number in front: TPM2B_NAME's content.
Bytes name_of(TpmHash hash, std::initializer_list<ByteView> parts) {
    Bytes out = big_endian(static_cast<std::uint16_t>(hash), sizeof(std::uint16_t));
    append(out, tpm_digest(hash, parts).view());
    return out;
}

// ---- Values of registers ----

Result<std::map<std::uint8_t, Bytes>> read_bank(const JsonValue& json, TpmHash hash) {
    std::map<std::uint8_t, Bytes> out;
    if (json.type != JsonValue::Type::object || json.names.size() > kTpmPcrsMax) {
        return fail(Errc::malformed, "ATT-216");
    }
    for (std::size_t i = 0; i < json.names.size(); ++i) {
        const auto number = from_decimal(json.names[i]);
        const auto value = from_hex(json.items[i].text);
        if (!number.has_value() || *number >= kTpmPcrsMax || !value.has_value() ||
            value->size() != tpm_hash_bytes(hash)) {
            return fail(Errc::malformed, "ATT-216");
        }
        out.emplace(static_cast<std::uint8_t>(*number), *value);
    }
    return out;
}

}  // namespace

std::string_view tpm_hash_name(TpmHash hash) {
    return named(hash).name;
}

std::size_t tpm_hash_bytes(TpmHash hash) {
    return named(hash).size_bytes;
}

Result<TpmHash> tpm_hash_of(std::uint16_t number) {
    const auto hash = static_cast<TpmHash>(number);
    if (std::ranges::find(kHashes, hash, &NamedHash::hash) == kHashes.end()) {
        return fail(Errc::unsupported, "ATT-214");
    }
    return hash;
}

crypto::Digest tpm_digest(TpmHash hash, std::initializer_list<ByteView> parts) {
    switch (hash) {
        case TpmHash::sha1:
            return crypto::Digest(crypto::sha1(parts));
        case TpmHash::sha256:
            return crypto::hash(crypto::HashId::sha256, parts);
        case TpmHash::sha384:
            return crypto::hash(crypto::HashId::sha384, parts);
        case TpmHash::sha512:
            return crypto::hash(crypto::HashId::sha512, parts);
    }
    return {};
}

Result<TpmPcrs> tpm_pcrs_of_json(std::string_view text) {
    CHATMCP_TRY(const JsonValue json, parse_json(text));
    if (json.type != JsonValue::Type::object || json.names.empty()) {
        return fail(Errc::malformed, "ATT-216");
    }
    TpmPcrs out;
    for (std::size_t i = 0; i < json.names.size(); ++i) {
        const auto hash = std::ranges::find(kHashes, json.names[i], &NamedHash::name);
        if (hash == kHashes.end()) {
            return fail(Errc::malformed, "ATT-216");
        }
        CHATMCP_TRY(out[hash->hash], read_bank(json.items[i], hash->hash));
    }
    return out;
}

Result<TpmQuote> TpmQuote::read(ByteView bytes) {
    CHATMCP_TRY_VOID(check_size(bytes));
    TpmQuote out;
    out.signed_part = bytes;
    Reader reader(bytes);
    CHATMCP_TRY_VOID(read_attest_head(reader, out));
    CHATMCP_TRY_VOID(read_selections(reader, out));
    CHATMCP_TRY(out.pcr_digest, read_sized(reader, crypto::kSha512Bytes));
    CHATMCP_TRY_VOID(check_end(reader));
    return out;
}

Result<TpmSignature> TpmSignature::read(ByteView bytes) {
    CHATMCP_TRY_VOID(check_size(bytes));
    Reader reader(bytes);
    TpmSignature out;
    CHATMCP_TRY(const std::uint16_t scheme, reader.u16());
    CHATMCP_TRY(out.hash, read_hash(reader));
    const auto known = std::ranges::find_if(kSchemes, [&](const NamedScheme& each) {
        return each.scheme == scheme && each.hash == out.hash;
    });
    if (known == kSchemes.end()) {
        return fail(Errc::unsupported, "ATT-214");
    }
    out.algorithm = known->algorithm;
    if (scheme == kEcdsa) {
        CHATMCP_TRY(const ByteView r, read_sized(reader, kCoordinateMaxBytes));
        CHATMCP_TRY(const ByteView s, read_sized(reader, kCoordinateMaxBytes));
        CHATMCP_TRY(out.bytes, fixed_of(r, s));
    } else {
        CHATMCP_TRY(const ByteView number, read_sized(reader, kRsaMaxBytes));
        out.bytes = to_bytes(number);
    }
    CHATMCP_TRY_VOID(check_end(reader));
    return out;
}

TpmSignature TpmSignature::rsassa_sha256(ByteView number) {
    return {.algorithm = SignatureAlgorithm::rsa_pkcs1_sha256,
            .hash = TpmHash::sha256,
            .bytes = to_bytes(number)};
}

bool TpmPublic::is_attestation_key() const {
    constexpr std::uint32_t kNeeded =
        kFixedTpm | kFixedParent | kSensitiveDataOrigin | kRestricted | kSign;
    return (attributes & (kNeeded | kDecrypt)) == kNeeded;
}

Bytes TpmPublic::qualified_name_below(std::uint32_t hierarchy) const {
    return name_of(name_hash_, {big_endian(hierarchy, sizeof(hierarchy)), name});
}

Result<TpmPublic> TpmPublic::read(ByteView bytes) {
    CHATMCP_TRY_VOID(check_size(bytes));
    Reader reader(bytes);
    TpmPublic out;
    CHATMCP_TRY(const std::uint16_t type, reader.u16());
    CHATMCP_TRY(out.name_hash_, read_hash(reader));
    CHATMCP_TRY(out.attributes, reader.u32());
    CHATMCP_TRY_VOID(read_sized(reader, kTpmDataMaxBytes));  // authPolicy
    CHATMCP_TRY(const std::uint16_t symmetric, reader.u16());
    // Keys that others are stored under have a cipher; attestation keys have none.
    if (symmetric != kNull || (type != kRsa && type != kEcc)) {
        return fail(Errc::unsupported, "ATT-222");
    }
    CHATMCP_TRY(const VerificationKey key, type == kRsa ? read_rsa(reader) : read_ecc(reader));
    CHATMCP_TRY_VOID(check_end(reader));
    out.spki = key.spki();
    out.name = name_of(out.name_hash_, {bytes});
    return out;
}

}  // namespace chatmcp::attest
