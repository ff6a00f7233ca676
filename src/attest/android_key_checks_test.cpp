// Android keys with one thing changed and all signed anew: each rule by itself.

#include <gtest/gtest.h>

#include "support/android_platform.h"

namespace chatmcp::attest {
namespace {

using testing::AndroidPlatform;

class AndroidKeyChecks : public ::testing::Test {
  protected:
    std::string check() {
        const auto claims = device.verify();
        return claims.has_value() ? "verified" : claims.error().check;
    }

    AndroidPlatform device;
};

TEST_F(AndroidKeyChecks, AGoodChainVerifies) {
    const auto claims = device.verify();
    ASSERT_TRUE(claims.has_value()) << claims.error().check;
    EXPECT_EQ(claims->level, AndroidSecurityLevel::trusted_environment);
    EXPECT_EQ(claims->boot_state, AndroidBootState::verified);
    EXPECT_TRUE(claims->device_locked);
    EXPECT_EQ(claims->os_patch_level, 202'505U);
    EXPECT_EQ(claims->challenge, Bytes(32, 3));
    EXPECT_EQ(claims->provisioning, AndroidProvisioning::factory);
    EXPECT_EQ(claims->serials[1], "a03");
    EXPECT_FALSE(claims->revocation_checked);
}

TEST_F(AndroidKeyChecks, AChainHasThreeCertificatesAtLeast) {
    device.edit_chain = [](std::vector<Bytes>& chain) { chain.resize(2); };
    EXPECT_EQ(check(), "ATT-180");
}

TEST_F(AndroidKeyChecks, NamesChain) {
    device.key_spec.issuer = "Somebody";
    EXPECT_EQ(check(), "ATT-181");
    device.key_spec.issuer = device.device.name;
    device.edit_chain = [](std::vector<Bytes>& chain) { std::swap(chain[1], chain[2]); };
    EXPECT_EQ(check(), "ATT-181");
}

TEST_F(AndroidKeyChecks, EachIsSignedByTheNext) {
    device.edit_chain = [](std::vector<Bytes>& chain) { chain[0].back() ^= 1; };
    EXPECT_EQ(check(), "ATT-182");
    device.edit_chain = [](std::vector<Bytes>& chain) { chain[2].back() ^= 1; };
    EXPECT_EQ(check(), "ATT-182");
    device.edit_chain = [](std::vector<Bytes>& chain) { chain[3].back() ^= 1; };
    EXPECT_EQ(check(), "ATT-182");
}

TEST_F(AndroidKeyChecks, IssuersAreAuthorities) {
    device.authority_spec.authority = false;
    device.authority_spec.path_length.reset();
    EXPECT_EQ(check(), "ATT-183");
    device.authority_spec.authority = true;
    device.authority_spec.path_length = 0;
    EXPECT_EQ(check(), "ATT-183");
    device.authority_spec.path_length = 1;
    device.authority_spec.key_usage = 0x80;
    EXPECT_EQ(check(), "ATT-183");
    // Directly above the leaf some makers left the mark out.
    device.authority_spec.key_usage = 0x06;
    device.device_spec.authority = false;
    EXPECT_EQ(check(), "verified");
}

TEST_F(AndroidKeyChecks, TheChainEndsAtATrustedKey) {
    const Bytes pem = device.make_chain();
    const AndroidKeyChain chain = AndroidKeyChain::read(pem).value();
    EXPECT_EQ(verify_android_key(chain, {}, std::nullopt, device.now).error(),
              (Error{Errc::untrusted_identity, "ATT-184"}));
}

TEST_F(AndroidKeyChecks, DatesCountForRemoteProvisioningAlone) {
    const UnixMs past{1'700'000'000'000};
    device.authority_spec.not_after = past;
    device.key_spec.not_after = past;
    EXPECT_EQ(check(), "verified");
    // The names of the key and of the device's authority are others' choice.
    device.key_spec.subject = "Droid CA9";
    EXPECT_EQ(device.verify().value().provisioning, AndroidProvisioning::factory);
    device.authority_spec.subject = "Droid CA2";
    device.device_spec.issuer = "Droid CA2";
    EXPECT_EQ(check(), "ATT-185");
    device.authority_spec.not_after = device.now;
    EXPECT_EQ(check(), "verified");
    device.device_spec.not_before = device.now.plus_ms(kSecondMs);
    EXPECT_EQ(check(), "ATT-185");
}

TEST_F(AndroidKeyChecks, TheLeafAloneIsAttested) {
    device.attested = false;
    EXPECT_EQ(check(), "ATT-186");
    device.attested = true;
    // Whoever holds an attested key signs one more certificate with it.
    device.device_spec.extensions = device.description_extension();
    EXPECT_EQ(check(), "ATT-186");
    device.attested = false;
    EXPECT_EQ(check(), "ATT-186");
}

TEST_F(AndroidKeyChecks, TheKeyDescriptionHasItsForm) {
    for (const auto& edit : std::vector<std::function<void(Bytes&)>>{
             [](Bytes& description) { description.pop_back(); },
             [](Bytes& description) { description.push_back(0); },
             [](Bytes& description) { description.clear(); },
             [](Bytes& description) {
                 description.assign(AndroidKeyDescription::kMaxBytes + 1, 0);
             },
             [](Bytes& description) { description[0] = 0x31; }}) {
        device.edit_description = edit;
        EXPECT_EQ(check(), "ATT-187");
    }
    device.edit_description = [](Bytes&) {};
    device.level = 3;
    EXPECT_EQ(check(), "ATT-187");
    device.level = 2;
    EXPECT_EQ(check(), "verified");
    device.boot_state = 4;
    EXPECT_EQ(check(), "ATT-187");
    device.boot_state = 0;
    device.device_locked = {};
    EXPECT_EQ(check(), "ATT-187");
    // True as genuine devices write it.
    device.device_locked = {0x01};
    EXPECT_EQ(check(), "verified");
    device.device_locked = {0x02};
    EXPECT_EQ(check(), "ATT-187");
    device.device_locked = {0xff};
    device.patch_level = (std::uint64_t{1} << 32) + 202'505;
    EXPECT_EQ(check(), "ATT-187");
    device.patch_level = 202'505;
    device.more_hardware = testing::der_integer(std::uint64_t{1});
    EXPECT_EQ(check(), "ATT-187");
    for (std::uint32_t tag = 31; tag <= 31 + AndroidKeyDescription::kAuthorizationsMax; ++tag) {
        append(device.more_hardware, AndroidPlatform::tagged(tag, {}));
    }
    EXPECT_EQ(check(), "ATT-187");
}

TEST_F(AndroidKeyChecks, TheVersionIsOneThatIsKnown) {
    for (const std::uint64_t version : {0U, 5U, 99U, 600U}) {
        device.version = version;
        EXPECT_EQ(check(), "ATT-188") << version;
    }
    device.version = 100'001;
    EXPECT_EQ(check(), "ATT-187");
}

TEST_F(AndroidKeyChecks, NoCertificateIsOnTheStatusList) {
    device.status = R"({"entries": {}})";
    EXPECT_TRUE(device.verify().value().revocation_checked);
    for (const char* serial : {"1", "a03", "2"}) {
        device.status = R"({"entries": {")" + std::string(serial) +
                        R"(": {"status": "SUSPENDED", "reason": "SOFTWARE_FLAW"}}})";
        EXPECT_EQ(check(), "ATT-189") << serial;
    }
    device.status = R"({"entries": {"a04": {"status": "REVOKED"}}})";
    EXPECT_EQ(check(), "verified");
}

