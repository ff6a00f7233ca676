#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attest/nvidia_gpu.h"
#include "support/dcap_platform.h"

namespace chatmcp::testing {

/// A GPU of the tests' own: root, authorities, device, signing key and report, each with a knob for
/// what a test makes wrong before it is signed.
class NvidiaPlatform {
  public:
    using Field = std::pair<std::uint16_t, Bytes>;  // Of opaque data.

    SeededRandom random{46};
    UnixMs now{1'780'000'000'000};
    Issuer root{"NVIDIA Device Identity CA", new_key()};
    Issuer chip{"NVIDIA GH100 Identity", new_key()};
    Issuer batch{"NVIDIA GH100 Provisioner ICA 1", new_key()};
    Issuer device{"GH100 A01 GSP BROM", new_key()};
    crypto::EcdsaKey key = new_key();
    Bytes fwid = Bytes(48, 0xf1);

    // ---- Knobs ----
    CertificateSpec chip_spec = authority(chip.name, root.name, 0x02, 0x06);
    CertificateSpec batch_spec = authority(batch.name, chip.name, 0x03, 0x06);
    CertificateSpec device_spec = authority(device.name, batch.name, 0x04, 0x04);
    CertificateSpec leaf_spec{.subject = "GH100 A01 GSP FMC LF",
                              .issuer = device.name,
                              .serial = {0x05},
                              .key_usage = 0x80};
    std::optional<Bytes> firmware_extensions;  // In DER; else device_id_extension().
    Bytes request{0x11, 0xe0, 0x01, 0xff};
    std::uint8_t slot = 0;
    Bytes response{0x11, 0x60, 0x00, 0x00};
    std::optional<std::uint8_t> block_count;
    std::vector<Bytes> blocks = {block(1, 0xa1), block(2, 0xa2), block(64, 0)};
    std::vector<Field> fields = {{3, to_bytes(as_bytes(std::string_view("590.12\0", 7)))},
                                 {6, {0x00, 0xa5, 0x00, 0x96, 0x01, 0x00, 0x00, 0x00}},
                                 {11, {0x55}},
                                 {20, fwid},
                                 {21, {0xaa}},
                                 {22, Bytes(16, 0x0d)}};
    std::function<void(Bytes&)> edit_opaque = [](Bytes&) {};
    std::function<void(Bytes&)> edit_signature = [](Bytes&) {};
    std::function<void(Bytes&)> edit_report = [](Bytes&) {};
    std::function<void(std::vector<Bytes>&)> edit_chain = [](std::vector<Bytes>&) {};
    std::optional<std::string> file;  // NVIDIA's; edit with evidence_file().
    bool give_chain = true;
    std::optional<attest::NvidiaReferences> references;

    /// Sign everything, as the knobs stand, and verify it.
    [[nodiscard]] Result<attest::NvidiaGpuClaims> verify() {
        const Bytes root_der = root_certificate();
        const Bytes report = make_report();
        const Bytes pem = make_chain();
        attest::NvidiaCollateral collateral;
        if (give_chain) {
            collateral.certificate_chain = pem;
        }
        if (file.has_value()) {
            collateral.evidence_file = as_bytes(*file);
        }
        CHATMCP_TRY(const auto anchor, attest::Certificate::read(root_der));
        CHATMCP_TRY(const auto parsed, attest::NvidiaReport::read(report));
        return attest::verify_nvidia_gpu(parsed, collateral, anchor, references, now);
    }

