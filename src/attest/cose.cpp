#include "attest/cose.h"

#include <array>
#include <string_view>

#include "base/secret.h"
#include "crypto/kdf.h"
#include "wire/cbor.h"

namespace chatmcp::attest {
namespace {

using crypto::SignatureAlgorithm;
using wire::CborReader;

struct AlgorithmRow {
    CoseAlgorithm algorithm;
    std::optional<SignatureAlgorithm> signature;  // Absent: a MAC.
    std::size_t authenticator_bytes;
};
constexpr std::array<AlgorithmRow, 4> kAlgorithms = {{
    {CoseAlgorithm::es256, SignatureAlgorithm::ecdsa_sha256, 64},
    {CoseAlgorithm::es384, SignatureAlgorithm::ecdsa_sha384, 96},
    {CoseAlgorithm::es512, SignatureAlgorithm::ecdsa_sha512, 132},
    {CoseAlgorithm::hmac_sha256, std::nullopt, 32},
}};

std::unexpected<Error> malformed() {
    return fail(Errc::malformed, "ATT-131");
}

/// Empty, or exactly {1: algorithm} (RFC 9052 section 3.1).
Result<std::optional<CoseAlgorithm>> read_header(ByteView header) {
    constexpr std::int64_t kAlgorithm = 1;
    if (header.empty()) {
        return std::optional<CoseAlgorithm>();
    }
    CborReader reader(header);
    const auto pairs = reader.map(1);
    const auto label = reader.integer();
    const auto algorithm = reader.integer();
    if (pairs.has_value() && *pairs == 1 && label.has_value() && *label == kAlgorithm &&
        algorithm.has_value() && reader.finish().has_value()) {
        for (const AlgorithmRow& row : kAlgorithms) {
            if (static_cast<std::int64_t>(row.algorithm) == *algorithm) {
                return std::optional(row.algorithm);
            }
        }
    }
    return fail(Errc::unsupported, "ATT-132");
}

/// The algorithm of the header; without one the only one that has an authenticator of this size.
const AlgorithmRow* row_of(const CoseMessage& message) {
    for (const AlgorithmRow& row : kAlgorithms) {
        const bool fits = row.authenticator_bytes == message.authenticator.size() &&
                          row.signature.has_value() != message.is_mac();
        if (fits && message.algorithm.value_or(row.algorithm) == row.algorithm) {
            return &row;
        }
    }
    return nullptr;
}

/// Sig_structure and MAC_structure, without data from outside.
Bytes authenticated(std::string_view context, const CoseMessage& message) {
    wire::CborWriter writer;
    writer.array(4);
    writer.text_string(context);
    writer.byte_string(message.protected_header);
    writer.byte_string({});
    writer.byte_string(message.payload);
    return writer.take();
}

}  // namespace

Result<CoseMessage> CoseMessage::read(ByteView bytes, std::size_t payload_max_bytes) {
    constexpr std::size_t kParts = 4;
    constexpr std::size_t kHeaderMaxBytes = 64;
    constexpr std::size_t kAuthenticatorMaxBytes = 132;
    CoseMessage out;
    CborReader reader(bytes);
    CHATMCP_TRY(const wire::CborMajor first, reader.peek());
    if (first == wire::CborMajor::tag) {
        CHATMCP_TRY(out.tag, reader.tag());
        if (out.tag != kSign1Tag && out.tag != kMac0Tag) {
            return malformed();
        }
    }
    CHATMCP_TRY(const std::size_t parts, reader.array(kParts));
    if (parts != kParts) {
        return malformed();
    }
    CHATMCP_TRY(out.protected_header, reader.byte_string(kHeaderMaxBytes));
    // What is not signed says nothing.
    CHATMCP_TRY(const std::size_t unprotected, reader.map(payload_max_bytes));
    if (unprotected != 0) {
        return malformed();
    }
    CHATMCP_TRY(out.payload, reader.byte_string(payload_max_bytes));
    CHATMCP_TRY(out.authenticator, reader.byte_string(kAuthenticatorMaxBytes));
    CHATMCP_TRY_VOID(reader.finish());
    CHATMCP_TRY(out.algorithm, read_header(out.protected_header));
    return row_of(out) != nullptr ? Result<CoseMessage>(out) : malformed();
}

Result<void> CoseMessage::verify_signature(const crypto::VerificationKey& key) const {
    const AlgorithmRow* const row = row_of(*this);
    if (row == nullptr || !row->signature.has_value() ||
        !key.verify_fixed(*row->signature, authenticated("Signature1", *this), authenticator)
             .has_value()) {
        return fail(Errc::bad_signature, "ATT-140");
    }
    return {};
}

Result<void> CoseMessage::verify_mac(ByteView key) const {
    const AlgorithmRow* const row = row_of(*this);
    if (row == nullptr || row->algorithm != CoseAlgorithm::hmac_sha256 ||
        !equal_constant_time(crypto::hmac_sha256(key, authenticated("MAC0", *this)),
                             authenticator)) {
        return fail(Errc::bad_signature, "ATT-140");
    }
    return {};
}

}  // namespace chatmcp::attest
