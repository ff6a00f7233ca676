#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "crypto/verification_key.h"

namespace chatmcp::attest {

// Limits; those of the TPM's own structures follow from TPM 2.0 part 2, the rest are ours.
inline constexpr std::size_t kTpmStructureMaxBytes = 2048;
inline constexpr std::size_t kTpmDataMaxBytes = 66;  // TPM2B_DATA and TPM2B_NAME: TPMT_HA.
inline constexpr std::size_t kTpmBanksMax = 16;
inline constexpr std::size_t kTpmPcrsMax = 32;

/// TPM_ALG_ID of the hash functions that TPMs keep banks of registers with and sign with.
enum class TpmHash : std::uint16_t {
    sha1 = 0x0004,
    sha256 = 0x000b,
    sha384 = 0x000c,
    sha512 = 0x000d,
};
/// "sha1", "sha256", "sha384" or "sha512".
[[nodiscard]] std::string_view tpm_hash_name(TpmHash hash);
[[nodiscard]] std::size_t tpm_hash_bytes(TpmHash hash);
/// Errors: unsupported (ATT-214) another number.
[[nodiscard]] Result<TpmHash> tpm_hash_of(std::uint16_t number);
[[nodiscard]] crypto::Digest tpm_digest(TpmHash hash, std::initializer_list<ByteView> parts);

/// The values of platform configuration registers: by bank, by number.
using TpmPcrs = std::map<TpmHash, std::map<std::uint8_t, Bytes>>;

/// `{"sha256": {"0": "<hex>", ...}, ...}`.
/// Errors: malformed (ATT-216) another shape; ATT-31..38 of the JSON.
[[nodiscard]] Result<TpmPcrs> tpm_pcrs_of_json(std::string_view text);

/// The registers of one bank that a quote is over, ascending.
struct TpmPcrSelection {
    TpmHash bank{};
    std::vector<std::uint8_t> registers;
};

/// What a TPM says in a quote. It borrows the bytes that it was read from, which outlive it.
/// Nothing in it has been verified.
///
/// Spec: TPM 2.0 Library part 2, TPMS_ATTEST with TPMS_QUOTE_INFO. Big-endian.
struct TpmQuote {
    ByteView signed_part;       // All of it.
    ByteView qualified_signer;  // Qualified name of the key that signed.
    ByteView extra_data;        // What the caller of TPM2_Quote gave: the nonce.
    std::uint64_t clock_ms = 0;
    std::uint32_t reset_count = 0;
    std::uint32_t restart_count = 0;
    bool safe = false;  // The clock never showed a later time before.
    std::uint64_t firmware_version = 0;
    std::vector<TpmPcrSelection> selections;
    ByteView pcr_digest;

    /// Errors: WIRE-01 it ends early; too_large (ATT-210); malformed (ATT-211) a length that is out
    ///         of range, something after it; wrong_purpose (ATT-212) not made by a TPM, (ATT-213)
    ///         no quote; unsupported (ATT-214) a bank of an unknown hash; invalid_argument
    ///         (ATT-215) a bank twice, a register that no TPM has.
    [[nodiscard]] static Result<TpmQuote> read(ByteView bytes);
};

/// A signature as a TPM writes it. Spec: TPM 2.0 Library part 2, TPMT_SIGNATURE.
struct TpmSignature {
    crypto::SignatureAlgorithm algorithm{};
    TpmHash hash{};
    Bytes bytes;  // Of RSA the number; of ECDSA r || s.

    /// Errors: WIRE-01; too_large (ATT-210); malformed (ATT-211); unsupported (ATT-214) other than
    ///         RSASSA with SHA-1, and RSASSA, RSAPSS or ECDSA with SHA-2.
    [[nodiscard]] static Result<TpmSignature> read(ByteView bytes);
    /// The bare number of RSASSA with SHA-256, as Azure hands it out.
    [[nodiscard]] static TpmSignature rsassa_sha256(ByteView number);
};

/// The public half of a key in a TPM, and what the TPM lets it do.
/// Spec: TPM 2.0 Library part 2, TPMT_PUBLIC of type RSA or ECC.
struct TpmPublic {
    // TPMA_OBJECT
    static constexpr std::uint32_t kFixedTpm = 1U << 1;
    static constexpr std::uint32_t kFixedParent = 1U << 4;
    static constexpr std::uint32_t kSensitiveDataOrigin = 1U << 5;
    static constexpr std::uint32_t kRestricted = 1U << 16;
    static constexpr std::uint32_t kDecrypt = 1U << 17;
    static constexpr std::uint32_t kSign = 1U << 18;

    std::uint32_t attributes = 0;
    Bytes spki;  // The key, as SubjectPublicKeyInfo.
    Bytes name;  // Hash of all of it, with the hash's number in front.

    /// Made in the TPM, never leaves it, and signs only what the TPM itself says: a key that signs
    /// anything could sign a quote that no TPM made.
    [[nodiscard]] bool is_attestation_key() const;
    /// The qualified name, were it a primary key of this hierarchy (TPM_RH_OWNER and so on).
    [[nodiscard]] Bytes qualified_name_below(std::uint32_t hierarchy) const;

    /// Errors: WIRE-01; too_large (ATT-210); malformed (ATT-211); unsupported (ATT-214), (ATT-222)
    ///         another kind of key; CRY-14 no key.
    [[nodiscard]] static Result<TpmPublic> read(ByteView bytes);

  private:
    TpmHash name_hash_{};
};

}  // namespace chatmcp::attest