TEST_F(AndroidKeyChecks, TagsStandInOrder) {
    device.more_hardware = AndroidPlatform::tagged(705, testing::der_integer(std::uint64_t{1}));
    EXPECT_EQ(check(), "ATT-190");
    device.more_hardware = AndroidPlatform::tagged(704, device.root_of_trust());
    EXPECT_EQ(check(), "ATT-190");
}

TEST_F(AndroidKeyChecks, TheStatusListHasItsForm) {
    for (const char* text : {"", "[]", "{}", R"({"entries": []})", R"({"entries": {}} x)"}) {
        device.status = text;
        EXPECT_EQ(check(), "ATT-191") << text;
    }
    // Serial numbers in other spellings would be missed.
    for (const char* serial : {"0a03", "A03", "0xa03", " a03", ""}) {
        device.status = R"({"entries": {")" + std::string(serial) + R"(": {"status": "REVOKED"}}})";
        EXPECT_EQ(check(), "ATT-191") << serial;
    }
    for (const char* entry : {"7", "{}", R"({"status": "revoked"})", R"({"status": 1})"}) {
        device.status = R"({"entries": {"a03": )" + std::string(entry) + "}}";
        EXPECT_EQ(check(), "ATT-191") << entry;
    }
}

TEST_F(AndroidKeyChecks, CriticalExtensionsAreKnown) {
    device.device_spec.extensions =
        testing::extension(Bytes{0x55, 0x1d, 0x1e}, true, Bytes{0x30, 0});
    EXPECT_EQ(check(), "ATT-192");
    device.device_spec.extensions =
        testing::extension(Bytes{0x55, 0x1d, 0x1e}, false, Bytes{0x30, 0});
    EXPECT_EQ(check(), "verified");
}

}  // namespace
}  // namespace chatmcp::attest
