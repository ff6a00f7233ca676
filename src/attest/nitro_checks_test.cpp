// One rule after the other: a Nitro hypervisor of the tests' own, with one thing wrong and
// everything signed.

#include <algorithm>

#include <gtest/gtest.h>

#include "support/nitro_platform.h"

namespace chatmcp::attest {
namespace {

using testing::NitroPlatform;

class NitroChecks : public ::testing::Test {
  protected:
    using Fields = std::vector<NitroPlatform::Field>;

    std::string refused_by() {
        const auto claims = platform.verify();
        return claims.has_value() ? "verified" : claims.error().check;
    }
    /// With the value of one field written anew; no value takes the field out.
    std::string with_field(const std::string& name, const Bytes& value) {
        platform.edit_fields = [&](Fields& fields) {
            const auto found = std::ranges::find(fields, name, &NitroPlatform::Field::first);
            ASSERT_NE(found, fields.end()) << name;
            if (value.empty()) {
                fields.erase(found);
            } else {
                found->second = value;
            }
        };
        const std::string check = refused_by();
        platform.edit_fields = [](Fields&) {};
        return check;
    }
    static Bytes text(std::string_view value) { return NitroPlatform::text_item(value); }
    static Bytes bytes(std::size_t size) { return NitroPlatform::bytes_item(Bytes(size, 0x5a)); }
    static Bytes pcrs(const std::vector<std::pair<std::uint64_t, Bytes>>& of) {
        return NitroPlatform::pcrs_item(of);
    }

