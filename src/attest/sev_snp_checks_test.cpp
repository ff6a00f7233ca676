// One rule after the other: a processor of the tests' own, with one thing wrong and everything
// signed.

#include <algorithm>

#include <gtest/gtest.h>

#include "support/snp_platform.h"

namespace chatmcp::attest {
namespace {

using testing::SnpPlatform;

class SnpChecks : public ::testing::Test {
  protected:
    std::string refused_by() {
        const auto claims = platform.verify();
        return claims.has_value() ? "verified" : claims.error().check;
    }
    /// With one byte of the report written before it is signed.
    std::string with_byte(std::size_t at, std::uint8_t value) {
        platform.edit_report = [=](Bytes& report) { report[at] = value; };
        const std::string check = refused_by();
        platform.edit_report = [](Bytes&) {};
        return check;
    }
    /// With one extension of the key's certificate replaced; an empty value takes it out.
    std::string with_extension(const Bytes& numbers, const Bytes& value) {
        const auto before = platform.extensions;
        platform.extensions[numbers] = value;
        if (value.empty()) {
            platform.extensions.erase(numbers);
        }
        const std::string check = refused_by();
        platform.extensions = before;
        return check;
    }
    void make_vlek() {
        platform.authority.name = "SEV-VLEK-Milan";
        platform.authority_spec.subject = platform.key_spec.issuer = platform.authority.name;
        platform.key_spec.subject = "SEV-VLEK";
        platform.extensions.erase(Bytes{4});
        platform.extensions[Bytes{5}] = SnpPlatform::ia5("CN=cloud.example");
        platform.edit_report = [](Bytes& report) {
            report[SnpPlatform::kKeyInfo] = 0x04;
            std::fill_n(report.begin() + SnpPlatform::kChipId, 64, 0);
        };
    }
    void make_turin() {
        platform.root.name = "ARK-Turin";
        platform.authority.name = "SEV-Turin";
        platform.authority_spec.subject = platform.key_spec.issuer = platform.authority.name;
        platform.authority_spec.issuer = platform.root.name;
        platform.extensions[Bytes{2}] = SnpPlatform::ia5("Turin");
        platform.extensions[Bytes{4}] = Bytes(8, 0x77);
        platform.extensions.erase(Bytes{3, 4});
        platform.extensions[Bytes{3, 9}] = testing::der_integer(std::uint64_t{9});
        platform.edit_report = [](Bytes& report) {
            constexpr ByteArray<8> kTcb = {9, 4, 0, 24, 0, 0, 0, 219};
            std::ranges::copy(kTcb, report.begin() + SnpPlatform::kReportedTcb);
            report[SnpPlatform::kProcessor] = 0x1a;
            report[SnpPlatform::kProcessor + 1] = 0x02;
            std::fill_n(report.begin() + SnpPlatform::kChipId + 8, 56, 0);
        };
    }

    SnpPlatform platform;
};

TEST_F(SnpChecks, AProcessorOfOurOwnVerifies) {
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value()) << claims.error().check;
    EXPECT_EQ(claims->line, SnpProductLine::milan);
    EXPECT_TRUE(claims->revocation_checked);
    EXPECT_EQ(claims->next_update, platform.now.plus_ms(kDayMs));
    EXPECT_EQ(claims->reported_tcb.snp, 24);
    platform.edit_collateral = [](SnpCollateral& collateral) { collateral.ark_crl.reset(); };
    const auto without_list = platform.verify();
    ASSERT_TRUE(without_list.has_value());
    EXPECT_FALSE(without_list->revocation_checked);
}

TEST_F(SnpChecks, AKeyOfACloudVerifiesWithoutAChip) {
    make_vlek();
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value()) << claims.error().check;
    EXPECT_EQ(claims->report.signing_key(), SnpSigningKey::vlek);
    EXPECT_EQ(claims->key.provider, "CN=cloud.example");
    EXPECT_TRUE(claims->key.hardware_id.empty());
    platform.extensions.erase(Bytes{5});
    EXPECT_EQ(refused_by(), "ATT-110");
}

