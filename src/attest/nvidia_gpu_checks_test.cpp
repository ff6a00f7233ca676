// One rule after the other: a GPU of the tests' own, with one thing wrong and everything signed.

#include <algorithm>

#include <gtest/gtest.h>

#include "support/nvidia_platform.h"

namespace chatmcp::attest {
namespace {

using testing::NvidiaPlatform;

class NvidiaGpuChecks : public ::testing::Test {
  protected:
    std::string refused_by() {
        const auto claims = platform.verify();
        return claims.has_value() ? "verified" : claims.error().check;
    }
    /// With one field of opaque data written anew.
    std::string with_field(std::uint16_t number, const Bytes& data) {
        const auto before = platform.fields;
        std::erase_if(platform.fields, [=](const auto& each) { return each.first == number; });
        platform.fields.emplace_back(number, data);
        const std::string check = refused_by();
        platform.fields = before;
        return check;
    }
    std::string with_block(const Bytes& block) {
        const auto before = platform.blocks;
        platform.blocks.push_back(block);
        const std::string check = refused_by();
        platform.blocks = before;
        return check;
    }
    std::string with_firmware(const Bytes& extensions) {
        platform.firmware_extensions = extensions;
        const std::string check = refused_by();
        platform.firmware_extensions.reset();
        return check;
    }
    static Bytes text(std::string_view value) { return to_bytes(as_bytes(value)); }