    NitroPlatform platform;
};

TEST_F(NitroChecks, AHypervisorOfOurOwnVerifies) {
    for (const bool indefinite : {false, true}) {
        platform.indefinite = indefinite;
        const auto claims = platform.verify();
        ASSERT_TRUE(claims.has_value()) << claims.error().check;
        EXPECT_EQ(claims->module_id, "i-1-enc1");
        EXPECT_FALSE(claims->debug);
        EXPECT_EQ(claims->public_key, std::nullopt);
        EXPECT_EQ(claims->user_data, Bytes(64, 0x55));
        EXPECT_EQ(claims->nonce, Bytes(32, 0x66));
        EXPECT_EQ(claims->pcrs.at(2), Bytes(48, 0x12));
    }
}

// ---- COSE ----

TEST_F(NitroChecks, ADocumentAboveTheLimitIsRefusedUnread) {
    platform.edit_document = [](Bytes& document) {
        document.assign(kNitroDocumentMaxBytes + 1, 0xff);
    };
    EXPECT_EQ(refused_by(), "ATT-130");
    platform.edit_document = [](Bytes& document) { document.pop_back(); };
    EXPECT_EQ(refused_by(), "CBOR-01");
    platform.edit_document = [](Bytes& document) { document.push_back(0); };
    EXPECT_EQ(refused_by(), "CBOR-07");
    platform.edit_document = [](Bytes& document) { document.clear(); };
    EXPECT_EQ(refused_by(), "CBOR-01");
}

TEST_F(NitroChecks, ADocumentIsACoseSign1) {
    platform.edit_document = [](Bytes& document) { document.insert(document.begin(), 0xd2); };
    EXPECT_EQ(refused_by(), "verified");
    platform.edit_document = [](Bytes& document) { document.insert(document.begin(), 0xd1); };
    EXPECT_EQ(refused_by(), "ATT-131");
    platform.edit_document = [](Bytes& document) { document = {0xd2, 0xd2, 0x84}; };
    EXPECT_EQ(refused_by(), "CBOR-04");
    platform.edit_document = [](Bytes& document) { document[0] = 0x83; };
    EXPECT_EQ(refused_by(), "ATT-131");
    platform.edit_document = [](Bytes&) {};
    platform.unprotected = {0xa1, 0x01, 0x38, 0x22};
    EXPECT_EQ(refused_by(), "ATT-131");
    platform.unprotected = {0xa0};
    platform.edit_signature = [](Bytes& signature) { signature.pop_back(); };
    EXPECT_EQ(refused_by(), "ATT-131");
    platform.edit_signature = [](Bytes& signature) { signature.push_back(0); };
    EXPECT_EQ(refused_by(), "ATT-131");
}

TEST_F(NitroChecks, TheHeaderSaysEs384AndNothingElse) {
    const std::vector<Bytes> headers = {
        {},
        {0xa0},
        {0xa1, 0x02, 0x38, 0x22},                    // crit
        {0xa1, 0x01, 0x38, 0x22, 0x00},              // Something behind.
        {0xa2, 0x01, 0x38, 0x22, 0x04, 0x41, 0x00},  // With a key's name.
    };
    for (const Bytes& header : headers) {
        platform.header = header;
        EXPECT_EQ(refused_by(), "ATT-132") << to_hex(header);
    }
    // ES256 with a signature of its size; with P-384's it is no message at all.
    platform.header = {0xa1, 0x01, 0x26};
    EXPECT_EQ(refused_by(), "ATT-131");
    platform.edit_signature = [](Bytes& signature) { signature.resize(64); };
    EXPECT_EQ(refused_by(), "ATT-132");
}

TEST_F(NitroChecks, TheDocumentIsSignedByItsCertificate) {
    for (const std::size_t at : {0u, 47u, 48u, 95u}) {
        platform.edit_signature = [=](Bytes& signature) { signature[at] ^= 1; };
        EXPECT_EQ(refused_by(), "ATT-140") << at;
    }
    platform.edit_signature = [](Bytes& signature) { signature.assign(96, 0); };
    EXPECT_EQ(refused_by(), "ATT-140");
}

// ---- Payload ----

TEST_F(NitroChecks, FieldsAreKnownAndStandOnce) {
    platform.edit_fields = [](Fields& fields) {
        fields.emplace_back("nitrotpm_pcrs", pcrs({{0, Bytes(48, 1)}}));
    };
    EXPECT_EQ(refused_by(), "ATT-133");
    for (const bool indefinite : {false, true}) {
        platform.indefinite = indefinite;
        platform.edit_fields = [](Fields& fields) { fields.push_back(fields.front()); };
        EXPECT_EQ(refused_by(), "ATT-134");
        platform.edit_fields = [](Fields& fields) { fields.push_back(fields.back()); };
        EXPECT_EQ(refused_by(), "ATT-134");
    }
    platform.indefinite = false;
    platform.edit_fields = [](Fields&) {};
    // One register twice, with the same or another value.
    EXPECT_EQ(with_field("pcrs", pcrs({{0, Bytes(48, 1)}, {0, Bytes(48, 1)}})), "ATT-134");
    EXPECT_EQ(with_field("pcrs", pcrs({{0, Bytes(48, 0)}, {1, Bytes(48)}, {0, Bytes(48, 2)}})),
              "ATT-134");
}

TEST_F(NitroChecks, WhatIsRequiredIsThere) {
    for (const char* name :
         {"module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"}) {
        EXPECT_EQ(with_field(name, {}), "ATT-135") << name;
        // Null is no value.
        EXPECT_EQ(with_field(name, {0xf6}), "CBOR-04") << name;
    }
    for (const char* name : {"public_key", "user_data", "nonce"}) {
        EXPECT_EQ(with_field(name, {}), "verified") << name;
        EXPECT_EQ(with_field(name, {0xf6}), "verified") << name;
    }
    platform.edit_fields = [](Fields& fields) { fields.clear(); };
    EXPECT_EQ(refused_by(), "ATT-135");
}

TEST_F(NitroChecks, ValuesAreInTheirRange) {
    EXPECT_EQ(with_field("module_id", text("")), "ATT-136");
    EXPECT_EQ(with_field("module_id", text(std::string(257, 'i'))), "ATT-136");
    EXPECT_EQ(with_field("timestamp", {0x00}), "ATT-136");
    EXPECT_EQ(with_field("timestamp", NitroPlatform::number_item(~std::uint64_t{0})), "ATT-136");
    EXPECT_EQ(with_field("timestamp", {0x20}), "CBOR-04");  // Negative.
    EXPECT_EQ(with_field("pcrs", pcrs({})), "ATT-136");
    EXPECT_EQ(with_field("pcrs", pcrs({{32, Bytes(48)}})), "ATT-136");
    EXPECT_EQ(with_field("pcrs", pcrs({{31, Bytes(48)}})), "verified");
    for (const std::size_t size : {0u, 20u, 47u, 49u, 65u}) {
        EXPECT_EQ(with_field("pcrs", pcrs({{0, Bytes(size)}})), "ATT-136") << size;
    }
    for (const std::size_t size : {32u, 48u, 64u}) {
        EXPECT_EQ(with_field("pcrs", pcrs({{0, Bytes(size)}})), "verified") << size;
    }
    std::vector<std::pair<std::uint64_t, Bytes>> too_many;
    for (std::uint64_t i = 0; i <= kNitroPcrsMax; ++i) {
        too_many.emplace_back(i, Bytes(48));
    }
    EXPECT_EQ(with_field("pcrs", pcrs(too_many)), "ATT-136");
    EXPECT_EQ(with_field("certificate", bytes(0)), "ATT-136");
    EXPECT_EQ(with_field("certificate", bytes(kNitroCertificateMaxBytes + 1)), "ATT-136");
    EXPECT_EQ(with_field("cabundle", NitroPlatform::bundle_item({})), "ATT-136");
    EXPECT_EQ(with_field("cabundle",
                         NitroPlatform::bundle_item(std::vector(kNitroBundleMax + 1, Bytes(1)))),
              "ATT-136");
    EXPECT_EQ(with_field("cabundle", NitroPlatform::bundle_item({Bytes()})), "ATT-136");
    EXPECT_EQ(with_field("public_key", bytes(0)), "ATT-136");
    for (const char* name : {"public_key", "user_data", "nonce"}) {
        EXPECT_EQ(with_field(name, bytes(kNitroUserDataMaxBytes)), "verified") << name;
        EXPECT_EQ(with_field(name, bytes(kNitroUserDataMaxBytes + 1)), "ATT-136") << name;
    }
    EXPECT_EQ(with_field("user_data", bytes(0)), "verified");
    EXPECT_EQ(with_field("user_data", text("text")), "CBOR-04");
}

TEST_F(NitroChecks, RegistersAreOfSha384) {
    EXPECT_EQ(with_field("digest", text("SHA512")), "ATT-137");
    EXPECT_EQ(with_field("digest", text("sha384")), "ATT-137");
}

TEST_F(NitroChecks, DebugModeIsRegistersThatSayNothing) {
    const auto debug_with = [&](const Bytes& registers) {
        bool debug = false;
        platform.edit_fields = [&](Fields& fields) { fields[3].second = registers; };
        const auto claims = platform.verify();
        EXPECT_TRUE(claims.has_value());
        if (claims.has_value()) {
            debug = claims->debug;
        }
        return debug;
    };
    const Bytes zero(48, 0);
    const Bytes one(48, 1);
    EXPECT_TRUE(debug_with(pcrs({{0, zero}, {1, zero}, {2, zero}, {3, one}})));
    EXPECT_TRUE(debug_with(pcrs({{3, one}})));  // Absent: nothing says that it is another mode.
    EXPECT_FALSE(debug_with(pcrs({{0, one}, {1, one}, {2, one}})));
    EXPECT_FALSE(debug_with(pcrs({{0, zero}, {1, zero}, {2, one}})));
    // Absent and zero are told apart.
    platform.edit_fields = [&](Fields& fields) { fields[3].second = pcrs({{0, one}, {4, zero}}); };
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value());
    EXPECT_TRUE(claims->pcrs.contains(4));
    EXPECT_FALSE(claims->pcrs.contains(5));
}

// ---- Certificates ----

TEST_F(NitroChecks, TheBundleIsTheChainInItsOrder) {
    platform.edit_bundle = [](std::vector<Bytes>& bundle) { std::swap(bundle[1], bundle[2]); };
    EXPECT_EQ(refused_by(), "ATT-138");
    platform.edit_bundle = [](std::vector<Bytes>& bundle) { std::ranges::reverse(bundle); };
    EXPECT_EQ(refused_by(), "ATT-138");
    platform.edit_bundle = [](std::vector<Bytes>& bundle) { bundle.erase(bundle.begin()); };
    EXPECT_EQ(refused_by(), "ATT-138");
    platform.edit_bundle = [](std::vector<Bytes>& bundle) { bundle.push_back(bundle.front()); };
    EXPECT_EQ(refused_by(), "ATT-138");
    platform.edit_bundle = [](std::vector<Bytes>& bundle) { bundle.pop_back(); };
    EXPECT_EQ(refused_by(), "ATT-45");
}

TEST_F(NitroChecks, TheRootThatComesAlongIsNotTrustedByItself) {
    NitroPlatform other;
    other.random = testing::SeededRandom(45);
    other.root.key = crypto::EcdsaKey::generate(crypto::NistCurve::p384, other.random);
    const Bytes document = other.make_document();
    platform.edit_document = [&](Bytes& own) { own = document; };
    EXPECT_EQ(refused_by(), "ATT-46");
}

TEST_F(NitroChecks, TheCertificateIsForSigningDocuments) {
    platform.key_spec.key_usage = 0x40;
    EXPECT_EQ(refused_by(), "ATT-139");
    platform.key_spec.key_usage.reset();
    EXPECT_EQ(refused_by(), "ATT-139");
    platform.key_spec.key_usage = 0x84;
    platform.key_spec.authority = true;
    EXPECT_EQ(refused_by(), "ATT-139");
}

TEST_F(NitroChecks, TheChainIsValidAndOfAuthorities) {
    platform.key_spec.not_after = platform.now;
    EXPECT_EQ(refused_by(), "verified");
    platform.key_spec.not_after = platform.now.plus_ms(-kSecondMs);
    EXPECT_EQ(refused_by(), "ATT-47");
    platform.key_spec.not_after = platform.now;
    platform.instance_spec.not_before = platform.now.plus_ms(kSecondMs);
    EXPECT_EQ(refused_by(), "ATT-47");
    platform.instance_spec.not_before = UnixMs{0};
    platform.authority_spec.path_length = 0;
    EXPECT_EQ(refused_by(), "ATT-48");
}

TEST_F(NitroChecks, TheChainIsOfP384Throughout) {
    platform.instance.key = crypto::EcdsaKey::generate(crypto::NistCurve::p256, platform.random);
    EXPECT_EQ(refused_by(), "ATT-141");
}

}  // namespace
}  // namespace chatmcp::attest
