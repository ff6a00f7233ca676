#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "attest/sev_snp.h"
#include "support/dcap_platform.h"

namespace chatmcp::testing {

/// A processor with SEV-SNP of the tests' own: AMD's root and authority, the chip's key and its
/// report, each with a knob for what a test makes wrong before it is signed.
class SnpPlatform {
  public:
    /// Offsets of the report that tests write to. Spec: AMD publication 56860.
    static constexpr std::size_t kVersion = 0x00;
    static constexpr std::size_t kPolicy = 0x08;
    static constexpr std::size_t kVmpl = 0x30;
    static constexpr std::size_t kAlgorithm = 0x34;
    static constexpr std::size_t kPlatformInfo = 0x40;
    static constexpr std::size_t kKeyInfo = 0x48;
    static constexpr std::size_t kReportedTcb = 0x180;
    static constexpr std::size_t kProcessor = 0x188;
    static constexpr std::size_t kChipId = 0x1a0;
    static constexpr std::size_t kSignature = 0x2a0;

    SeededRandom random{43};
    UnixMs now{1'750'000'000'000};
    Issuer root{"ARK-Milan", new_key()};
    Issuer authority{"SEV-Milan", new_key()};
    crypto::EcdsaKey key = new_key();

    // ---- Knobs ----
    CertificateSpec authority_spec{.subject = authority.name,
                                   .issuer = root.name,
                                   .serial = {0x02},
                                   .authority = true,
                                   .path_length = 0,
                                   .key_usage = 0x04};
    CertificateSpec key_spec{.subject = "SEV-VCEK", .issuer = authority.name, .serial = {0x03}};
    /// By the numbers below 1.3.6.1.4.1.3704.1, the value of each extension.
    std::map<Bytes, Bytes> extensions = {
        {{1}, der_integer(std::uint64_t{0})},
        {{2}, ia5("Milan-B0")},
        {{3, 1}, der_integer(std::uint64_t{4})},
        {{3, 2}, der_integer(std::uint64_t{0})},
        {{3, 3}, der_integer(std::uint64_t{24})},
        {{3, 4}, der_integer(std::uint64_t{0})},
        {{3, 5}, der_integer(std::uint64_t{0})},
        {{3, 6}, der_integer(std::uint64_t{0})},
        {{3, 7}, der_integer(std::uint64_t{0})},
        {{3, 8}, der_integer(std::uint64_t{219})},
        {{4}, Bytes(64, 0x77)},
    };
    std::function<void(Bytes&)> edit_report = [](Bytes&) {};     // Before it is signed,
    std::function<void(Bytes&)> edit_signature = [](Bytes&) {};  // and after.
    std::function<void(attest::SnpCollateral&)> edit_collateral = [](attest::SnpCollateral&) {};
    std::vector<Bytes> revoked;

    struct Files {
        Bytes root;
        Bytes authority;
        Bytes key;
        Bytes crl;
        Bytes report;
    };
    /// Sign everything, as the knobs stand.
    [[nodiscard]] Files make_files() {
        CertificateSpec leaf = key_spec;
        for (const auto& [numbers, value] : extensions) {
            Bytes id = to_bytes(attest::oid::kAmdKeyExtensions);
            append(id, numbers);
            append(leaf.extensions, extension(id, false, value));
        }
        return Files{
            .root = make_certificate(
                {.subject = root.name, .issuer = root.name, .authority = true, .key_usage = 0x06},
                root.key,
                root.key),
            .authority = make_certificate(authority_spec, authority.key, root.key),
            .key = make_certificate(leaf, key, authority.key),
            .crl = make_revocation_list(root, now.plus_ms(-kDayMs), now.plus_ms(kDayMs), revoked),
            .report = make_report()};
    }
    /// The same, and verify it.
    [[nodiscard]] Result<attest::SnpClaims> verify() {
        const Files files = make_files();
        CHATMCP_TRY(const auto anchor, attest::Certificate::read(files.root));
        CHATMCP_TRY(const auto parsed, attest::SignedSnpReport::read(files.report));
        attest::SnpCollateral collateral{.certificates = {files.key, files.authority},
                                         .certificate_table = {},
                                         .ark_crl = files.crl};
        edit_collateral(collateral);
        return attest::verify_sev_snp(
            parsed, collateral, attest::SnpAnchors{.roots = std::span(&anchor, 1)}, now);
    }

    [[nodiscard]] static Bytes ia5(std::string_view text) { return der(0x16, {as_bytes(text)}); }

  private:
    [[nodiscard]] crypto::EcdsaKey new_key() {
        return crypto::EcdsaKey::generate(crypto::NistCurve::p384, random);
    }
    [[nodiscard]] Bytes make_report() {
        Bytes report(attest::SignedSnpReport::kBytes, 0);
        report[kVersion] = 3;
        report[kPolicy + 2] = 0x03;  // SMT allowed; the bit that is always set.
        report[kAlgorithm] = 1;
        report[kReportedTcb] = 4;
        report[kReportedTcb + 6] = 24;
        report[kReportedTcb + 7] = 219;
        report[kProcessor] = 0x19;
        report[kProcessor + 1] = 0x01;
        std::fill_n(report.begin() + kChipId, 64, 0x77);
        edit_report(report);
        const Bytes signature =
            fixed_signature(key.sign_raw(ByteView(report).first(kSignature)), 48);
        std::reverse_copy(signature.begin(), signature.begin() + 48, report.begin() + kSignature);
        std::reverse_copy(
            signature.begin() + 48, signature.end(), report.begin() + kSignature + 72);
        edit_signature(report);
        return report;
    }
};

}  // namespace chatmcp::testing
