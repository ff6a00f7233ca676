#pragma once

#include <functional>
#include <optional>
#include <string>

#include "attest/dcap.h"
#include "attest/object_identifiers.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "support/der_writer.h"
#include "support/random.h"

namespace chatmcp::testing {

/// What a certificate of the tests says; its signature comes last, so that everything may be wrong
/// and still signed.
struct CertificateSpec {
    std::string subject;
    std::string issuer;
    Bytes serial = {0x01};
    UnixMs not_before{0};
    UnixMs not_after{4'000'000'000'000};
    std::uint64_t version = 2;
    std::optional<bool> authority = {};
    std::optional<std::uint64_t> path_length = {};
    std::optional<std::uint8_t> key_usage = {};  // The bits' first byte.
    Bytes extensions = {};                       // Further ones, in DER.
    Bytes inner_algorithm = {};                  // Empty: the same as outside.
};

/// A key with its name.
struct Issuer {
    std::string name;
    crypto::EcdsaKey key;
};

inline Bytes p256_algorithm() {
    return der_sequence({der_oid(attest::oid::kEcdsaWithSha256)});
}
/// ECDSA with the hash of the key's size: P-256 or P-384.
inline Bytes algorithm_of(const crypto::EcdsaKey& key) {
    return key.curve() == crypto::NistCurve::p256
               ? p256_algorithm()
               : der_sequence({der_oid(attest::oid::kEcdsaWithSha384)});
}
inline Bytes spki_of(const crypto::EcdsaKey& key) {
    const Bytes kEcPublicKey{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
    const Bytes kP256{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    const Bytes kP384{0x2b, 0x81, 0x04, 0x00, 0x22};
    const Bytes& curve = key.curve() == crypto::NistCurve::p256 ? kP256 : kP384;
    return der_sequence(
        {der_sequence({der_oid(kEcPublicKey), der_oid(curve)}), der_bits(key.public_key())});
}
inline Bytes extension(ByteView id, bool critical, ByteView value) {
    const Bytes yes{0x01, 0x01, 0xff};
    return der_sequence({der_oid(id), critical ? ByteView(yes) : ByteView(), der_octets(value)});
}
inline Bytes sign_der(ByteView content, const crypto::EcdsaKey& key) {
    return der_sequence({content, algorithm_of(key), der_bits(key.sign_raw(content))});
}

inline Bytes make_certificate(const CertificateSpec& spec,
                              const crypto::EcdsaKey& subject_key,
                              const crypto::EcdsaKey& issuer_key) {
    Bytes extensions = spec.extensions;
    if (spec.authority.has_value()) {
        const Bytes yes{0x01, 0x01, 0xff};
        const Bytes length =
            spec.path_length.has_value() ? der_integer(*spec.path_length) : Bytes();
        append(extensions,
               extension(attest::oid::kBasicConstraints,
                         true,
                         der_sequence({*spec.authority ? ByteView(yes) : ByteView(), length})));
    }
    if (spec.key_usage.has_value()) {
        append(extensions,
               extension(attest::oid::kKeyUsage, true, der(0x03, {Bytes{0x01, *spec.key_usage}})));
    }
    const Bytes inner =
        spec.inner_algorithm.empty() ? algorithm_of(issuer_key) : spec.inner_algorithm;
    const Bytes content =
        der_sequence({der(0xa0, {der_integer(spec.version)}),
                      der_integer(ByteView(spec.serial)),
                      inner,
                      der_name(spec.issuer),
                      der_sequence({der_time(spec.not_before), der_time(spec.not_after)}),
                      der_name(spec.subject),
                      spki_of(subject_key),
                      extensions.empty() ? Bytes() : der(0xa3, {der_sequence({extensions})})});
    return sign_der(content, issuer_key);
}

inline Bytes make_revocation_list(const Issuer& issuer,
                                  UnixMs this_update,
                                  std::optional<UnixMs> next_update,
                                  const std::vector<Bytes>& serials,
                                  ByteView extensions = {}) {
    Bytes entries;
    for (const Bytes& serial : serials) {
        append(entries, der_sequence({der_integer(ByteView(serial)), der_time(this_update)}));
    }
    return sign_der(
        der_sequence({der_integer(std::uint64_t{1}),
                      algorithm_of(issuer.key),
                      der_name(issuer.name),
                      der_time(this_update),
                      next_update.has_value() ? der_time(*next_update) : Bytes(),
                      entries.empty() ? Bytes() : der_sequence({entries}),
                      extensions.empty() ? Bytes() : der(0xa0, {der_sequence({extensions})})}),
        issuer.key);
}

inline Bytes pem_of(ByteView certificate) {
    const std::string text = to_base64(certificate);
    std::string out = "-----BEGIN CERTIFICATE-----\n";
    for (std::size_t at = 0; at < text.size(); at += 64) {
        out += text.substr(at, 64) + "\n";
    }
    out += "-----END CERTIFICATE-----\n";
    return to_bytes(as_bytes(out));
}

/// A whole platform of its own: root, authorities, processor, quoting enclave and the provisioning
/// service's documents, each with a knob for what a test makes wrong before it is signed.
class DcapPlatform {
  public:
    SeededRandom random{42};
    UnixMs now{1'750'000'000'000};
    Issuer root{"Test SGX Root CA", crypto::EcdsaKey::generate(crypto::NistCurve::p256, random)};
    Issuer platform_ca{"Intel SGX PCK Platform CA",
                       crypto::EcdsaKey::generate(crypto::NistCurve::p256, random)};
    Issuer tcb_signer{"Intel SGX TCB Signing",
                      crypto::EcdsaKey::generate(crypto::NistCurve::p256, random)};
    crypto::EcdsaKey pck_key = crypto::EcdsaKey::generate(crypto::NistCurve::p256, random);
    crypto::EcdsaKey attestation_key = crypto::EcdsaKey::generate(crypto::NistCurve::p256, random);

    // ---- Knobs ----
    CertificateSpec ca_spec{.subject = platform_ca.name,
                            .issuer = root.name,
                            .serial = {0x02},
                            .authority = true,
                            .path_length = 0,
                            .key_usage = 0x06};
    CertificateSpec pck_spec{.subject = "Intel SGX PCK Certificate",
                             .issuer = platform_ca.name,
                             .serial = {0x03},
                             .authority = false,
                             .key_usage = 0xc0};
    CertificateSpec signer_spec{.subject = tcb_signer.name,
                                .issuer = root.name,
                                .serial = {0x04},
                                .authority = false,
                                .key_usage = 0xc0};
    std::optional<Bytes> pck_extension;  // Value of the SGX extension.
    std::vector<Bytes> revoked_by_root;
    std::vector<Bytes> revoked_by_ca;
    std::string tcb_info = tcb_info_text("SGX", 3, "00606a000000");
    std::string qe_identity = qe_identity_text("QE", 2);
    std::function<void(Bytes&)> edit_report = [](Bytes&) {};     // The enclave's, of 384 bytes.
    std::function<void(Bytes&)> edit_qe_report = [](Bytes&) {};  // The quoting enclave's.
    std::function<void(Bytes&)> edit_header = [](Bytes&) {};
    std::uint16_t certification_type = attest::DcapQuote::kPckChain;
    bool tdx = false;       // Version 4 and a TD report, instead of 3 and an enclave's.
    bool give_root = true;  // In the chains that come along.

    [[nodiscard]] Bytes root_certificate() const {
        return make_certificate(
            {.subject = root.name, .issuer = root.name, .authority = true, .key_usage = 0x06},
            root.key,
            root.key);
    }
    [[nodiscard]] std::string tcb_info_text(const std::string& id,
                                            int version,
                                            const std::string& fmspc) const {
        std::string components;
        for (int i = 0; i < 16; ++i) {
            components += std::string(i == 0 ? "" : ",") + R"({"svn":1})";
        }
        const std::string judgement =
            R"(,"tcbDate":"2024-03-13T00:00:00Z","tcbStatus":"UpToDate"})";
        const std::string module = R"("mrsigner":")" + std::string(96, '0') +
                                   R"(","attributes":"0000000000000000",)" +
                                   R"("attributesMask":"FFFFFFFFFFFFFFFF")";
        const std::string modules =
            id != "TDX"
                ? ""
                : R"("tdxModule":{)" + module + R"(},"tdxModuleIdentities":[{"id":"TDX_01",)" +
                      module + R"(,"tcbLevels":[{"tcb":{"isvsvn":4})" + judgement + "]}],";
        return R"({"id":")" + id + R"(","version":)" + std::to_string(version) +
               R"(,"issueDate":")" + to_time_text(now.plus_ms(-kDayMs)) + R"(","nextUpdate":")" +
               to_time_text(now.plus_ms(29 * kDayMs)) + R"(","fmspc":")" + fmspc +
               R"(","pceId":"0000","tcbType":0,"tcbEvaluationDataNumber":17,)" + modules +
               R"("tcbLevels":[{"tcb":{"sgxtcbcomponents":[)" + components +
               R"(],"pcesvn":5,"tdxtcbcomponents":[)" + components + "]}" + judgement + "]}";
    }
    [[nodiscard]] std::string qe_identity_text(const std::string& id, int version) const {
        return R"({"id":")" + id + R"(","version":)" + std::to_string(version) +
               R"(,"issueDate":")" + to_time_text(now.plus_ms(-kDayMs)) + R"(","nextUpdate":")" +
               to_time_text(now.plus_ms(29 * kDayMs)) +
               R"(","tcbEvaluationDataNumber":17,"miscselect":"00000000","miscselectMask":"FFFFFFFF",)" +
               R"("attributes":"11000000000000000000000000000000",)" +
               R"("attributesMask":"FBFFFFFFFFFFFFFF0000000000000000","mrsigner":")" +
               to_hex(Bytes(32, 0xdc)) + R"(","isvprodid":1,"tcbLevels":[{"tcb":{"isvsvn":2},)" +
               R"("tcbDate":"2024-03-13T00:00:00Z","tcbStatus":"UpToDate"}]})";
    }

    /// Sign everything, as the knobs stand, and verify it.
    [[nodiscard]] Result<attest::DcapClaims> verify() {
        files_ =
            Files{.quote = make_quote(),
                  .tcb_info = signed_document("tcbInfo", tcb_info),
                  .qe_identity = signed_document("enclaveIdentity", qe_identity),
                  .signer_chain = chain({make_certificate(signer_spec, tcb_signer.key, root.key)}),
                  .root_crl = make_revocation_list(
                      root, now.plus_ms(-kDayMs), now.plus_ms(kDayMs), revoked_by_root),
                  .pck_crl = make_revocation_list(
                      platform_ca, now.plus_ms(-kDayMs), now.plus_ms(kDayMs), revoked_by_ca),
                  .ca_chain = chain({make_certificate(ca_spec, platform_ca.key, root.key)}),
                  .root = root_certificate()};
        return verify_files();
    }
    /// The same files again, as a test left them.
    [[nodiscard]] Result<attest::DcapClaims> verify_files() const {
        CHATMCP_TRY(const auto anchor, attest::Certificate::read(files_.root));
        CHATMCP_TRY(const auto quote, attest::DcapQuote::read(files_.quote));
        const attest::DcapCollateral collateral{.tcb_info = files_.tcb_info,
                                                .tcb_info_issuer_chain = files_.signer_chain,
                                                .qe_identity = files_.qe_identity,
                                                .qe_identity_issuer_chain = files_.signer_chain,
                                                .root_ca_crl = files_.root_crl,
                                                .pck_crl = files_.pck_crl,
                                                .pck_crl_issuer_chain = files_.ca_chain,
                                                .pck_chain = std::nullopt};
        return attest::verify_dcap(quote, collateral, anchor, now);
    }
    struct Files {
        Bytes quote;
        Bytes tcb_info;
        Bytes qe_identity;
        Bytes signer_chain;
        Bytes root_crl;
        Bytes pck_crl;
        Bytes ca_chain;
        Bytes root;
    };
    Files& files() { return files_; }

    [[nodiscard]] static Bytes sgx_extension(std::uint8_t svn, ByteView fmspc) {
        const auto entry = [](Bytes id, ByteView value) {
            return der_sequence({der_oid(id), value});
        };
        const Bytes base = to_bytes(attest::oid::kSgxExtensions);
        const auto below = [](Bytes id, std::uint8_t number) {
            id.push_back(number);
            return id;
        };
        Bytes tcb;
        for (std::uint8_t i = 1; i <= 16; ++i) {
            append(tcb, entry(below(below(base, 2), i), der_integer(std::uint64_t{svn})));
        }
        append(tcb, entry(below(below(base, 2), 17), der_integer(std::uint64_t{7})));
        append(tcb, entry(below(below(base, 2), 18), der_octets(Bytes(16, 0x11))));
        return der_sequence({entry(below(base, 1), der_octets(Bytes(16, 0x22))),
                             entry(below(base, 2), der_sequence({tcb})),
                             entry(below(base, 3), der_octets(Bytes(2, 0))),
                             entry(below(base, 4), der_octets(fmspc)),
                             entry(below(base, 5), der(0x0a, {Bytes{0}}))});
    }

  private:
    [[nodiscard]] Bytes chain(std::initializer_list<ByteView> certificates) const {
        Bytes out;
        for (const ByteView certificate : certificates) {
            append(out, pem_of(certificate));
        }
        if (give_root) {
            append(out, pem_of(root_certificate()));
        }
        return out;
    }
    [[nodiscard]] Bytes signed_document(const std::string& name, const std::string& body) const {
        const Bytes signature = fixed_signature(tcb_signer.key.sign_raw(as_bytes(body)), 32);
        return to_bytes(as_bytes("{\"" + name + "\":" + body + ",\"signature\":\"" +
                                 to_hex(signature) + "\"}"));
    }
    [[nodiscard]] Bytes make_quote() {
        Bytes header(48, 0);
        header[0] = 3;
        header[2] = 2;
        Bytes report(attest::SgxReport::kBytes, 0x5a);
        if (tdx) {
            header[0] = 4;
            header[4] = 0x81;
            report.assign(attest::TdReport::kBytes10, 0);
            std::fill_n(report.begin(), 16, 4);  // TEE_TCB_SVN,
            report[1] = 1;                       // of a module of version 1.
        }
        edit_header(header);
        edit_report(report);
        Bytes signed_part = header;
        append(signed_part, report);
        const Bytes key(attestation_key.public_key().begin() + 1,
                        attestation_key.public_key().end());
        const Bytes auth_data(32, 0x77);
        Bytes qe_report(attest::SgxReport::kBytes, 0);
        qe_report[48] = 0x11;
        std::fill_n(qe_report.begin() + 128, 32, 0xdc);
        qe_report[256] = 1;
        qe_report[258] = 2;
        Bytes named = key;
        append(named, auth_data);
        std::ranges::copy(crypto::sha256(named), qe_report.begin() + 320);
        edit_qe_report(qe_report);
        CertificateSpec pck = pck_spec;
        append(
            pck.extensions,
            extension(attest::oid::kSgxExtensions,
                      false,
                      pck_extension.value_or(sgx_extension(3, from_hex("00606a000000").value()))));
        const Bytes pem = chain({make_certificate(pck, pck_key, platform_ca.key),
                                 make_certificate(ca_spec, platform_ca.key, root.key)});
        Bytes certification = qe_report;
        append(certification, fixed_signature(pck_key.sign_raw(qe_report), 32));
        append(certification, little_endian(auth_data.size(), 2));
        append(certification, auth_data);
        append(certification, little_endian(certification_type, 2));
        append(certification, little_endian(pem.size(), 4));
        append(certification, pem);
        Bytes data = fixed_signature(attestation_key.sign_raw(signed_part), 32);
        append(data, key);
        if (tdx) {
            append(data, little_endian(6, 2));
            append(data, little_endian(certification.size(), 4));
        }
        append(data, certification);
        Bytes quote = signed_part;
        append(quote, little_endian(data.size(), 4));
        append(quote, data);
        return quote;
    }
    [[nodiscard]] static Bytes little_endian(std::size_t value, std::size_t size_bytes) {
        Bytes out;
        for (std::size_t i = 0; i < size_bytes; ++i) {
            out.push_back(static_cast<std::uint8_t>((value >> (8 * i)) & 0xff));
        }
        return out;
    }

    Files files_;
};

}  // namespace chatmcp::testing
