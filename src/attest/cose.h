#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/verification_key.h"

namespace chatmcp::attest {

/// Algorithms of COSE. Spec: RFC 9053 sections 2.1 and 3.1.
enum class CoseAlgorithm : std::int8_t {
    es256 = -7,
    es384 = -35,
    es512 = -36,
    hmac_sha256 = 5,
};

/// A COSE_Sign1 or COSE_Mac0 that carries its payload and says nothing outside of what is signed
/// or authenticated. It borrows the bytes that it was read from, which outlive it. Nothing in it
/// has been verified.
///
/// Spec: RFC 9052 sections 4.2 and 6.2.
struct CoseMessage {
    static constexpr std::uint64_t kSign1Tag = 18;
    static constexpr std::uint64_t kMac0Tag = 17;

    std::optional<std::uint64_t> tag;
    ByteView protected_header;
    std::optional<CoseAlgorithm> algorithm;  // Absent: the header is empty.
    ByteView payload;
    ByteView authenticator;  // r || s, or the MAC.

    [[nodiscard]] bool is_mac() const { return tag == kMac0Tag; }

    /// Errors: CBOR-01..07; malformed (ATT-131) no array of four, another tag, or an unprotected
    ///         header that is not empty, an authenticator of another size than its algorithm's;
    ///         unsupported (ATT-132) a protected header with more than one of the algorithms above.
    [[nodiscard]] static Result<CoseMessage> read(ByteView bytes, std::size_t payload_max_bytes);

    /// Errors: bad_signature (ATT-140) it is not signed by this key with its algorithm; without
    ///         one in the header the key's own is taken.
    /// Spec:   RFC 9052 section 4.4.
    [[nodiscard]] Result<void> verify_signature(const crypto::VerificationKey& key) const;
    /// Errors: bad_signature (ATT-140) it is not authenticated by this key.
    /// Spec:   RFC 9052 section 6.3.
    [[nodiscard]] Result<void> verify_mac(ByteView key) const;
};

}  // namespace chatmcp::attest