TEST_F(SnpChecks, TurinHasALayoutOfItsOwn) {
    make_turin();
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value()) << claims.error().check;
    EXPECT_EQ(claims->line, SnpProductLine::turin);
    EXPECT_EQ(claims->reported_tcb.fmc, 9);
    EXPECT_EQ(claims->reported_tcb.boot_loader, 4);
    EXPECT_EQ(claims->reported_tcb.snp, 24);
    EXPECT_EQ(claims->reported_tcb.microcode, 219);
    EXPECT_EQ(with_extension({3, 9}, testing::der_integer(std::uint64_t{8})), "ATT-112");
    EXPECT_EQ(with_extension({3, 9}, {}), "ATT-110");
    EXPECT_EQ(with_extension({4}, Bytes(64, 0x77)), "ATT-110");
    const auto edit = platform.edit_report;
    platform.edit_report = [=](Bytes& report) {
        edit(report);
        report[SnpPlatform::kChipId + 8] = 1;  // Behind the eight bytes.
    };
    EXPECT_EQ(refused_by(), "ATT-113");
}

// ---- Report ----

TEST_F(SnpChecks, AReportOfAnotherSizeIsRefused) {
    platform.edit_signature = [](Bytes& report) { report.push_back(0); };
    EXPECT_EQ(refused_by(), "ATT-100");
    platform.edit_signature = [](Bytes& report) { report.pop_back(); };
    EXPECT_EQ(refused_by(), "ATT-100");
    platform.edit_signature = [](Bytes& report) { report.clear(); };
    EXPECT_EQ(refused_by(), "ATT-100");
}

TEST_F(SnpChecks, VersionsTwoToFiveAreKnown) {
    EXPECT_EQ(with_byte(SnpPlatform::kVersion, 1), "ATT-101");
    EXPECT_EQ(with_byte(SnpPlatform::kVersion, 6), "ATT-101");
    EXPECT_EQ(with_byte(SnpPlatform::kVersion + 3, 1), "ATT-101");
    EXPECT_EQ(with_byte(SnpPlatform::kVersion, 4), "verified");
    EXPECT_EQ(with_byte(SnpPlatform::kVersion, 5), "verified");
    platform.edit_report = [](Bytes& report) {
        report[SnpPlatform::kVersion] = 2;
        std::fill_n(report.begin() + SnpPlatform::kProcessor, 3, 0);
    };
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value()) << claims.error().check;
    EXPECT_FALSE(claims->report.processor.has_value());
}

TEST_F(SnpChecks, OtherAlgorithmsAndKeysAreUnsupported) {
    EXPECT_EQ(with_byte(SnpPlatform::kAlgorithm, 0), "ATT-102");
    EXPECT_EQ(with_byte(SnpPlatform::kAlgorithm, 2), "ATT-102");
    EXPECT_EQ(with_byte(SnpPlatform::kKeyInfo, 7 << 2), "ATT-103");  // Not signed.
    EXPECT_EQ(with_byte(SnpPlatform::kKeyInfo, 2 << 2), "ATT-103");
}

TEST_F(SnpChecks, ReservedBitsAndBytesAreZero) {
    EXPECT_EQ(with_byte(SnpPlatform::kPolicy + 2, 0x01),
              "ATT-104");  // Without the bit that is set.
    EXPECT_EQ(with_byte(SnpPlatform::kPolicy + 3, 0x04), "ATT-104");
    EXPECT_EQ(with_byte(SnpPlatform::kPlatformInfo + 1, 1), "ATT-104");
    EXPECT_EQ(with_byte(SnpPlatform::kKeyInfo, 0x20), "ATT-104");
    EXPECT_EQ(with_byte(0x4c, 1), "ATT-104");
    EXPECT_EQ(with_byte(0x18b, 1), "ATT-104");
    EXPECT_EQ(with_byte(0x19f, 1), "ATT-104");
    EXPECT_EQ(with_byte(0x1eb, 1), "ATT-104");
    EXPECT_EQ(with_byte(0x1ef, 1), "ATT-104");
    EXPECT_EQ(with_byte(0x1f8, 1), "ATT-104");
    EXPECT_EQ(with_byte(0x29f, 1), "ATT-104");
    platform.edit_report = [](Bytes& report) {
        report[SnpPlatform::kVersion] = 5;
        report[0x1f8] = 1;
        report[0x200] = 2;
    };
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value()) << claims.error().check;
    EXPECT_EQ(claims->report.launch_mitigations, 1u);
    EXPECT_EQ(claims->report.current_mitigations, 2u);
    platform.edit_report = [](Bytes& report) {
        report[SnpPlatform::kVersion] = 5;
        report[0x208] = 1;
    };
    EXPECT_EQ(refused_by(), "ATT-104");
    // In version 2 there is no processor.
    EXPECT_EQ(with_byte(SnpPlatform::kVersion, 2), "ATT-104");
}

