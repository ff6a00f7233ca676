#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "attest/cca.h"
#include "attest/psa.h"
#include "base/encoding.h"
#include "crypto/kdf.h"
#include "crypto/nist_curve.h"
#include "crypto/verification_key.h"
#include "support/dcap_platform.h"
#include "support/random.h"
#include "wire/cbor.h"

namespace chatmcp::testing {

/// Claims of a token: keys, and values in CBOR, in the order of their keys.
using ArmClaims = std::map<std::int64_t, Bytes>;

inline Bytes cbor_bytes(ByteView value) {
    wire::CborWriter writer;
    writer.byte_string(value);
    return writer.take();
}
inline Bytes cbor_text(std::string_view value) {
    wire::CborWriter writer;
    writer.text_string(value);
    return writer.take();
}
inline Bytes cbor_number(std::int64_t value) {
    wire::CborWriter writer;
    writer.integer(value);
    return writer.take();
}
inline Bytes cbor_map(const ArmClaims& claims) {
    wire::CborWriter writer;
    writer.map(claims.size());
    Bytes out = writer.take();
    for (const auto& [key, value] : claims) {
        append(out, cbor_number(key));
        append(out, value);
    }
    return out;
}
inline Bytes cbor_list(const std::vector<Bytes>& items) {
    wire::CborWriter writer;
    writer.array(items.size());
    Bytes out = writer.take();
    for (const Bytes& each : items) {
        append(out, each);
    }
    return out;
}

/// A device of Arm's of the tests' own: what a test changes is signed anew.
class ArmPlatform {
  public:
    SeededRandom random{46};
    crypto::EcdsaKey key = crypto::EcdsaKey::generate(crypto::NistCurve::p256, random);
    crypto::EcdsaKey realm_key = crypto::EcdsaKey::generate(crypto::NistCurve::p384, random);

    /// A component that was measured.
    [[nodiscard]] static ArmClaims component() {
        return {{1, cbor_text("BL")},
                {2, cbor_bytes(Bytes(32, 2))},
                {4, cbor_text("1.0")},
                {5, cbor_bytes(Bytes(32, 5))}};
    }
    [[nodiscard]] static Bytes instance_id() {
        Bytes out(33, 7);
        out[0] = 1;
        return out;
    }

    ArmClaims psa{{265, cbor_text("http://arm.com/psa/2.0.0")},
                  {2394, cbor_number(-5)},
                  {2395, cbor_number(0x3000)},
                  {2396, cbor_bytes(Bytes(32, 6))},
                  {2399, cbor_list({cbor_map(component())})},
                  {10, cbor_bytes(Bytes(64, 8))},
                  {256, cbor_bytes(instance_id())}};
    ArmClaims legacy{{-75000, cbor_text("PSA_IOT_PROFILE_1")},
                     {-75001, cbor_number(1)},
                     {-75002, cbor_number(0x3000)},
                     {-75003, cbor_bytes(Bytes(32, 6))},
                     {-75004, cbor_bytes(Bytes(32, 4))},
                     {-75006, cbor_list({cbor_map(component())})},
                     {-75008, cbor_bytes(Bytes(32, 8))},
                     {-75009, cbor_bytes(instance_id())}};
    ArmClaims platform{{265, cbor_text("tag:arm.com,2023:cca_platform#1.0.0")},
                       {2395, cbor_number(0x3003)},
                       {2396, cbor_bytes(Bytes(32, 6))},
                       {2399, cbor_list({cbor_map(component())})},
                       {2401, cbor_bytes(Bytes(4, 3))},
                       {2402, cbor_text("sha-256")},
                       {256, cbor_bytes(instance_id())}};
    ArmClaims realm{{265, cbor_text("tag:arm.com,2023:realm#1.0.0")},
                    {10, cbor_bytes(Bytes(64, 8))},
                    {44235, cbor_bytes(Bytes(64, 9))},
                    {44236, cbor_text("sha-256")},
                    {44238, cbor_bytes(Bytes(32, 10))},
                    {44239, cbor_list(std::vector<Bytes>(4, cbor_bytes(Bytes(32, 11))))},
                    {44240, cbor_text("sha-384")}};
    std::uint64_t collection_tag = 399;
    std::int64_t content_format = 263;
    std::function<void(Bytes&)> edit_key = [](Bytes&) {};  // The realm's claim of its key.
    std::function<void(Bytes&)> edit_token = [](Bytes&) {};
    std::optional<Bytes> secret;  // Authenticate a PSA token by it.
    Bytes header{0xa1, 0x01, 0x26};

