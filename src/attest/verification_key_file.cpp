#include "attest/verification_key_file.h"

#include <array>
#include <string_view>
#include <vector>

#include "attest/certificate.h"
#include "attest/json_value.h"
#include "base/encoding.h"
#include "crypto/nist_curve.h"
#include "crypto/verification_key.h"

namespace chatmcp::attest {
namespace {

using crypto::VerificationKey;

std::unexpected<Error> unreadable() {
    return fail(Errc::malformed, "ATT-159");
}

struct CurveRow {
    std::string_view name;
    crypto::NistCurve curve;
    std::size_t coordinate_bytes;
};
constexpr std::array<CurveRow, 3> kCurves = {{{"P-256", crypto::NistCurve::p256, 32},
                                              {"P-384", crypto::NistCurve::p384, 48},
                                              {"P-521", crypto::NistCurve::p521, 66}}};

/// A coordinate of a JSON Web Key: all its bytes, in base64url (RFC 7518 section 6.2.1.2).
Result<Bytes> coordinate(const JsonValue& jwk, std::string_view name, std::size_t bytes) {
    const JsonValue* const value = jwk.find(name);
    if (value == nullptr || value->type != JsonValue::Type::text) {
        return unreadable();
    }
    const auto decoded = from_base64url(value->text);
    return decoded.has_value() && decoded->size() == bytes ? decoded : unreadable();
}

bool is_text(const JsonValue* value, std::string_view text) {
    return value != nullptr && value->type == JsonValue::Type::text && value->text == text;
}

Result<VerificationKey> key_of_jwk(ByteView file) {
    const auto jwk = parse_json(as_text(file));
    if (!jwk.has_value() || jwk->type != JsonValue::Type::object ||
        !is_text(jwk->find("kty"), "EC")) {
        return unreadable();
    }
    for (const CurveRow& row : kCurves) {
        if (is_text(jwk->find("crv"), row.name)) {
            CHATMCP_TRY(Bytes xy, coordinate(*jwk, "x", row.coordinate_bytes));
            CHATMCP_TRY(const Bytes y, coordinate(*jwk, "y", row.coordinate_bytes));
            append(xy, y);
            auto key = VerificationKey::from_coordinates(row.curve, xy);
            return key.has_value() ? std::move(key) : unreadable();
        }
    }
    return unreadable();
}

Result<VerificationKey> key_of_pem(ByteView file) {
    CHATMCP_TRY(const std::vector<Bytes> blocks, blocks_of_pem(file, "PUBLIC KEY"));
    if (blocks.size() != 1) {
        return unreadable();
    }
    auto key = VerificationKey::from_spki(blocks.front());
    return key.has_value() ? std::move(key) : unreadable();
}

}  // namespace

Result<GivenKey> verify_under_given_key(const CoseMessage& message, const GivenKeyFiles& files) {
    const int given =
        int{files.pem.has_value()} + int{files.jwk.has_value()} + int{files.symmetric.has_value()};
    if (given > 1) {
        return fail(Errc::invalid_argument, "ATT-160");
    }
    if (given == 0 || message.is_mac() != files.symmetric.has_value()) {
        return fail(Errc::not_found, "ATT-158");
    }
    if (files.symmetric.has_value()) {
        constexpr std::size_t kMinBytes = 32;
        constexpr std::size_t kMaxBytes = 64;  // HMAC hashes a longer one, and pads a shorter one.
        const ByteView secret = *files.symmetric;
        if (secret.size() < kMinBytes || secret.size() > kMaxBytes) {
            return unreadable();
        }
        CHATMCP_TRY_VOID(message.verify_mac(secret));
        Bytes padded = to_bytes(secret);
        padded.resize(kMaxBytes);
        return GivenKey{.symmetric = true, .fingerprint = crypto::sha256(padded)};
    }
    CHATMCP_TRY(const VerificationKey key,
                files.pem.has_value() ? key_of_pem(*files.pem)
                                      : key_of_jwk(files.jwk.value_or(ByteView())));
    CHATMCP_TRY_VOID(message.verify_signature(key));
    return GivenKey{.symmetric = false, .fingerprint = crypto::sha256(key.spki())};
}

}  // namespace chatmcp::attest
