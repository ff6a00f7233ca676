#include "attest/certificate.h"

#include <gtest/gtest.h>

#include "support/dcap_platform.h"
#include "support/vectors.h"

namespace chatmcp::attest {
namespace {

using testing::CertificateSpec;
using testing::Issuer;

constexpr UnixMs kNow{1'750'000'000'000};

class CertificateTest : public ::testing::Test {
  protected:
    [[nodiscard]] crypto::EcdsaKey new_key() {
        return crypto::EcdsaKey::generate(crypto::NistCurve::p256, random);
    }
    Bytes certificate(const CertificateSpec& of) {
        return testing::make_certificate(of, key, root.key);
    }
    static std::string read(ByteView der) {
        const auto found = Certificate::read(der);
        return found.has_value() ? "read" : found.error().check;
    }

    testing::SeededRandom random{5};
    Issuer root{"root", new_key()};
    crypto::EcdsaKey key = new_key();
    CertificateSpec spec{.subject = "leaf", .issuer = "root"};
};

TEST_F(CertificateTest, TheRootsOfAllMakersAreReadAndSignThemselves) {
    const std::vector<std::string> pem_files = {"amd-genoa-ark",
                                                "amd-milan-ark",
                                                "amd-turin-ark",
                                                "aws-nitro-root-g1",
                                                "azure-vtpm-root-2023",
                                                "google-android-root-ec-2025",
                                                "google-android-root-rsa",
                                                "google-ek-ak-ca-root",
                                                "google-tpm-ek-root-1",
                                                "nvidia-device-identity-ca",
                                                "nvidia-switch-device-identity-ca"};
    for (const std::string& name : pem_files) {
        SCOPED_TRACE(name);
        const std::string text = testing::load_text("evidence/roots/" + name + ".pem");
        const auto der = certificates_of_pem(as_bytes(text));
        ASSERT_TRUE(der.has_value()) << der.error().check;
        ASSERT_EQ(der->size(), 1u);
        const auto certificate = Certificate::read(der->front());
        ASSERT_TRUE(certificate.has_value()) << certificate.error().check;
        EXPECT_TRUE(certificate->is_authority);
        const auto own_key = crypto::VerificationKey::from_spki(certificate->public_key);
        ASSERT_TRUE(own_key.has_value());
        EXPECT_TRUE(
            own_key
                ->verify(certificate->algorithm, certificate->to_be_signed, certificate->signature)
                .has_value());
    }
}

TEST_F(CertificateTest, ItSaysWhatItsMakerSaid) {
    spec.serial = {0x80, 0x01};
    spec.authority = true;
    spec.path_length = 3;
    spec.key_usage = 0x04;
    const Bytes der = certificate(spec);
    const auto read = Certificate::read(der);
    ASSERT_TRUE(read.has_value()) << read.error().check;
    EXPECT_TRUE(equal(read->serial, spec.serial));
    EXPECT_EQ(common_name_of(read->subject), "leaf");
    EXPECT_EQ(common_name_of(read->issuer), "root");
    EXPECT_EQ(read->not_after, spec.not_after);
    EXPECT_TRUE(read->is_authority);
    EXPECT_EQ(read->path_length, 3u);
    EXPECT_EQ(read->signs_certificates, true);
    EXPECT_EQ(read->signs_lists, false);
    EXPECT_EQ(read->extensions.size(), 2u);
}

TEST_F(CertificateTest, OtherFormsAreRefusedByName) {
    EXPECT_EQ(read(certificate(spec)), "read");
    spec.version = 1;
    EXPECT_EQ(read(certificate(spec)), "ATT-41");
    spec.version = 2;
    const Bytes other{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};
    spec.inner_algorithm = testing::der_sequence({testing::der_oid(other)});
    EXPECT_EQ(read(certificate(spec)), "ATT-43");
    spec.inner_algorithm.clear();
    const Bytes id{0x2a, 0x03};
    const Bytes extension = testing::extension(id, false, Bytes{0x05, 0x00});
    spec.extensions = extension;
    append(spec.extensions, extension);
    EXPECT_EQ(read(certificate(spec)), "ATT-44");
    spec.extensions.clear();
    for (std::uint8_t i = 0; i <= kExtensionsMax; ++i) {
        append(spec.extensions, testing::extension(Bytes{0x2a, i}, false, Bytes{0x05, 0x00}));
    }
    EXPECT_EQ(read(certificate(spec)), "ATT-40");
    spec.extensions.clear();
    spec.serial = Bytes(kSerialMaxBytes + 1, 0x11);
    EXPECT_EQ(read(certificate(spec)), "ATT-40");
    EXPECT_EQ(read(Bytes(kCertificateMaxBytes + 1, 0x30)), "ATT-40");
}

TEST_F(CertificateTest, AlgorithmsThatNobodyUsesAreUnsupported) {
    const Bytes sha1_with_rsa{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05};
    const Bytes rsa_pss{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};
    const Bytes mgf1{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08};
    const auto with_algorithm = [&](const Bytes& algorithm) {
        return read(testing::der_sequence(
            {testing::der_sequence({}), algorithm, testing::der_bits(Bytes(8, 1))}));
    };
    EXPECT_EQ(with_algorithm(testing::der_sequence({testing::der_oid(sha1_with_rsa)})), "ATT-42");
    const auto pss = [&](ByteView hash, ByteView mask_hash, std::uint64_t salt) {
        const Bytes hash_id = testing::der_sequence({testing::der_oid(hash)});
        const Bytes mask_hash_id = testing::der_sequence({testing::der_oid(mask_hash)});
        return with_algorithm(testing::der_sequence(
            {testing::der_oid(rsa_pss),
             testing::der_sequence(
                 {testing::der(0xa0, {hash_id}),
                  testing::der(0xa1,
                               {testing::der_sequence({testing::der_oid(mgf1), mask_hash_id})}),
                  testing::der(0xa2, {testing::der_integer(salt)})})}));
    };
    EXPECT_EQ(pss(oid::kSha384, oid::kSha256, 48), "ATT-42");
    EXPECT_EQ(pss(oid::kSha384, oid::kSha384, 20), "ATT-42");
    EXPECT_EQ(pss(oid::kSha384, oid::kSha384, 48),
              "ATT-41");  // Read; the certificate says no version.
}

// ---- Chains ----

class Chain : public CertificateTest {
  protected:
    /// A certificate and the bytes that it borrows.
    struct Made {
        Bytes der;
        Certificate certificate;
    };
    Made make(const CertificateSpec& of, const crypto::EcdsaKey& of_key, const Issuer& by) {
        CertificateSpec named = of;
        named.issuer = by.name;
        Made made{testing::make_certificate(named, of_key, by.key), {}};
        made.certificate = Certificate::read(made.der).value();
        return made;
    }
    static std::string verify(const Made& leaf,
                              const std::vector<Certificate>& pool,
                              const Made& anchor) {
        const auto chain = verify_chain(
            leaf.certificate, pool, std::span(&anchor.certificate, 1), ChainRules{.at = kNow});
        return chain.has_value() ? std::to_string(chain->size()) : chain.error().check;
    }
    CertificateSpec authority(const std::string& name,
                              std::optional<std::uint64_t> path_length = {}) {
        return {.subject = name, .issuer = {}, .authority = true, .path_length = path_length};
    }

