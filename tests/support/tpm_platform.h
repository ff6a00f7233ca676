#pragma once

#include <functional>
#include <string>
#include <vector>

#include "attest/tpm_quote.h"
#include "support/dcap_platform.h"
#include "wire/tls.h"

namespace chatmcp::testing {

/// A TPM of the tests' own: its maker's root and authority, the attestation key (AK) in all three
/// forms, registers and a quote over them, each with a knob for what a test makes wrong before it
/// is signed.
class TpmPlatform {
  public:
    SeededRandom random{45};
    UnixMs now{1'750'000'000'000};
    Issuer root{"Test TPM Root", new_key()};
    Issuer authority{"Test TPM CA", new_key()};
    crypto::EcdsaKey ak = new_key();

    // ---- Knobs ----
    CertificateSpec authority_spec{.subject = authority.name,
                                   .issuer = root.name,
                                   .serial = {0x02},
                                   .authority = true,
                                   .path_length = 0,
                                   .key_usage = 0x04};
    CertificateSpec ak_spec{.subject = "vtpm-1",
                            .issuer = authority.name,
                            .serial = {0x03},
                            .authority = false,
                            .key_usage = 0x80};
    Bytes purpose = to_bytes(attest::oid::kTcgAttestationKey);  // Empty: no extKeyUsage.

    std::uint32_t magic = 0xff544347;
    std::uint16_t type = 0x8018;
    Bytes nonce = Bytes(32, 0x66);
    std::uint8_t safe = 1;
    /// Bank and bitmap of each selection.
    std::vector<std::pair<std::uint16_t, Bytes>> selections = {{0x000b, {0x05, 0x00, 0x80}}};
    std::vector<Bytes> quoted = {Bytes(32, 0x10), Bytes(32, 0x12), Bytes(32, 0x27)};
    std::string pcrs = R"({"sha256":{"0":")" + to_hex(Bytes(32, 0x10)) + R"(","2":")" +
                       to_hex(Bytes(32, 0x12)) + R"(","3":")" + to_hex(Bytes(32, 0x13)) +
                       R"(","23":")" + to_hex(Bytes(32, 0x27)) + R"("}})";
    std::uint16_t scheme = 0x0018;
    std::uint16_t hash = 0x000b;
    std::uint32_t attributes = 0x00050072;
    std::uint16_t public_type = 0x0023;
    std::uint16_t public_cipher = 0x0010;
    std::uint16_t curve = 0x0003;
    std::uint32_t hierarchy = 0x4000000b;                    // That the AK is the primary key of.
    std::function<void(Bytes&)> edit_quote = [](Bytes&) {};  // Before it is signed,
    std::function<void(Bytes&)> edit_signature = [](Bytes&) {};  // and after.
    std::function<void(Bytes&)> edit_public = [](Bytes&) {};
    std::function<void(Bytes&)> edit_certificate = [](Bytes&) {};
    std::function<void(attest::TpmEvidence&)> edit_evidence = [](attest::TpmEvidence&) {};

    /// Sign everything, as the knobs stand, and verify it.
    [[nodiscard]] Result<attest::TpmClaims> verify() {
        const Bytes root_der = make_certificate(
            {.subject = root.name, .issuer = root.name, .authority = true, .key_usage = 0x06},
            root.key,
            root.key);
        const Bytes authority_der = make_certificate(authority_spec, authority.key, root.key);
        const Bytes certificate = make_ak_certificate();
        const Bytes ak_public = make_public();
        const Bytes quote = make_quote(ak_public);
        const Bytes signature = make_signature(quote);
        const Bytes pem = pem_of_key(spki_of(ak));
        CHATMCP_TRY(const auto anchor, attest::Certificate::read(root_der));
        attest::TpmEvidence evidence{.quote = quote,
                                     .signature = signature,
                                     .pcrs = as_bytes(pcrs),
                                     .ak_public_key = pem,
                                     .ak_public = ak_public,
                                     .ak_certificate = certificate,
                                     .authorities = {authority_der}};
        edit_evidence(evidence);
        return attest::verify_tpm_quote(evidence, std::span(&anchor, 1), now);
    }
    [[nodiscard]] Bytes make_ak_certificate() {
        CertificateSpec spec = ak_spec;
        if (!purpose.empty()) {
            append(
                spec.extensions,
                extension(attest::oid::kExtendedKeyUsage, false, der_sequence({der_oid(purpose)})));
        }
        Bytes certificate = make_certificate(spec, ak, authority.key);
        edit_certificate(certificate);
        return certificate;
    }
    /// TPMT_PUBLIC of an ECC key.
    [[nodiscard]] Bytes make_public() {
        wire::Writer out;
        out.u16(public_type);
        out.u16(0x000b);
        out.u32(attributes);
        out.u16(0);  // authPolicy
        out.u16(public_cipher);
        out.u16(0x0018);
        out.u16(0x000b);
        out.u16(curve);
        out.u16(0x0010);  // No key derivation.
        const ByteView point = ByteView(ak.public_key()).subspan(1);
        write_sized(out, point.first(32));
        write_sized(out, point.subspan(32));
        Bytes bytes = out.take();
        edit_public(bytes);
        return bytes;
    }
    /// TPMS_ATTEST. `ak_public`: whose name it is signed by.
    [[nodiscard]] Bytes make_quote(ByteView ak_public) {
        wire::Writer out;
        out.u32(magic);
        out.u16(type);
        wire::Writer parent;
        parent.u32(hierarchy);
        parent.u16(0x000b);
        parent.fixed(crypto::sha256(ak_public));
        write_sized(out, concat({Bytes{0x00, 0x0b}, crypto::sha256(parent.view())}));
        write_sized(out, nonce);
        out.u64(12'345);
        out.u32(7);
        out.u32(1);
        out.u8(safe);
        out.u64(0x2020031200120003);
        out.u32(static_cast<std::uint32_t>(selections.size()));
        for (const auto& [bank, bitmap] : selections) {
            out.u16(bank);
            out.u8(static_cast<std::uint8_t>(bitmap.size()));
            out.fixed(bitmap);
        }
        Bytes all;
        for (const Bytes& value : quoted) {
            append(all, value);
        }
        write_sized(out, crypto::sha256(all));
        Bytes bytes = out.take();
        edit_quote(bytes);
        return bytes;
    }
    [[nodiscard]] Bytes make_signature(ByteView quote) {
        const Bytes r_s = fixed_signature(ak.sign_raw(quote), 32);
        wire::Writer out;
        out.u16(scheme);
        out.u16(hash);
        write_sized(out, ByteView(r_s).first(32));
        write_sized(out, ByteView(r_s).subspan(32));
        Bytes bytes = out.take();
        edit_signature(bytes);
        return bytes;
    }
    [[nodiscard]] static Bytes pem_of_key(ByteView spki) {
        return to_bytes(as_bytes("-----BEGIN PUBLIC KEY-----\n" + to_base64(spki).substr(0, 64) +
                                 "\n" + to_base64(spki).substr(64) +
                                 "\n-----END PUBLIC KEY-----\n"));
    }
    /// TPM2B.
    static void write_sized(wire::Writer& out, ByteView bytes) {
        out.u16(static_cast<std::uint16_t>(bytes.size()));
        out.fixed(bytes);
    }

  private:
    [[nodiscard]] crypto::EcdsaKey new_key() {
        return crypto::EcdsaKey::generate(crypto::NistCurve::p256, random);
    }
};

}  // namespace chatmcp::testing