    [[nodiscard]] Bytes psa_token(const ArmClaims& claims) {
        const Bytes payload = cbor_map(claims);
        Bytes token = secret.has_value()
                          ? message(0xd1, {0xa1, 0x01, 0x05}, payload, mac(payload))
                          : message(0xd2, header, payload, signature(key, header, payload));
        edit_token(token);
        return token;
    }
    /// The error of a PSA token with these claims, or "verified".
    [[nodiscard]] std::string verify_psa(const ArmClaims& claims) {
        const Bytes token = psa_token(claims);
        const auto parsed = attest::PsaToken::read(token);
        if (!parsed.has_value()) {
            return parsed.error().check;
        }
        const auto verified = attest::verify_psa(*parsed, key_files());
        return verified.has_value() ? "verified" : verified.error().check;
    }

    [[nodiscard]] Bytes cca_token() {
        const Bytes es384{0xa1, 0x01, 0x38, 0x22};
        Bytes public_key = cose_key();
        edit_key(public_key);
        ArmClaims about_realm = realm;
        about_realm.emplace(44237, cbor_bytes(public_key));
        ArmClaims about_platform = platform;
        about_platform.emplace(10,
                               cbor_bytes(crypto::hash(crypto::HashId::sha384, public_key).view()));
        const Bytes first = cbor_map(about_platform);
        const Bytes second = cbor_map(about_realm);
        Bytes out = head(collection_tag);
        out.push_back(0xa2);
        append(out, cbor_number(44234));
        append(out, member(message(0xd2, header, first, signature(key, header, first))));
        append(out, cbor_number(44241));
        append(out, member(message(0xd2, es384, second, signature(realm_key, es384, second))));
        edit_token(out);
        return out;
    }
    [[nodiscard]] std::string verify_cca() {
        const Bytes token = cca_token();
        const auto parsed = attest::CcaToken::read(token);
        if (!parsed.has_value()) {
            return parsed.error().check;
        }
        const auto verified = attest::verify_cca(*parsed, key_files());
        return verified.has_value() ? "verified" : verified.error().check;
    }

    /// {1: 2, -1: 2, -2: x, -3: y}
    [[nodiscard]] Bytes cose_key() const {
        const ByteView xy = ByteView(realm_key.public_key()).subspan(1);
        Bytes out{0xa4, 0x01, 0x02, 0x20, 0x02, 0x21};
        append(out, cbor_bytes(xy.first(48)));
        out.push_back(0x22);
        append(out, cbor_bytes(xy.subspan(48)));
        return out;
    }
    /// The key that a verifier is given.
    [[nodiscard]] attest::GivenKeyFiles key_files() {
        if (secret.has_value()) {
            return {.pem = {}, .jwk = {}, .symmetric = *secret};
        }
        const ByteView xy = ByteView(key.public_key()).subspan(1);
        jwk_ = R"({"kty": "EC", "crv": "P-256", "x": ")" + to_base64url(xy.first(32)) +
               R"(", "y": ")" + to_base64url(xy.subspan(32)) + "\"}";
        return {.pem = {}, .jwk = as_bytes(jwk_), .symmetric = {}};
    }

  private:
    [[nodiscard]] static Bytes head(std::uint64_t tag) {
        wire::CborWriter writer;
        writer.tag(tag);
        return writer.take();
    }
    [[nodiscard]] Bytes member(const Bytes& token) const {
        constexpr std::uint64_t kWrapped = 907;
        return collection_tag == kWrapped
                   ? cbor_list({cbor_number(content_format), cbor_bytes(token)})
                   : cbor_bytes(token);
    }
    [[nodiscard]] static Bytes message(std::uint8_t tag,
                                       const Bytes& protected_header,
                                       const Bytes& payload,
                                       const Bytes& authenticator) {
        Bytes out{tag, 0x84};
        append(out, cbor_bytes(protected_header));
        out.push_back(0xa0);
        append(out, cbor_bytes(payload));
        append(out, cbor_bytes(authenticator));
        return out;
    }
    [[nodiscard]] static Bytes structure(std::string_view context,
                                         const Bytes& protected_header,
                                         const Bytes& payload) {
        return cbor_list({cbor_text(context),
                          cbor_bytes(protected_header),
                          cbor_bytes({}),
                          cbor_bytes(payload)});
    }
    [[nodiscard]] static Bytes signature(const crypto::EcdsaKey& signer,
                                         const Bytes& protected_header,
                                         const Bytes& payload) {
        const std::size_t bytes = signer.curve() == crypto::NistCurve::p256 ? 32 : 48;
        return fixed_signature(signer.sign_raw(structure("Signature1", protected_header, payload)),
                               bytes);
    }
    [[nodiscard]] Bytes mac(const Bytes& payload) const {
        return to_bytes(
            crypto::hmac_sha256(*secret, structure("MAC0", {0xa1, 0x01, 0x05}, payload)));
    }

    std::string jwk_;
};

}  // namespace chatmcp::testing