    Issuer middle{"middle", new_key()};
    Issuer lower{"lower", new_key()};
    Made anchor = make(authority("root"), root.key, root);
    Made middle_made = make(authority("middle", 1), middle.key, root);
    Made lower_made = make(authority("lower", 0), lower.key, middle);
};

TEST_F(Chain, TheWayToTheAnchorIsFoundInAnyOrder) {
    const Made leaf = make({.subject = "leaf", .issuer = {}}, key, lower);
    const auto& a = middle_made.certificate;
    const auto& b = lower_made.certificate;
    EXPECT_EQ(verify(leaf, {a, b}, anchor), "4");
    EXPECT_EQ(verify(leaf, {b, a, anchor.certificate}, anchor), "4");
    EXPECT_EQ(verify(leaf, {b}, anchor), "ATT-45");
    EXPECT_EQ(verify(leaf, {}, anchor), "ATT-45");
}

TEST_F(Chain, ANameAloneIsNoSignature) {
    const Issuer impostor{"middle", new_key()};
    const Made leaf = make({.subject = "leaf", .issuer = {}}, key, impostor);
    EXPECT_EQ(verify(leaf, {middle_made.certificate}, anchor), "ATT-46");
    const Issuer impostor_root{"root", new_key()};
    const Made forged = make(authority("root"), impostor_root.key, impostor_root);
    const Made below = make({.subject = "leaf", .issuer = {}}, key, middle);
    EXPECT_EQ(verify(below, {middle_made.certificate, forged.certificate}, anchor), "ATT-45");
}

TEST_F(Chain, AnotherEditionOfTheRootIsTheRoot) {
    CertificateSpec edition = authority("root");
    edition.serial = {0x77};
    const Made again = make(edition, root.key, root);
    const Made leaf = make({.subject = "leaf", .issuer = {}}, key, middle);
    EXPECT_EQ(verify(leaf, {middle_made.certificate, again.certificate}, anchor), "3");
}

TEST_F(Chain, ACertificateWithoutAPlaceIsRefused) {
    const Made leaf = make({.subject = "leaf", .issuer = {}}, key, middle);
    EXPECT_EQ(verify(leaf, {middle_made.certificate, lower_made.certificate}, anchor), "ATT-55");
}

TEST_F(Chain, PathsAreNoLongerThanTheirAuthoritiesAllow) {
    const Made too_deep = make(authority("middle", 0), middle.key, root);
    const Made leaf = make({.subject = "leaf", .issuer = {}}, key, lower);
    EXPECT_EQ(verify(leaf, {too_deep.certificate, lower_made.certificate}, anchor), "ATT-48");
}

TEST_F(Chain, CirclesEnd) {
    const Issuer a{"a", new_key()};
    const Issuer b{"b", new_key()};
    const Made first = make(authority("a"), a.key, b);
    const Made second = make(authority("b"), b.key, a);
    const Made leaf = make({.subject = "leaf", .issuer = {}}, key, a);
    EXPECT_EQ(verify(leaf, {first.certificate, second.certificate}, anchor), "ATT-45");
}

// ---- Lists and PEM ----

TEST_F(CertificateTest, ListsOfAllMakersAreRead) {
    for (const char* name : {"amd-genoa-ark-crl.der", "amd-milan-ark-crl.der"}) {
        const std::string text = testing::load_text(std::string("evidence/roots/") + name);
        const auto list = RevocationList::read(as_bytes(text));
        EXPECT_TRUE(list.has_value()) << list.error().check;
    }
    const Bytes list = testing::make_revocation_list(
        root, kNow, kNow.plus_ms(kDayMs), {Bytes{0x01}, Bytes{0x80, 0x00}});
    const auto read_back = RevocationList::read(list);
    ASSERT_TRUE(read_back.has_value());
    ASSERT_EQ(read_back->serials.size(), 2u);
    EXPECT_TRUE(equal(read_back->serials[1], Bytes{0x80, 0x00}));
    EXPECT_EQ(read_back->next_update, kNow.plus_ms(kDayMs));
}

TEST_F(CertificateTest, AListThatIsOnlyAPartIsRefused) {
    const Bytes number{0x55, 0x1d, 0x14};
    const Bytes delta{0x55, 0x1d, 0x1b};
    const auto check_of = [&](ByteView extensions) {
        const Bytes list = testing::make_revocation_list(root, kNow, kNow, {}, extensions);
        const auto read_back = RevocationList::read(list);
        return std::string(read_back.has_value() ? "read" : read_back.error().check);
    };
    const Bytes value = testing::der_integer(std::uint64_t{7});
    EXPECT_EQ(check_of(testing::extension(number, false, value)), "read");
    EXPECT_EQ(check_of(testing::extension(delta, true, value)), "ATT-49");
}

TEST_F(CertificateTest, PemHasOneFormForEachCertificate) {
    const Bytes one = testing::pem_of(certificate(spec));
    const auto check_of = [](std::string_view text) {
        const auto read = certificates_of_pem(as_bytes(text));
        return read.has_value() ? std::to_string(read->size()) : read.error().check;
    };
    const std::string text(as_text(one));
    EXPECT_EQ(check_of(text), "1");
    EXPECT_EQ(check_of(text + "\n" + text), "2");
    EXPECT_EQ(check_of(text + std::string(1, '\0')), "1");
    EXPECT_EQ(check_of(""), "0");
    EXPECT_EQ(check_of("# where it is from\n" + text), "1");
    EXPECT_EQ(check_of(text.substr(0, 28) + "# inside\n" + text.substr(28)), "ATT-54");
    EXPECT_EQ(check_of("x" + text), "ATT-54");
    EXPECT_EQ(check_of(text + "x"), "ATT-54");
    EXPECT_EQ(check_of(text.substr(0, text.size() - 10)), "ATT-54");
    std::string other = text;
    other[100] = ' ';
    EXPECT_EQ(check_of(other), "ATT-54");
    other = text;
    other.erase(100, 1);  // A line that is shorter than the others.
    EXPECT_EQ(check_of(other), "ATT-54");
    std::string many;
    for (std::size_t i = 0; i <= kChainMax; ++i) {
        many += text;
    }
    EXPECT_EQ(check_of(many), "ATT-40");
}

}  // namespace
}  // namespace chatmcp::attest
