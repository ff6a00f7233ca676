#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/verification_key.h"

namespace chatmcp::attest {

inline constexpr std::size_t kCertificateMaxBytes = std::size_t{16} * 1024;
inline constexpr std::size_t kExtensionsMax = 32;
inline constexpr std::size_t kSerialMaxBytes = 20;
inline constexpr std::size_t kChainMax = 8;
inline constexpr std::size_t kRevokedMax = 20'000;

/// One extension, its value not looked into. All views are borrowed from the certificate's bytes.
struct CertificateExtension {
    ByteView id;  // Content of the OBJECT IDENTIFIER.
    bool critical = false;
    ByteView value;
};

/// What a certificate says; nothing of it has been verified. It borrows the bytes that it was read
/// from, which outlive it.
///
/// Spec: RFC 5280 section 4.1.
struct Certificate {
    ByteView der;
    ByteView to_be_signed;
    ByteView serial;   // Without a zero for the sign.
    ByteView issuer;   // Name, in DER.
    ByteView subject;  // Name, in DER.
    UnixMs not_before;
    UnixMs not_after;
    ByteView public_key;  // SubjectPublicKeyInfo, in DER.
    crypto::SignatureAlgorithm algorithm{};
    ByteView signature;
    std::vector<CertificateExtension> extensions;
    bool is_authority = false;                 // basicConstraints
    std::optional<std::uint64_t> path_length;  // Of authorities below it.
    std::optional<bool> signs_certificates;    // keyUsage, if there is one.
    std::optional<bool> signs_lists;
    std::optional<bool> signs_data;

    /// Errors: DER-01..08; too_large (ATT-40) size, number of extensions, serial; unsupported
    ///         (ATT-41) another version than 3, (ATT-42) signature algorithm; malformed (ATT-43)
    ///         the algorithms inside and outside differ; invalid_argument (ATT-44) an extension
    ///         twice.
    [[nodiscard]] static Result<Certificate> read(ByteView der);

    /// Null when there is none. `id`: content of the OBJECT IDENTIFIER.
    [[nodiscard]] const CertificateExtension* find(ByteView id) const;
};

/// The last common name of a Name in DER; empty without one.
[[nodiscard]] std::string_view common_name_of(ByteView name);

/// Signatures of certificates that held before in the same verification, so that an authority that
/// stands in several chains is verified once. What it borrows outlives it.
class SignatureMemory {
  public:
    /// `public_key`: of the signer, as SubjectPublicKeyInfo.
    void add(const Certificate& certificate, ByteView public_key) {
        held_.push_back({.der = certificate.der, .public_key = public_key});
    }
    [[nodiscard]] bool has(const Certificate& certificate, ByteView public_key) const;

  private:
    struct Held {
        ByteView der;
        ByteView public_key;
    };
    std::vector<Held> held_;
};

/// When certificates have to be valid, and what of RFC 5280 an issuer of this kind leaves out.
struct ChainRules {
    UnixMs at;
    bool check_dates = true;
    /// Critical extensions that the caller understands beside basicConstraints and keyUsage.
    std::vector<ByteView> known_extensions = {};
    SignatureMemory* signatures = nullptr;
};

/// A chain that holds: leaf first, the anchor last; each signed by the next, with dates, path
/// lengths and usages. Names say who may be next; only a signature decides.
///
/// `pool`: further certificates in any order, each with a place in the chain. A root among them is
/// the anchor itself, or another edition of it: the same name and key.
///
/// Errors: untrusted_identity (ATT-45) no way to an anchor; bad_signature (ATT-46) a signature does
///         not hold; not_yet_valid (ATT-47), expired (ATT-47) by `rules.at`; invalid_argument
///         (ATT-48) an issuer that is no authority, may not sign certificates, or whose path is too
///         long, (ATT-55) a certificate of the pool without a place; unsupported (ATT-49) a
///         critical extension that is not known; CRY-14, CRY-15 keys.
/// Cost:   at most kChainMax signatures.
[[nodiscard]] Result<std::vector<const Certificate*>> verify_chain(
    const Certificate& leaf,
    std::span<const Certificate> pool,
    std::span<const Certificate> anchors,
    const ChainRules& rules);

/// A list of certificates that were revoked; nothing of it has been verified.
///
/// Spec: RFC 5280 section 5.1.
struct RevocationList {
    ByteView to_be_signed;
    ByteView issuer;
    UnixMs this_update;
    std::optional<UnixMs> next_update;
    std::vector<ByteView> serials;  // In the order of the list.
    crypto::SignatureAlgorithm algorithm{};
    ByteView signature;

    /// Errors: DER-01..08; too_large (ATT-40); unsupported (ATT-41), (ATT-42), (ATT-49) a critical
    ///         extension; malformed (ATT-43).
    [[nodiscard]] static Result<RevocationList> read(ByteView der);
};

/// The list is of this issuer, signed by it and current. Returns until when it is.
///
/// Errors: wrong_key (ATT-50) another issuer; bad_signature (ATT-51); not_yet_valid (ATT-52),
///         expired (ATT-52), also without a next update.
[[nodiscard]] Result<UnixMs> verify_list(const RevocationList& list,
                                         const Certificate& issuer,
                                         UnixMs at);
/// Errors: untrusted_identity (ATT-53) the serial is on it.
[[nodiscard]] Result<void> check_not_on(const RevocationList& list, ByteView serial);
/// Both.
[[nodiscard]] Result<UnixMs> check_not_revoked(const RevocationList& list,
                                               const Certificate& issuer,
                                               ByteView serial,
                                               UnixMs at);

/// All certificates of a PEM text, in DER. All lines of one but its last are as long as its first
/// (RFC 7468 says 64 characters, some write 76); empty lines and comments after "#" may stand
/// between certificates, zero bytes at the end.
/// Errors: malformed (ATT-54); too_large (ATT-40) more than kChainMax.
[[nodiscard]] Result<std::vector<Bytes>> certificates_of_pem(ByteView text);
/// The same for values of another label (RFC 7468 section 2), for example "PUBLIC KEY".
[[nodiscard]] Result<std::vector<Bytes>> blocks_of_pem(ByteView text, std::string_view label);

}  // namespace chatmcp::attest
