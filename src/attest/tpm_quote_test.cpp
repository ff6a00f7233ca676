// Quotes of TPMs, as they were found: tests/vectors/evidence.

#include "attest/tpm_quote.h"

#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::attest {
namespace {

using testing::Vector;

Bytes load(const std::string& path) {
    return to_bytes(as_bytes(testing::load_text("evidence/" + path)));
}

/// Google's two roots and Azure's.
class TpmRoots {
  public:
    TpmRoots() {
        for (const char* name :
             {"google-tpm-ek-root-1.pem", "google-ek-ak-ca-root.pem", "azure-vtpm-root-2023.pem"}) {
            der_.push_back(certificates_of_pem(load(std::string("roots/") + name)).value().front());
            roots_.push_back(Certificate::read(der_.back()).value());
        }
    }
    [[nodiscard]] std::span<const Certificate> all() const { return roots_; }

  private:
    std::vector<Bytes> der_;
    std::vector<Certificate> roots_;
};

// For cases that have no time of their own.
constexpr UnixMs kWithinAllCertificates{1'750'000'000'000};

/// One folder of the corpus; what its files hold can be changed before it is verified.
class Case {
  public:
    explicit Case(const std::string& name)
        : name_(name), facts_(testing::load_document("evidence/tpm/" + name + "/case.json")) {
        std::vector<std::string> names = facts_.texts("collateral");
        names.push_back(facts_.text("evidence"));
        for (const std::string& file : names) {
            files[file] = load("tpm/" + name + "/" + file);
        }
    }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Vector expected() const { return facts_.object("expected"); }
    [[nodiscard]] bool has_quote() const { return files.contains("quote.msg"); }
    [[nodiscard]] UnixMs verify_at() const {
        return facts_.has("verify_at") ? from_time_text(facts_.text("verify_at")).value()
                                       : kWithinAllCertificates;
    }
    /// `bank`: "", or "_sha1" and "_sha384" for the further quotes of one case.
    [[nodiscard]] Result<TpmClaims> verify(const TpmRoots& roots,
                                           const std::string& bank = "") const {
        TpmEvidence evidence{.quote = files.at("quote" + bank + ".msg"),
                             .signature = files.at("quote" + bank + ".sig"),
                             .pcrs = files.at("pcrs" + bank + ".json"),
                             .ak_public_key = file("ak_pub.pem"),
                             .ak_public = file("ak_public.tpmt"),
                             .ak_certificate = file("ak_cert.der"),
                             .authorities = authorities()};
        return verify_tpm_quote(evidence, roots.all(), verify_at());
    }
    [[nodiscard]] Result<TpmAkCertificate> verify_certificate(const TpmRoots& roots,
                                                              UnixMs at) const {
        return verify_ak_certificate(files.at("ak_cert.pem"), authorities(), roots.all(), at);
    }

    std::map<std::string, Bytes> files;

  private:
    [[nodiscard]] std::optional<ByteView> file(const std::string& name) const {
        const auto found = files.find(name);
        return found == files.end() ? std::nullopt : std::optional<ByteView>(found->second);
    }
    [[nodiscard]] std::vector<ByteView> authorities() const {
        std::vector<ByteView> out;
        for (const char* name :
             {"ak_intermediate.pem", "ak_root.pem", "intermediate.pem", "root.pem"}) {
            if (const auto found = file(name); found.has_value()) {
                out.push_back(*found);
            }
        }
        return out;
    }

