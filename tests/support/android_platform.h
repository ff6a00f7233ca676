#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attest/android_key.h"
#include "attest/object_identifiers.h"
#include "support/dcap_platform.h"

namespace chatmcp::testing {

/// An Android device of the tests' own: root, authority, the authority of its keys and a key, each
/// with a knob for what a test makes wrong before it is signed.
class AndroidPlatform {
  public:
    SeededRandom random{48};
    UnixMs now{1'750'000'000'000};
    Issuer root{"Test Android Root", new_key()};
    Issuer authority{"Test Android CA", new_key()};
    Issuer device{"TEE", new_key()};
    crypto::EcdsaKey key = new_key();

    // ---- Knobs ----
    CertificateSpec authority_spec{.subject = authority.name,
                                   .issuer = root.name,
                                   .serial = {0x02},
                                   .authority = true,
                                   .path_length = 1,
                                   .key_usage = 0x06};
    CertificateSpec device_spec{.subject = device.name,
                                .issuer = authority.name,
                                .serial = {0x0a, 0x03},
                                .authority = true,
                                .key_usage = 0x04};
    CertificateSpec key_spec{.subject = "Android Keystore Key",
                             .issuer = device.name,
                             .serial = {0x01},
                             .key_usage = 0x80};
    std::uint64_t version = 300;
    std::uint8_t level = 1;
    Bytes device_locked{0xff};
    std::uint8_t boot_state = 0;
    std::uint64_t patch_level = 202'505;
    Bytes more_hardware;  // Before the root of trust, by lower tags.
    bool attested = true;
    std::function<void(Bytes&)> edit_description = [](Bytes&) {};
    std::function<void(std::vector<Bytes>&)> edit_chain = [](std::vector<Bytes>&) {};
    std::optional<std::string> status;

    [[nodiscard]] Bytes root_certificate() const {
        return make_certificate(
            {.subject = root.name, .issuer = root.name, .authority = true, .key_usage = 0x06},
            root.key,
            root.key);
    }
    /// `[tag] EXPLICIT value`, for tags above 30.
    [[nodiscard]] static Bytes tagged(std::uint32_t tag, ByteView value) {
        Bytes out{0xbf};
        if (tag > 0x7f) {
            out.push_back(static_cast<std::uint8_t>(0x80 | (tag >> 7)));
        }
        out.push_back(static_cast<std::uint8_t>(tag & 0x7f));
        const Bytes sequence = der_sequence({value});
        append(out, ByteView(sequence).subspan(1));  // Length and content.
        return out;
    }
    [[nodiscard]] Bytes root_of_trust() const {
        return der_sequence({der_octets(Bytes(32, 1)),
                             der(0x01, {device_locked}),
                             der(0x0a, {Bytes{boot_state}}),
                             der_octets(Bytes(32, 2))});
    }
    [[nodiscard]] Bytes description() const {
        const Bytes security_level = der(0x0a, {Bytes{level}});
        Bytes out = der_sequence({der_integer(version),
                                  security_level,
                                  der_integer(version),
                                  security_level,
                                  der_octets(Bytes(32, 3)),
                                  der_octets({}),
                                  der_sequence({}),
                                  der_sequence({more_hardware,
                                                tagged(704, root_of_trust()),
                                                tagged(706, der_integer(patch_level))})});
        edit_description(out);
        return out;
    }
    [[nodiscard]] Bytes description_extension() const {
        return extension(attest::oid::kAndroidKeyDescription, false, description());
    }

    /// Sign everything, as the knobs stand.
    [[nodiscard]] Bytes make_chain() {
        CertificateSpec leaf = key_spec;
        if (attested) {
            append(leaf.extensions, description_extension());
        }
        std::vector<Bytes> chain = {make_certificate(leaf, key, device.key),
                                    make_certificate(device_spec, device.key, authority.key),
                                    make_certificate(authority_spec, authority.key, root.key),
                                    root_certificate()};
        edit_chain(chain);
        Bytes pem;
        for (const Bytes& each : chain) {
            append(pem, pem_of(each));
        }
        return pem;
    }
    [[nodiscard]] Result<attest::AndroidKeyClaims> verify() {
        const Bytes pem = make_chain();
        const Bytes root_der = root_certificate();
        CHATMCP_TRY(const attest::Certificate anchor, attest::Certificate::read(root_der));
        CHATMCP_TRY(const attest::AndroidKeyChain chain, attest::AndroidKeyChain::read(pem));
        std::optional<ByteView> list;
        if (status.has_value()) {
            list = as_bytes(*status);
        }
        return attest::verify_android_key(chain, std::span(&anchor, 1), list, now);
    }

  private:
    [[nodiscard]] crypto::EcdsaKey new_key() {
        return crypto::EcdsaKey::generate(crypto::NistCurve::p256, random);
    }
};

}  // namespace chatmcp::testing