TEST_F(SnpChecks, AReportIsForALevelThatGuestsHave) {
    EXPECT_EQ(with_byte(SnpPlatform::kVmpl, 3), "verified");
    EXPECT_EQ(with_byte(SnpPlatform::kVmpl, 4), "ATT-105");
    EXPECT_EQ(with_byte(SnpPlatform::kVmpl + 3, 0xff), "ATT-105");
}

TEST_F(SnpChecks, ASignatureHasNothingBeyondItsNumbers) {
    for (const std::size_t at : {48u, 71u, 72u + 48u, 143u, 144u, 511u}) {
        platform.edit_signature = [=](Bytes& report) { report[SnpPlatform::kSignature + at] = 1; };
        EXPECT_EQ(refused_by(), "ATT-106") << at;
    }
}

TEST_F(SnpChecks, TheReportIsSignedByTheKeyOfTheCertificate) {
    for (const std::size_t at : {0u, 47u, 72u, 119u}) {
        platform.edit_signature = [=](Bytes& report) { report[SnpPlatform::kSignature + at] ^= 1; };
        EXPECT_EQ(refused_by(), "ATT-111") << at;
    }
    platform.edit_signature = [](Bytes& report) { report[0x50] ^= 1; };
    EXPECT_EQ(refused_by(), "ATT-111");
    platform.edit_signature = [](Bytes& report) {
        std::fill_n(report.begin() + SnpPlatform::kSignature, 144, 0);
    };
    EXPECT_EQ(refused_by(), "ATT-111");
}

// ---- Certificates ----

TEST_F(SnpChecks, WithoutACertificateOfTheSigningKeyNothingIsVerified) {
    platform.edit_collateral = [](SnpCollateral& collateral) {
        collateral.certificates.erase(collateral.certificates.begin());
    };
    EXPECT_EQ(refused_by(), "ATT-108");
    platform.edit_collateral = [](SnpCollateral&) {};
    platform.key_spec.subject = "SEV-VLEK";
    EXPECT_EQ(refused_by(), "ATT-108");
    platform.key_spec.subject = "SEV-VCEK";
    EXPECT_EQ(with_byte(SnpPlatform::kKeyInfo, 1 << 2), "ATT-108");
}

TEST_F(SnpChecks, TheChainHasAmdsNames) {
    platform.authority_spec.subject = platform.key_spec.issuer = "SEV-Rome";
    EXPECT_EQ(refused_by(), "ATT-109");
    // The authority of clouds does not sign for chips,
    platform.authority_spec.subject = platform.key_spec.issuer = "SEV-VLEK-Milan";
    EXPECT_EQ(refused_by(), "ATT-109");
    // nor that of one line under the root of another,
    platform.authority_spec.subject = platform.key_spec.issuer = "SEV-Genoa";
    EXPECT_EQ(refused_by(), "ATT-109");
    // nor the root itself.
    SnpPlatform direct;
    direct.authority = testing::Issuer{direct.root.name, direct.root.key.clone()};
    direct.key_spec.issuer = direct.root.name;
    direct.edit_collateral = [](SnpCollateral& collateral) { collateral.certificates.pop_back(); };
    const auto claims = direct.verify();
    ASSERT_FALSE(claims.has_value());
    EXPECT_STREQ(claims.error().check, "ATT-109");
}

TEST_F(SnpChecks, TheAuthorityIsNotRevoked) {
    platform.revoked = {{0x03}};  // Lists of the root say nothing about keys.
    EXPECT_EQ(refused_by(), "verified");
    platform.revoked = {{0x02}};
    EXPECT_EQ(refused_by(), "ATT-53");
}