    /// Index and the digest's bytes.
    [[nodiscard]] static Bytes block(std::uint8_t index, std::uint8_t digest) {
        Bytes out{index, 0x01, 0x33, 0x00, 0x01, 0x30, 0x00};
        append(out, Bytes(48, digest));
        return out;
    }
    [[nodiscard]] static Bytes fwid_value(ByteView digest) {
        return der_sequence({der_oid(attest::oid::kSha384), der_octets(digest)});
    }
    /// As Hopper writes it.
    [[nodiscard]] static Bytes device_id_extension(const crypto::EcdsaKey& of,
                                                   ByteView digest,
                                                   std::uint64_t version = 1) {
        return extension(attest::oid::kDiceTcbInfo,
                         false,
                         der_sequence({der_integer(version), spki_of(of), fwid_value(digest)}));
    }
    /// As Blackwell writes it. `flags`: the first byte of the bits.
    [[nodiscard]] static Bytes tcb_info_extension(ByteView fwids, std::uint8_t flags) {
        return extension(attest::oid::kNvidiaDiceTcbInfo,
                         false,
                         der_sequence({der(0x80, {as_bytes("NVIDIA")}),
                                       der(0x84, {Bytes{0x01}}),
                                       der(0xa6, {fwids}),
                                       der(0x87, {Bytes{0x00, flags, 0, 0, 1}}),
                                       der(0x88, {Bytes{0xc0}})}));
    }
    /// NVIDIA's file of this one device.
    [[nodiscard]] std::string evidence_file(const std::string& arch = "HOPPER") {
        last_report_.reset();
        last_report_ = make_report();
        return R"([{"arch":")" + arch + R"(","certificate":")" + to_base64(make_chain()) +
               R"(","evidence":")" + to_base64(*last_report_) + R"(","nonce":")" +
               std::string(64, '6') + R"("}])";
    }
    /// The report that evidence_file() wrote is the one that is verified: signatures differ.
    [[nodiscard]] Bytes make_report() {
        if (last_report_.has_value()) {
            return *last_report_;
        }
        Bytes out = request;
        append(out, Bytes(32, 0x66));
        out.push_back(slot);
        append(out, response);
        Bytes record;
        for (const Bytes& each : blocks) {
            append(record, each);
        }
        out.push_back(block_count.value_or(static_cast<std::uint8_t>(blocks.size())));
        append_u16(out, record.size());
        out.push_back(0);
        append(out, record);
        append(out, Bytes(32, 0x77));
        const Bytes opaque = make_opaque();
        append_u16(out, opaque.size());
        append(out, opaque);
        Bytes signature = fixed_signature(key.sign_raw(out), 48);
        edit_signature(signature);
        append(out, signature);
        edit_report(out);
        return out;
    }
    [[nodiscard]] Bytes make_chain() {
        if (last_chain_.has_value()) {
            return *last_chain_;
        }
        leaf_spec.extensions = firmware_extensions.value_or(device_id_extension(device.key, fwid));
        std::vector<Bytes> chain = {
            make_certificate(leaf_spec, key, device.key),
            make_certificate(device_spec, device.key, batch.key),
            make_certificate(batch_spec, batch.key, chip.key),
            make_certificate(chip_spec, chip.key, root.key),
            root_certificate(),
        };
        edit_chain(chain);
        Bytes out;
        for (const Bytes& each : chain) {
            append(out, pem_of(each));
        }
        if (last_report_.has_value()) {
            last_chain_ = out;
        }
        return out;
    }

  private:
    [[nodiscard]] crypto::EcdsaKey new_key() {
        return crypto::EcdsaKey::generate(crypto::NistCurve::p384, random);
    }
    [[nodiscard]] static CertificateSpec authority(const std::string& name,
                                                   const std::string& issuer,
                                                   std::uint8_t serial,
                                                   std::uint8_t usage) {
        return {.subject = name,
                .issuer = issuer,
                .serial = {serial},
                .authority = true,
                .key_usage = usage};
    }
    [[nodiscard]] Bytes root_certificate() const {
        return make_certificate(
            {.subject = root.name, .issuer = root.name, .authority = true, .key_usage = 0x06},
            root.key,
            root.key);
    }
    static void append_u16(Bytes& out, std::size_t value) {
        out.push_back(static_cast<std::uint8_t>(value & 0xff));
        out.push_back(static_cast<std::uint8_t>(value >> 8));
    }
    [[nodiscard]] Bytes make_opaque() {
        Bytes out;
        for (const auto& [number, data] : fields) {
            append_u16(out, number);
            append_u16(out, data.size());
            append(out, data);
        }
        edit_opaque(out);
        return out;
    }

    std::optional<Bytes> last_report_;
    std::optional<Bytes> last_chain_;
};

}  // namespace chatmcp::testing