    NvidiaPlatform platform;
};

TEST_F(NvidiaGpuChecks, AGpuOfOurOwnVerifies) {
    const auto claims = platform.verify();
    ASSERT_TRUE(claims.has_value()) << claims.error().check;
    EXPECT_EQ(claims->device, NvidiaDevice::gpu);
    EXPECT_EQ(claims->chip, "GH100");
    EXPECT_EQ(claims->device_serial, Bytes{0x04});
    EXPECT_EQ(claims->driver_version, "590.12");
    EXPECT_EQ(claims->vbios_version, "96.00.A5.00.01");
    EXPECT_EQ(claims->nvdec0_enabled, false);
    EXPECT_EQ(claims->protected_pcie_enabled, true);
    EXPECT_EQ(claims->linked_switch_pdis.size(), 2u);
    EXPECT_TRUE(claims->fwid_in_report);
    EXPECT_EQ(claims->measurements.size(), 3u);
}

// ---- Request and response ----

TEST_F(NvidiaGpuChecks, AReportIsWholeAndWithinItsLimits) {
    platform.edit_report = [](Bytes& report) { report.assign(kNvidiaReportMaxBytes + 1, 0); };
    EXPECT_EQ(refused_by(), "ATT-240");
    platform.edit_report = [](Bytes& report) { report.push_back(0); };
    EXPECT_EQ(refused_by(), "ATT-241");
    for (const std::size_t left : {0u, 3u, 36u, 44u, 60u, 300u}) {
        platform.edit_report = [=](Bytes& report) { report.resize(left); };
        EXPECT_EQ(refused_by(), "ATT-56") << left;
    }
    platform.edit_report = [](Bytes& report) { report.pop_back(); };
    EXPECT_EQ(refused_by(), "ATT-56");
    platform.edit_report = [](Bytes&) {};
    platform.fields.emplace_back(99, Bytes(kSpdmOpaqueMaxBytes, 0));
    EXPECT_EQ(refused_by(), "ATT-240");
}

TEST_F(NvidiaGpuChecks, TheRequestIsForAllMeasurementsWithASignature) {
    platform.slot = 7;
    platform.response[3] = 7;
    EXPECT_EQ(refused_by(), "verified");
    platform.slot = 8;
    EXPECT_EQ(refused_by(), "ATT-242");
    platform.slot = 0;
    platform.response[3] = 0;
    for (const auto& [at, value] :
         std::vector<std::pair<std::size_t, std::uint8_t>>{{0, 0x12}, {1, 0x81}, {2, 0}, {3, 1}}) {
        const std::uint8_t before = std::exchange(platform.request[at], value);
        EXPECT_EQ(refused_by(), "ATT-242") << at;
        platform.request[at] = before;
    }
}

TEST_F(NvidiaGpuChecks, TheResponseIsToThisRequest) {
    for (std::size_t at = 0; at < 4; ++at) {
        platform.response[at] ^= 1;
        EXPECT_EQ(refused_by(), "ATT-243") << at;
        platform.response[at] ^= 1;
    }
}

TEST_F(NvidiaGpuChecks, MeasurementsAreDigestsOfSha384) {
    EXPECT_EQ(with_block(NvidiaPlatform::block(65, 7)), "verified");
    const auto changed = [&](std::size_t at, std::uint8_t value) {
        Bytes block = NvidiaPlatform::block(65, 7);
        block[at] = value;
        return with_block(block);
    };
    EXPECT_EQ(changed(1, 2), "ATT-244");     // Of another specification.
    EXPECT_EQ(changed(2, 0x32), "ATT-244");  // Shorter.
    EXPECT_EQ(changed(4, 0x81), "ATT-244");  // Raw bits.
    EXPECT_EQ(changed(4, 4), "ATT-244");
    EXPECT_EQ(changed(5, 0x20), "ATT-244");  // SHA-256
    platform.block_count = 2;
    EXPECT_EQ(refused_by(), "ATT-244");
    platform.block_count = 0;
    EXPECT_EQ(refused_by(), "ATT-244");
    platform.block_count = 4;
    EXPECT_EQ(refused_by(), "ATT-56");
}

TEST_F(NvidiaGpuChecks, IndicesAscendAndFieldsStandOnce) {
    EXPECT_EQ(with_block(NvidiaPlatform::block(64, 7)), "ATT-246");
    EXPECT_EQ(with_block(NvidiaPlatform::block(3, 7)), "ATT-246");
    EXPECT_EQ(with_block(NvidiaPlatform::block(0, 7)), "ATT-246");
    EXPECT_EQ(with_block(NvidiaPlatform::block(0xff, 7)), "ATT-246");
    EXPECT_EQ(with_block(NvidiaPlatform::block(0xfe, 7)), "verified");
    platform.fields.push_back(platform.fields.front());
    EXPECT_EQ(refused_by(), "ATT-246");
}

TEST_F(NvidiaGpuChecks, OpaqueDataIsWholeFields) {
    platform.edit_opaque = [](Bytes& opaque) { opaque.push_back(0); };
    EXPECT_EQ(refused_by(), "ATT-245");
    platform.edit_opaque = [](Bytes& opaque) { opaque.pop_back(); };
    EXPECT_EQ(refused_by(), "ATT-245");
    platform.edit_opaque = [](Bytes& opaque) { append(opaque, Bytes{0x63, 0x00, 0x01}); };
    EXPECT_EQ(refused_by(), "ATT-245");
    // One that nobody knows says nothing; NVIDIA adds some with each driver.
    platform.edit_opaque = [](Bytes& opaque) { append(opaque, Bytes{0x63, 0x00, 0x00, 0x00}); };
    EXPECT_EQ(refused_by(), "verified");
    platform.edit_opaque = [](Bytes& opaque) { opaque.clear(); };
    EXPECT_EQ(refused_by(), "verified");
}

TEST_F(NvidiaGpuChecks, FieldsOfOpaqueDataHaveTheirForm) {
    EXPECT_EQ(with_field(3, text("590.12")), "verified");
    EXPECT_EQ(with_field(3, text("590 12")), "ATT-247");
    EXPECT_EQ(with_field(3, Bytes(4, 0)), "ATT-247");
    EXPECT_EQ(with_field(3, Bytes(65, 'a')), "ATT-247");
    EXPECT_EQ(with_field(6, Bytes(7, 1)), "ATT-247");
    for (const std::uint16_t status : {std::uint16_t{11}, std::uint16_t{21}}) {
        EXPECT_EQ(with_field(status, {0x54}), "ATT-247");
        EXPECT_EQ(with_field(status, {0x55, 0x55}), "ATT-247");
        EXPECT_EQ(with_field(status, {}), "ATT-247");
    }
    EXPECT_EQ(with_field(22, Bytes(12, 1)), "ATT-247");
    EXPECT_EQ(with_field(22, {}), "ATT-247");
    EXPECT_EQ(with_field(26, Bytes(1, 1)), "verified");  // A GPU has no such field.
    // Of a switch: text, and one number.
    platform.leaf_spec.subject = "LS_10 A01 FSP FMC LF";
    EXPECT_EQ(refused_by(), "ATT-247");
    platform.fields = {{6, text("96.10.55.00.01")}, {22, Bytes(8, 1)}, {26, Bytes(16, 2)}};
    EXPECT_EQ(refused_by(), "verified");
    EXPECT_EQ(with_field(22, Bytes(16, 1)), "ATT-247");
    EXPECT_EQ(with_field(26, Bytes(15, 1)), "ATT-247");
}

TEST_F(NvidiaGpuChecks, TheReportIsSignedByItsCertificate) {
    for (const std::size_t at : {0u, 47u, 48u, 95u}) {
        platform.edit_signature = [=](Bytes& signature) { signature[at] ^= 1; };
        EXPECT_EQ(refused_by(), "ATT-254") << at;
    }
    platform.edit_signature = [](Bytes& signature) { signature.assign(96, 0); };
    EXPECT_EQ(refused_by(), "ATT-254");
}

// ---- Certificates ----

TEST_F(NvidiaGpuChecks, TheChainIsOfFiveInItsOrder) {
    using Chain = std::vector<Bytes>;
    platform.edit_chain = [](Chain& chain) { std::swap(chain[1], chain[2]); };
    EXPECT_EQ(refused_by(), "ATT-248");
    platform.edit_chain = [](Chain& chain) { chain.pop_back(); };
    EXPECT_EQ(refused_by(), "ATT-248");
    platform.edit_chain = [](Chain& chain) { chain.push_back(chain.back()); };
    EXPECT_EQ(refused_by(), "ATT-248");
    platform.edit_chain = [](Chain& chain) { chain[4] = chain[3]; };
    EXPECT_EQ(refused_by(), "ATT-248");
    platform.edit_chain = [](Chain& chain) { chain[3] = chain[4]; };
    EXPECT_EQ(refused_by(), "ATT-45");
    // A shorter chain, with the root twice.
    platform.batch_spec.issuer = platform.root.name;
    platform.edit_chain = [&](Chain& chain) {
        chain[2] =
            testing::make_certificate(platform.batch_spec, platform.batch.key, platform.root.key);
        chain[3] = chain[4];
    };
    EXPECT_EQ(refused_by(), "ATT-248");
}

TEST_F(NvidiaGpuChecks, ARootThatComesAlongIsNotTrustedByItself) {
    NvidiaPlatform other;
    other.random = testing::SeededRandom(47);
    other.root.key = crypto::EcdsaKey::generate(crypto::NistCurve::p384, other.random);
    const Bytes chain = other.make_chain();
    const auto der = certificates_of_pem(chain).value();
    platform.edit_chain = [&](std::vector<Bytes>& own) { own = der; };
    EXPECT_EQ(refused_by(), "ATT-46");
}

TEST_F(NvidiaGpuChecks, TheChainIsValidAndOfAuthorities) {
    platform.leaf_spec.not_after = platform.now;
    EXPECT_EQ(refused_by(), "verified");
    EXPECT_EQ(platform.verify().value().chain_ends, platform.now);
    platform.leaf_spec.not_after = platform.now.plus_ms(-kSecondMs);
    EXPECT_EQ(refused_by(), "ATT-47");
    platform.leaf_spec.not_after = platform.now;
    platform.batch_spec.not_before = platform.now.plus_ms(kSecondMs);
    EXPECT_EQ(refused_by(), "ATT-47");
    platform.batch_spec.not_before = UnixMs{0};
    platform.device_spec.authority = false;
    EXPECT_EQ(refused_by(), "ATT-48");
}

TEST_F(NvidiaGpuChecks, TheChainIsOfP384Throughout) {
    platform.batch.key = crypto::EcdsaKey::generate(crypto::NistCurve::p256, platform.random);
    EXPECT_EQ(refused_by(), "ATT-249");
}

TEST_F(NvidiaGpuChecks, TheCertificateIsForSigningReports) {
    platform.leaf_spec.key_usage = 0x40;
    EXPECT_EQ(refused_by(), "ATT-250");
    platform.leaf_spec.key_usage.reset();
    EXPECT_EQ(refused_by(), "ATT-250");
    platform.leaf_spec.key_usage = 0x84;
    platform.leaf_spec.authority = true;
    EXPECT_EQ(refused_by(), "ATT-250");
}

TEST_F(NvidiaGpuChecks, TheCertificateNamesAKnownDevice) {
    for (const char* name : {"GB202 A01 GSP FMC LF", "GH100 FMC LF"}) {
        platform.leaf_spec.subject = name;
        EXPECT_EQ(refused_by(), "verified") << name;
    }
    for (const char* name :
         {"GA100 A01 GSP FMC LF", "GH100 A01 GSP", " FMC LF", "", "LS_20 FMC LF"}) {
        platform.leaf_spec.subject = name;
        EXPECT_EQ(refused_by(), "ATT-255") << name;
    }
}

TEST_F(NvidiaGpuChecks, TheCertificateSaysForWhichFirmware) {
    const Bytes fwid = NvidiaPlatform::fwid_value(platform.fwid);
    const Bytes hopper = NvidiaPlatform::device_id_extension(platform.device.key, platform.fwid);
    const Bytes blackwell = NvidiaPlatform::tcb_info_extension(fwid, 0x80);
    EXPECT_EQ(with_firmware(hopper), "verified");
    EXPECT_EQ(with_firmware(blackwell), "verified");
    EXPECT_EQ(with_firmware(concat({hopper, blackwell})), "ATT-251");
    const Bytes other = testing::extension(oid::kSgxExtensions, false, Bytes{0x05, 0x00});
    EXPECT_EQ(with_firmware(other), "ATT-251");
    EXPECT_EQ(
        with_firmware(NvidiaPlatform::device_id_extension(platform.device.key, platform.fwid, 2)),
        "ATT-251");
    EXPECT_EQ(
        with_firmware(NvidiaPlatform::device_id_extension(platform.device.key, Bytes(32, 0xf1))),
        "ATT-251");
    for (const Bytes& value : {Bytes{}, Bytes{0x30, 0x00}, Bytes{0x30, 0x80, 0x00, 0x00}}) {
        EXPECT_EQ(with_firmware(testing::extension(oid::kDiceTcbInfo, false, value)), "ATT-251");
        EXPECT_EQ(with_firmware(testing::extension(oid::kNvidiaDiceTcbInfo, false, value)),
                  "ATT-251");
    }
    // The first of several counts; each has its form.
    const Bytes zeros = NvidiaPlatform::fwid_value(Bytes(48, 0));
    EXPECT_EQ(with_firmware(NvidiaPlatform::tcb_info_extension(concat({fwid, zeros}), 0)),
              "verified");
    EXPECT_EQ(with_firmware(NvidiaPlatform::tcb_info_extension(concat({zeros, fwid}), 0)),
              "ATT-253");
    EXPECT_EQ(with_firmware(NvidiaPlatform::tcb_info_extension(
                  concat({fwid, NvidiaPlatform::fwid_value(Bytes(20, 0))}), 0)),
              "ATT-251");
    EXPECT_EQ(with_firmware(NvidiaPlatform::tcb_info_extension({}, 0)), "ATT-251");
}

TEST_F(NvidiaGpuChecks, DebugIsWhatTheCertificateSays) {
    const Bytes fwid = NvidiaPlatform::fwid_value(platform.fwid);
    platform.firmware_extensions = NvidiaPlatform::tcb_info_extension(fwid, 0x90);
    EXPECT_TRUE(platform.verify().value().debug);
    platform.firmware_extensions = NvidiaPlatform::tcb_info_extension(fwid, 0x80);
    EXPECT_FALSE(platform.verify().value().debug);
}

TEST_F(NvidiaGpuChecks, TheSigningKeyIsOfThisDeviceAndItsFirmware) {
    EXPECT_EQ(with_firmware(NvidiaPlatform::device_id_extension(platform.batch.key, platform.fwid)),
              "ATT-252");
    EXPECT_EQ(with_field(20, Bytes(48, 0xf2)), "ATT-253");
    EXPECT_EQ(with_field(20, Bytes(47, 0xf1)), "ATT-253");
    // Early drivers say nothing of it, and a verifier hears that.
    std::erase_if(platform.fields, [](const auto& each) { return each.first == 20; });
    EXPECT_FALSE(platform.verify().value().fwid_in_report);
}

// ---- Files ----

TEST_F(NvidiaGpuChecks, TheFileIsOfThisReport) {
    const auto with_file = [&](const std::string& from, const std::string& to) {
        const std::size_t at = platform.file->find(from);
        EXPECT_NE(at, std::string::npos) << from;
        const std::string before = *platform.file;
        platform.file->replace(at, from.size(), to);
        const std::string check = refused_by();
        platform.file = before;
        return check;
    };
    platform.file = platform.evidence_file();
    EXPECT_EQ(refused_by(), "verified");
    platform.give_chain = false;
    EXPECT_EQ(refused_by(), "verified");
    const std::string nonce(64, '6');
    EXPECT_EQ(with_file(nonce, std::string(64, '7')), "ATT-257");
    EXPECT_EQ(with_file("HOPPER", "BLACKWELL"), "ATT-257");
    EXPECT_EQ(with_file(R"("evidence":")", R"("evidence":"AAAA)"), "ATT-257");
    EXPECT_EQ(with_file(nonce, "66"), "ATT-256");
    EXPECT_EQ(with_file(nonce, "6"), "BASE-01");
    EXPECT_EQ(with_file(R"("evidence":")", R"("evidence":"*)"), "BASE-02");
    EXPECT_EQ(with_file(R"("arch")", R"("name")"), "ATT-256");
    EXPECT_EQ(with_file(R"("HOPPER")", "1"), "ATT-256");
    EXPECT_EQ(with_file(R"({"arch")", R"({"more":1,"arch")"), "ATT-256");
    EXPECT_EQ(with_file(R"({"arch")", R"({"nonce":"","arch")"), "ATT-32");
    platform.give_chain = true;
    EXPECT_EQ(with_file(R"("certificate":")", R"("certificate":"AAAA)"), "ATT-257");
    for (const char* file : {"[]", "{}", "[1]", "[[]]", "1"}) {
        platform.file = file;
        EXPECT_EQ(refused_by(), "ATT-256") << file;
    }
    platform.file = "[";
    EXPECT_EQ(refused_by(), "ATT-31");
    platform.file = std::string(kNvidiaEvidenceFileMaxBytes + 1, ' ');
    EXPECT_EQ(refused_by(), "ATT-240");
    platform.file = "[1";
    for (std::size_t i = 0; i < kNvidiaDevicesMax; ++i) {
        *platform.file += ",1";
    }
    *platform.file += "]";
    EXPECT_EQ(refused_by(), "ATT-240");
}

TEST_F(NvidiaGpuChecks, WithoutAChainThereIsNothingToVerifyWith) {
    platform.give_chain = false;
    EXPECT_EQ(refused_by(), "ATT-259");
    platform.give_chain = true;
    platform.edit_chain = [](std::vector<Bytes>& chain) { chain.clear(); };
    EXPECT_EQ(refused_by(), "ATT-259");
}

TEST_F(NvidiaGpuChecks, ReferencesAreDigestsByIndex) {
    const auto read = [](const std::string& json) -> std::string {
        const auto references = NvidiaReferences::read(as_bytes(json));
        return references.has_value() ? "read" : references.error().check;
    };
    const auto with = [&](const std::string& measurements) {
        return read(R"({"version":1,"measurements":)" + measurements + "}");
    };
    const std::string digest = '"' + std::string(96, 'a') + '"';
    EXPECT_EQ(with(R"({"1":[)" + digest + "]}"), "read");
    EXPECT_EQ(with(R"({"1":[)" + digest + "," + digest + R"(],"254":[)" + digest + "]}"), "read");
    for (const std::string& index : {R"("0")", R"("255")"}) {
        EXPECT_EQ(with("{" + index + ":[" + digest + "]}"), "ATT-258") << index;
    }
    for (const std::string& index : {R"("01")", R"("x")", R"("")"}) {
        EXPECT_EQ(with("{" + index + ":[" + digest + "]}"), "BASE-06") << index;
    }
    EXPECT_EQ(with(R"({"1":[)" + digest + R"(],"1":[)" + digest + "]}"), "ATT-32");
    for (const char* value :
         {"{}", "[]", "1", R"({"1":[]})", R"({"1":1})", R"({"1":[1]})", R"({"1":["aa"]})"}) {
        EXPECT_EQ(with(value), "ATT-258") << value;
    }
    EXPECT_EQ(with(R"({"1":["xx"]})"), "BASE-01");
    std::string many = digest;
    for (std::size_t i = 0; i < kNvidiaDigestsPerIndexMax; ++i) {
        many += "," + digest;
    }
    EXPECT_EQ(with(R"({"1":[)" + many + "]}"), "ATT-258");
    const std::string one = R"("measurements":{"1":[)" + digest + "]}";
    EXPECT_EQ(read("{" + one + "}"), "ATT-258");
    EXPECT_EQ(read(R"({"version":2,)" + one + "}"), "ATT-258");
    EXPECT_EQ(read(R"({"version":1,"more":1,)" + one + "}"), "ATT-258");
    EXPECT_EQ(read(R"({"version":1})"), "ATT-258");
    EXPECT_EQ(read("["), "ATT-31");
    EXPECT_EQ(read(std::string(kNvidiaReferencesFileMaxBytes + 1, ' ')), "ATT-240");
}

}  // namespace
}  // namespace chatmcp::attest