TEST_F(SnpChecks, TheCertificateDescribesItsKeyWhole) {
    for (const auto& [numbers, value] : std::map(platform.extensions)) {
        if (numbers == Bytes{1}) {
            continue;  // The version of the structure itself.
        }
        EXPECT_EQ(with_extension(numbers, {}), "ATT-110") << int{numbers.back()};
        EXPECT_EQ(with_extension(numbers, {0x05, 0x00}), "ATT-110") << int{numbers.back()};
    }
    EXPECT_EQ(with_extension({3, 8}, testing::der_integer(std::uint64_t{256})), "ATT-110");
    EXPECT_EQ(with_extension({3, 8}, {0x02, 0x01, 0x85}), "ATT-110");  // Negative.
    Bytes trailing = testing::der_integer(std::uint64_t{219});
    trailing.push_back(0);
    EXPECT_EQ(with_extension({3, 8}, trailing), "ATT-110");
    EXPECT_EQ(with_extension({2}, SnpPlatform::ia5("Milan\x01")), "ATT-110");
    EXPECT_EQ(with_extension({2}, SnpPlatform::ia5(std::string(257, 'M'))), "ATT-110");
    EXPECT_EQ(with_extension({4}, Bytes(63, 0x77)), "ATT-110");
    // With the tag that AMD's table has and its certificates leave out.
    EXPECT_EQ(with_extension({4}, testing::der_octets(Bytes(64, 0x77))), "verified");
}

TEST_F(SnpChecks, EveryPartOfTheTcbIsTheCertificates) {
    for (std::size_t part = 0; part < 8; ++part) {
        EXPECT_EQ(with_byte(SnpPlatform::kReportedTcb + part, 99), "ATT-112") << part;
    }
}

TEST_F(SnpChecks, TheChipIsTheCertificatesUnlessItIsMasked) {
    EXPECT_EQ(with_byte(SnpPlatform::kChipId, 0), "ATT-113");
    EXPECT_EQ(with_byte(SnpPlatform::kChipId + 63, 0), "ATT-113");
    platform.edit_report = [](Bytes& report) {
        std::fill_n(report.begin() + SnpPlatform::kChipId, 64, 0);
    };
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value()) << claims.error().check;
    EXPECT_TRUE(claims->report.chip_id_masked());
    EXPECT_EQ(claims->key.hardware_id, Bytes(64, 0x77));
}

TEST_F(SnpChecks, TheProcessorIsOfTheProductLine) {
    EXPECT_EQ(with_extension({2}, SnpPlatform::ia5("Milan")), "verified");
    EXPECT_EQ(with_extension({2}, SnpPlatform::ia5("Milano")), "ATT-114");
    EXPECT_EQ(with_extension({2}, SnpPlatform::ia5("Genoa")), "ATT-114");
    EXPECT_EQ(with_extension({2}, SnpPlatform::ia5("")), "ATT-114");
    EXPECT_EQ(with_byte(SnpPlatform::kProcessor + 1, 0x11), "ATT-114");  // Genoa
    EXPECT_EQ(with_byte(SnpPlatform::kProcessor + 1, 0xa0), "ATT-114");  // Bergamo
    EXPECT_EQ(with_byte(SnpPlatform::kProcessor, 0x1a), "ATT-114");      // Turin
    EXPECT_EQ(with_byte(SnpPlatform::kProcessor + 1, 0x20), "ATT-115");
    EXPECT_EQ(with_byte(SnpPlatform::kProcessor, 0x17), "ATT-115");
}

TEST_F(SnpChecks, ThereAreNoMoreCertificatesThanAChainHas) {
    platform.edit_collateral = [](SnpCollateral& collateral) {
        collateral.certificates.resize(kSnpCertificatesMax + 1, collateral.certificates[0]);
    };
    EXPECT_EQ(refused_by(), "ATT-116");
    // One of the chain's names stands in for many.
    std::vector<Bytes> others;
    Bytes text;
    for (std::uint8_t i = 0; i < kSnpCertificatesMax; ++i) {
        testing::CertificateSpec spec{.subject = "other", .issuer = "other", .serial = {i}};
        append(text, testing::pem_of(testing::make_certificate(spec, platform.key, platform.key)));
    }
    platform.edit_collateral = [&](SnpCollateral& collateral) {
        collateral.certificates.insert(collateral.certificates.end(), ByteView(text));
    };
    EXPECT_EQ(refused_by(), "ATT-116");
}