    std::string name_;
    Vector facts_;
};

std::vector<Case> all_quotes() {
    std::vector<Case> out;
    for (const Vector& entry : testing::load_vectors("evidence/index.json")) {
        if (entry.text("kind") == "tpm") {
            Case each(entry.text("name"));
            if (each.has_quote()) {
                out.push_back(std::move(each));
            }
        }
    }
    return out;
}

template <class Claims>
std::string check_of(const Result<Claims>& result) {
    return result.has_value() ? "verified" : result.error().check;
}

void expect_quote(const TpmQuote& quote, const Vector& expected) {
    EXPECT_EQ(to_hex(quote.qualified_signer), expected.text("qualifiedSigner"));
    EXPECT_EQ(to_hex(quote.extra_data), expected.text("extraData"));
    EXPECT_EQ(quote.clock_ms, expected.u64("clock"));
    EXPECT_EQ(quote.reset_count, expected.u64("resetCount"));
    EXPECT_EQ(quote.restart_count, expected.u64("restartCount"));
    EXPECT_EQ(quote.safe ? 1u : 0u, expected.u64("safe"));
    Bytes version;
    for (int shift = 56; shift >= 0; shift -= 8) {
        version.push_back(static_cast<std::uint8_t>((quote.firmware_version >> shift) & 0xff));
    }
    EXPECT_EQ(to_hex(version), expected.text("firmwareVersion"));
    EXPECT_EQ(to_hex(quote.pcr_digest), expected.text("pcrDigest"));
    const auto selections = expected.list("pcrSelect");
    ASSERT_EQ(quote.selections.size(), selections.size());
    for (std::size_t i = 0; i < selections.size(); ++i) {
        EXPECT_EQ(tpm_hash_name(quote.selections[i].bank), selections[i].text("hash"));
        const auto numbers = selections[i].numbers("pcrs");
        EXPECT_EQ(std::vector<std::uint64_t>(quote.selections[i].registers.begin(),
                                             quote.selections[i].registers.end()),
                  numbers);
    }
}

TEST(TpmQuoteCases, EveryCaseHasItsVerdictAndItsFacts) {
    const TpmRoots roots;
    int verified = 0;
    int refused = 0;
    for (const Case& each : all_quotes()) {
        SCOPED_TRACE(each.name());
        const Vector expected = each.expected();
        // What a refused quote says is read all the same.
        const auto quote = TpmQuote::read(each.files.at("quote.msg"));
        ASSERT_TRUE(quote.has_value()) << quote.error().check;
        expect_quote(*quote, expected.object("tpms_attest"));
        const auto claims = each.verify(roots);
        ASSERT_EQ(claims.has_value(), expected.boolean("verifies")) << check_of(claims);
        if (!claims.has_value()) {
            ++refused;
            continue;
        }
        ++verified;
        EXPECT_EQ(to_hex(claims->nonce), expected.text("nonce"));
        EXPECT_EQ(claims->clock_ms, quote->clock_ms);
        ASSERT_EQ(claims->pcrs.size(), 1u);
        EXPECT_EQ(tpm_hash_name(claims->pcrs.begin()->first), expected.text("pcr_bank"));
        EXPECT_EQ(claims->pcrs, tpm_pcrs_of_json(as_text(each.files.at("pcrs.json"))).value());
        EXPECT_EQ(claims->ak_certificate.has_value(), expected.has("ak_cert"));
    }
    EXPECT_EQ(verified, 3);
    EXPECT_EQ(refused, 2);
}

TEST(TpmQuoteCases, EveryRefusedCaseIsRefusedByItsName) {
    const TpmRoots roots;
    const std::map<std::string, std::string> reasons = {{"tampered-nonce", "ATT-219"},
                                                        {"tampered-pcr0", "ATT-218"}};
    std::map<std::string, std::string> found;
    for (const Case& each : all_quotes()) {
        if (const auto claims = each.verify(roots); !claims.has_value()) {
            found[each.name()] = claims.error().check;
        }
    }
    EXPECT_EQ(found, reasons);
}

TEST(TpmQuoteCases, GooglesKeyHasACertificateAndTheQuoteNamesItsAttributes) {
    const TpmRoots roots;
    const Case each("gce-cos85-no-nonce");
    const auto claims = each.verify(roots);
    ASSERT_TRUE(claims.has_value()) << claims.error().check;
    EXPECT_EQ(claims->ak_attributes, 0x00050072u);
    EXPECT_TRUE(claims->ak_attributes_quoted);
    EXPECT_FALSE(claims->uses_sha1());
    EXPECT_TRUE(claims->nonce.empty());
    const Vector certificate = each.expected().object("ak_cert");
    ASSERT_TRUE(claims->ak_certificate.has_value());
    EXPECT_EQ(claims->ak_certificate->subject, certificate.text("subject"));
    EXPECT_TRUE(certificate.text("issuer").starts_with("CN=tpm_ek_v1_cloud_host-signer-0-2020"));
    EXPECT_TRUE(claims->ak_certificate->issuer.starts_with("tpm_ek_v1_cloud_host-signer-0-2020"));
    EXPECT_EQ(claims->ak_certificate->key, claims->ak);
    EXPECT_EQ(claims->ak_certificate->padding_bytes, 0u);
    EXPECT_TRUE(certificate.boolean("key_matches_ak"));
}

// The digest over the registers is of the signature's hash, whatever the bank's is.
TEST(TpmQuoteCases, BanksOfOtherHashesAreQuotedWithTheSignaturesHash) {
    const TpmRoots roots;
    const Case each("gce-cos85-no-nonce");
    const auto sha1 = each.verify(roots, "_sha1");
    ASSERT_TRUE(sha1.has_value()) << sha1.error().check;
    EXPECT_EQ(sha1->pcrs.at(TpmHash::sha1).size(), 24u);
    EXPECT_TRUE(sha1->uses_sha1());
    const auto sha384 = each.verify(roots, "_sha384");
    ASSERT_TRUE(sha384.has_value()) << sha384.error().check;
    EXPECT_EQ(sha384->pcrs.at(TpmHash::sha384).at(0).size(), 48u);
    EXPECT_FALSE(sha384->uses_sha1());
    // Signed with SHA-1, in a hierarchy of its own below another key.
    const auto windows = Case("gcp-shielded-vm-windows-sha1").verify(roots);
    ASSERT_TRUE(windows.has_value()) << windows.error().check;
    EXPECT_TRUE(windows->uses_sha1());
    EXPECT_EQ(windows->ak_attributes, 0x00050472u);
    EXPECT_FALSE(windows->ak_attributes_quoted);
    EXPECT_FALSE(windows->ak_certificate.has_value());
}

TEST(TpmQuoteCases, AzuresCertificateVerifiesWithoutAQuote) {
    const TpmRoots roots;
    const Case each("azure-ak-certificate");
    const Vector expected = each.expected();
    const auto certificate = each.verify_certificate(roots, each.verify_at());
    ASSERT_TRUE(certificate.has_value()) << certificate.error().check;
    EXPECT_TRUE(expected.boolean("verifies"));
    EXPECT_EQ("CN=" + certificate->subject, expected.text("subject"));
    EXPECT_EQ("CN=" + certificate->issuer, expected.text("issuer"));
    EXPECT_EQ(to_hex(crypto::sha256(certificate->key)), expected.text("ak_spki_sha256"));
    EXPECT_EQ(certificate->padding_bytes, expected.u64("trailing_bytes_in_pem"));
    const auto window = expected.texts("in_date_window");
    EXPECT_EQ(to_time_text(certificate->key_ends), window[1]);
    for (const std::string& edge : window) {
        const UnixMs at = from_time_text(edge).value();
        const bool end = edge == window[1];
        EXPECT_EQ(check_of(each.verify_certificate(roots, at)), "verified") << edge;
        EXPECT_EQ(check_of(each.verify_certificate(roots, at.plus_ms(end ? 1'000 : -1'000))),
                  "ATT-47")
            << edge;
    }
}

TEST(TpmQuoteCases, HalvesThatDoNotBelongTogetherAreRefusedByName) {
    const TpmRoots roots;
    Case google("gce-cos85-no-nonce");
    const Case other("gcp-shielded-vm-windows-sha1");
    const Case azure("azure-ak-certificate");
    const auto with = [&](const std::string& name, const Bytes& content) {
        Case mixed = google;
        mixed.files[name] = content;
        return check_of(mixed.verify(roots));
    };
    // Another quote, signature, registers or key of the same kind.
    EXPECT_EQ(with("quote.msg", google.files.at("quote_sha384.msg")), "ATT-219");
    EXPECT_EQ(with("quote.msg", other.files.at("quote.msg")), "ATT-219");
    EXPECT_EQ(with("quote.sig", other.files.at("quote.sig")), "ATT-219");
    EXPECT_EQ(with("pcrs.json", google.files.at("pcrs_sha384.json")), "ATT-217");
    EXPECT_EQ(with("pcrs.json", Case("trustee-swtpm").files.at("pcrs.json")), "ATT-218");
    EXPECT_EQ(with("ak_pub.pem", other.files.at("ak_pub.pem")), "ATT-221");
    EXPECT_EQ(with("ak_public.tpmt", other.files.at("ak_public.tpmt")), "ATT-221");
    // The certificate of another TPM, alone and with its chain.
    TpmEvidence evidence{.quote = google.files.at("quote.msg"),
                         .signature = google.files.at("quote.sig"),
                         .pcrs = google.files.at("pcrs.json"),
                         .ak_public_key = google.files.at("ak_pub.pem"),
                         .ak_public = std::nullopt,
                         .ak_certificate = azure.files.at("ak_cert.pem"),
                         .authorities = {google.files.at("ak_intermediate.pem")}};
    EXPECT_EQ(check_of(verify_tpm_quote(evidence, roots.all(), azure.verify_at())), "ATT-45");
    evidence.authorities = {azure.files.at("intermediate.pem")};
    EXPECT_EQ(check_of(verify_tpm_quote(evidence, roots.all(), azure.verify_at())), "ATT-221");
}

// Of a TPMT_PUBLIC alone nothing is signed: its key has to be the one of the other forms, and its
// attributes those of an attestation key. The rest of it is policy and attributes that do not
// matter here; only where the quote names it as a primary key, the claims call it proven.
// Everything else is covered, up to the form of the text in PEM and JSON.
TEST(TpmQuoteCases, NoFlippedBitVerifies) {
    constexpr int kFlips = 500;
    const TpmRoots roots;
    int flips = 0;
    for (Case& each : all_quotes()) {
        if (!each.expected().boolean("verifies")) {
            continue;
        }
        SCOPED_TRACE(each.name());
        testing::SeededRandom random(7);
        for (const char* name : {"quote.msg",
                                 "quote.sig",
                                 "pcrs.json",
                                 "ak_pub.pem",
                                 "ak_public.tpmt",
                                 "ak_cert.der",
                                 "ak_intermediate.pem",
                                 "ak_root.pem"}) {
            if (!each.files.contains(name)) {
                continue;
            }
            Bytes& file = each.files.at(name);
            for (int i = 0; i < kFlips; ++i) {
                const std::size_t position = random.below(file.size());
                const auto bit = static_cast<std::uint8_t>(1u << random.below(8));
                file[position] ^= bit;
                const auto claims = each.verify(roots);
                if (std::string_view(name) == "ak_public.tpmt") {
                    EXPECT_FALSE(claims.has_value() && claims->ak_attributes_quoted) << position;
                } else {
                    EXPECT_FALSE(claims.has_value()) << name << " " << position;
                }
                file[position] ^= bit;
                ++flips;
            }
        }
        EXPECT_TRUE(each.verify(roots).has_value());
    }
    EXPECT_EQ(flips, (8 + 5 + 4) * kFlips);
}

// Up to comments in front of a certificate.
TEST(TpmQuoteCases, NoFlippedBitOfAzuresCertificatesVerifies) {
    constexpr int kFlips = 500;
    const TpmRoots roots;
    Case each("azure-ak-certificate");
    testing::SeededRandom random(8);
    for (auto& [name, file] : each.files) {
        const std::size_t start = as_text(file).find("-----BEGIN");
        for (int i = 0; i < kFlips; ++i) {
            const std::size_t position = start + random.below(file.size() - start);
            const auto bit = static_cast<std::uint8_t>(1u << random.below(8));
            file[position] ^= bit;
            EXPECT_FALSE(each.verify_certificate(roots, each.verify_at()).has_value())
                << name << " " << position;
            file[position] ^= bit;
        }
    }
    EXPECT_TRUE(each.verify_certificate(roots, each.verify_at()).has_value());
}

}  // namespace
}  // namespace chatmcp::attest
