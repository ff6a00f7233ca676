#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "attest/nitro.h"
#include "support/dcap_platform.h"
#include "wire/cbor.h"

namespace chatmcp::testing {

/// A Nitro hypervisor of the tests' own: root, authority, signing key and document, each with a
/// knob for what a test makes wrong before it is signed.
class NitroPlatform {
  public:
    /// The name of a field and its value in CBOR.
    using Field = std::pair<std::string, Bytes>;

    SeededRandom random{44};
    UnixMs now{1'750'000'000'000};
    Issuer root{"aws.nitro-enclaves", new_key()};
    Issuer authority{"zonal.aws.nitro-enclaves", new_key()};
    Issuer instance{"i-1.aws.nitro-enclaves", new_key()};
    crypto::EcdsaKey key = new_key();

    // ---- Knobs ----
    CertificateSpec authority_spec{.subject = authority.name,
                                   .issuer = root.name,
                                   .serial = {0x02},
                                   .authority = true,
                                   .path_length = 1,
                                   .key_usage = 0x86};
    CertificateSpec instance_spec{.subject = instance.name,
                                  .issuer = authority.name,
                                  .serial = {0x03},
                                  .authority = true,
                                  .path_length = 0,
                                  .key_usage = 0x04};
    CertificateSpec key_spec{.subject = "i-1-enc1.aws",
                             .issuer = instance.name,
                             .serial = {0x04},
                             .authority = false,
                             .key_usage = 0xc0};
    Bytes header{0xa1, 0x01, 0x38, 0x22};
    Bytes unprotected{0xa0};
    bool indefinite = false;  // The payload's map.
    std::function<void(std::vector<Field>&)> edit_fields = [](std::vector<Field>&) {};
    std::function<void(std::vector<Bytes>&)> edit_bundle = [](std::vector<Bytes>&) {};
    std::function<void(Bytes&)> edit_signature = [](Bytes&) {};
    std::function<void(Bytes&)> edit_document = [](Bytes&) {};

    /// Sign everything, as the knobs stand, and verify it.
    [[nodiscard]] Result<attest::NitroClaims> verify() {
        const Bytes root_der = root_certificate();
        const Bytes document = make_document();
        CHATMCP_TRY(const auto anchor, attest::Certificate::read(root_der));
        CHATMCP_TRY(const auto parsed, attest::NitroDocument::read(document));
        return attest::verify_nitro(parsed, anchor, now);
    }
    [[nodiscard]] Bytes make_document() {
        const Bytes payload = make_payload();
        wire::CborWriter to_sign;
        to_sign.array(4);
        to_sign.text_string("Signature1");
        to_sign.byte_string(header);
        to_sign.byte_string({});
        to_sign.byte_string(payload);
        Bytes signature = fixed_signature(key.sign_raw(to_sign.view()), 48);
        edit_signature(signature);
        Bytes document{0x84};
        append(document, bytes_item(header));
        append(document, unprotected);
        append(document, bytes_item(payload));
        append(document, bytes_item(signature));
        edit_document(document);
        return document;
    }

    [[nodiscard]] Bytes root_certificate() const {
        return make_certificate(
            {.subject = root.name, .issuer = root.name, .authority = true, .key_usage = 0x86},
            root.key,
            root.key);
    }
    [[nodiscard]] static Bytes bytes_item(ByteView value) {
        wire::CborWriter writer;
        writer.byte_string(value);
        return writer.take();
    }
    [[nodiscard]] static Bytes text_item(std::string_view value) {
        wire::CborWriter writer;
        writer.text_string(value);
        return writer.take();
    }
    [[nodiscard]] static Bytes number_item(std::uint64_t value) {
        wire::CborWriter writer;
        writer.unsigned_integer(value);
        return writer.take();
    }
    [[nodiscard]] static Bytes pcrs_item(const std::vector<std::pair<std::uint64_t, Bytes>>& pcrs) {
        wire::CborWriter writer;
        writer.map(pcrs.size());
        for (const auto& [index, value] : pcrs) {
            writer.unsigned_integer(index);
            writer.byte_string(value);
        }
        return writer.take();
    }
    [[nodiscard]] static Bytes bundle_item(const std::vector<Bytes>& bundle) {
        wire::CborWriter writer;
        writer.array(bundle.size());
        for (const Bytes& each : bundle) {
            writer.byte_string(each);
        }
        return writer.take();
    }

  private:
    [[nodiscard]] crypto::EcdsaKey new_key() {
        return crypto::EcdsaKey::generate(crypto::NistCurve::p384, random);
    }
    [[nodiscard]] Bytes make_payload() {
        std::vector<Bytes> bundle = {
            root_certificate(),
            make_certificate(authority_spec, authority.key, root.key),
            make_certificate(instance_spec, instance.key, authority.key),
        };
        edit_bundle(bundle);
        std::vector<Field> fields = {
            {"module_id", text_item("i-1-enc1")},
            {"digest", text_item("SHA384")},
            {"timestamp", number_item(static_cast<std::uint64_t>(now.value))},
            {"pcrs", pcrs_item({{0, Bytes(48, 0x10)}, {1, Bytes(48, 0x11)}, {2, Bytes(48, 0x12)}})},
            {"certificate", bytes_item(make_certificate(key_spec, key, instance.key))},
            {"cabundle", bundle_item(bundle)},
            {"public_key", Bytes{0xf6}},
            {"user_data", bytes_item(Bytes(64, 0x55))},
            {"nonce", bytes_item(Bytes(32, 0x66))},
        };
        edit_fields(fields);
        Bytes payload;
        if (indefinite) {
            payload = {0xbf};
        } else {
            wire::CborWriter head;
            head.map(fields.size());
            payload = head.take();
        }
        for (const auto& [name, value] : fields) {
            append(payload, text_item(name));
            append(payload, value);
        }
        if (indefinite) {
            payload.push_back(0xff);
        }
        return payload;
    }
};

}  // namespace chatmcp::testing