// ---- Certificate table ----

class SnpTable : public SnpChecks {
  protected:
    struct Entry {
        std::string guid;
        std::uint32_t offset = 0;
        std::uint32_t length = 0;
    };
    static constexpr const char* kVcek = "63da758de6644564adc5f4b93be8accd";
    static constexpr const char* kHostsOwn = "ecae0c0f950243b1afa20ae2e0d565b6";

    /// With the key's certificate in a table alone; `entries` see where it stands in it.
    std::string with_table(std::size_t header_bytes,
                           const std::function<std::vector<Entry>(std::uint32_t)>& entries) {
        platform.edit_collateral = [&](SnpCollateral& collateral) {
            const ByteView key = collateral.certificates.front();
            table_.clear();
            for (const Entry& entry : entries(static_cast<std::uint32_t>(key.size()))) {
                append(table_, from_hex(entry.guid).value());
                for (const std::uint32_t number : {entry.offset, entry.length}) {
                    for (int shift = 0; shift < 32; shift += 8) {
                        table_.push_back(static_cast<std::uint8_t>((number >> shift) & 0xff));
                    }
                }
            }
            table_.resize(header_bytes, 0);
            append(table_, key);
            collateral.certificates.erase(collateral.certificates.begin());
            collateral.certificate_table = table_;
        };
        return refused_by();
    }

    Bytes table_;
};

TEST_F(SnpTable, EntriesAreInsideOfTheTable) {
    EXPECT_EQ(
        with_table(48, [](std::uint32_t size) { return std::vector{Entry{kVcek, 48, size}}; }),
        "verified");
    EXPECT_EQ(with_table(72,
                         [](std::uint32_t size) {
                             return std::vector{Entry{kHostsOwn, 3, 5}, Entry{kVcek, 72, size}};
                         }),
              "verified");
    EXPECT_EQ(
        with_table(48, [](std::uint32_t size) { return std::vector{Entry{kVcek, 49, size}}; }),
        "ATT-107");
    EXPECT_EQ(with_table(48, [](std::uint32_t) { return std::vector{Entry{kVcek, 48, 0}}; }),
              "ATT-107");
    EXPECT_EQ(
        with_table(48,
                   [](std::uint32_t) { return std::vector{Entry{kVcek, 0xffffffff, 0xffffffff}}; }),
        "ATT-107");
    // No end: entries up to the last byte, and more than a table has.
    EXPECT_EQ(with_table(0, [](std::uint32_t) { return std::vector<Entry>(); }), "ATT-107");
    EXPECT_EQ(
        with_table(24 * 20,
                   [](std::uint32_t) { return std::vector<Entry>(20, Entry{kHostsOwn, 0, 1}); }),
        "ATT-107");
    // Nothing in it that anybody knows.
    EXPECT_EQ(with_table(24, [](std::uint32_t) { return std::vector<Entry>(); }), "ATT-108");
}

TEST_F(SnpTable, ARevocationListInTheTableCounts) {
    constexpr const char* kCrl = "92f81bc358114d3d97ffd19f88dc67ea";
    platform.revoked = {{0x02}};
    Bytes table;
    platform.edit_collateral = [&](SnpCollateral& collateral) {
        const auto size = static_cast<std::uint16_t>(collateral.ark_crl->size());
        table = from_hex(kCrl).value();
        append(table, Bytes{48, 0, 0, 0});
        append(table,
               Bytes{static_cast<std::uint8_t>(size & 0xff),
                     static_cast<std::uint8_t>(size >> 8),
                     0,
                     0});
        table.resize(48, 0);
        append(table, *collateral.ark_crl);
        collateral.ark_crl.reset();
        collateral.certificate_table = table;
    };
    EXPECT_EQ(refused_by(), "ATT-53");
}

}  // namespace
}  // namespace chatmcp::attest
