// Reports of NVIDIA's GPUs and switches with their certificates, as they were found:
// tests/vectors/evidence.

#include "attest/nvidia_gpu.h"

#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "attest/roots.h"
#include "base/encoding.h"
#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::attest {
namespace {

using testing::Vector;

/// One folder of the corpus; what its files hold can be changed before it is verified.
class Case {
  public:
    explicit Case(const std::string& name)
        : name_(name),
          facts_(testing::load_document("evidence/nvidia-gpu/" + name + "/case.json")) {
        report = load(facts_.text("evidence"));
        for (const std::string& file : facts_.texts("collateral")) {
            files[file] = load(file);
        }
    }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Vector expected() const { return facts_.object("expected"); }
    [[nodiscard]] UnixMs verify_at() const {
        return from_time_text(facts_.text("verify_at")).value();
    }
    [[nodiscard]] Result<NvidiaGpuClaims> verify(
        UnixMs at, const std::optional<NvidiaReferences>& references = std::nullopt) const {
        const Bytes root_der = builtin_roots().nvidia;
        const Certificate root = Certificate::read(root_der).value();
        CHATMCP_TRY(const NvidiaReport parsed, NvidiaReport::read(report));
        return verify_nvidia_gpu(
            parsed,
            {.certificate_chain = file("chain.pem"), .evidence_file = file("evidence.json")},
            root,
            references,
            at);
    }
    [[nodiscard]] Result<NvidiaGpuClaims> verify() const { return verify(verify_at()); }

    Bytes report;
    std::map<std::string, Bytes> files;

  private:
    [[nodiscard]] Bytes load(const std::string& file) const {
        return to_bytes(as_bytes(testing::load_text("evidence/nvidia-gpu/" + name_ + "/" + file)));
    }
    [[nodiscard]] std::optional<ByteView> file(const std::string& name) const {
        const auto found = files.find(name);
        return found == files.end() ? std::nullopt : std::optional<ByteView>(found->second);
    }

    std::string name_;
    Vector facts_;
};

std::vector<Case> all_cases() {
    std::vector<Case> out;
    for (const Vector& entry : testing::load_vectors("evidence/index.json")) {
        if (entry.text("kind") == "nvidia-gpu") {
            out.emplace_back(entry.text("name"));
        }
    }
    return out;
}

std::vector<Case> genuine_cases() {
    std::vector<Case> out = all_cases();
    std::erase_if(out, [](const Case& each) { return !each.expected().boolean("verifies"); });
    return out;
}

std::string check_of(const Result<NvidiaGpuClaims>& result) {
    return result.has_value() ? "verified" : result.error().check;
}

std::string hex_or_none(const std::optional<ByteView>& data) {
    return data.has_value() ? to_hex(*data) : "none";
}
std::string text_or_none(const Vector& expected, std::string_view name) {
    return expected.has(name) ? expected.text(name) : "none";
}

void expect_report(const NvidiaReport& report, const Vector& expected) {
    EXPECT_EQ(to_hex(report.nonce), expected.text("nonce"));
    EXPECT_EQ(to_hex(report.responder_nonce), expected.text("responder_nonce"));
    EXPECT_EQ(report.measurements.size(), expected.u64("number_of_measurement_blocks"));
    const Vector measurements = expected.object("measurements");
    for (const NvidiaMeasurement& each : report.measurements) {
        EXPECT_EQ(to_hex(each.digest), measurements.text(std::to_string(each.index)));
    }
    std::vector<std::uint64_t> numbers;
    for (const NvidiaOpaqueField& each : report.opaque) {
        numbers.push_back(each.number);
    }
    EXPECT_EQ(numbers, expected.numbers("opaque_field_ids"));
    EXPECT_EQ(hex_or_none(report.find(NvidiaField::fwid)), text_or_none(expected, "opaque_fwid"));
    EXPECT_EQ(hex_or_none(report.find(NvidiaField::vbios_version)),
              expected.text("vbios_version_raw"));
}

void expect_claims(const NvidiaGpuClaims& claims, const Vector& expected) {
    EXPECT_EQ(claims.device == NvidiaDevice::gpu ? "gpu" : "nvswitch", expected.text("device"));
    EXPECT_TRUE(expected.text("leaf_subject").starts_with("CN=" + claims.chip + " "));
    EXPECT_EQ(to_hex(claims.nonce), expected.text("nonce"));
    EXPECT_EQ(to_hex(claims.responder_nonce), expected.text("responder_nonce"));
    EXPECT_EQ(claims.driver_version.value_or("none"), text_or_none(expected, "driver_version"));
    EXPECT_EQ(to_hex(claims.fwid), expected.text("leaf_fwid"));
    EXPECT_EQ(claims.fwid_in_report, expected.has("opaque_fwid"));
    EXPECT_EQ(claims.measurements.size(), expected.u64("number_of_measurement_blocks"));
    for (const auto& [index, digest] : claims.measurements) {
        EXPECT_EQ(to_hex(digest), expected.object("measurements").text(std::to_string(index)));
    }
    EXPECT_FALSE(claims.comparison.has_value());
    EXPECT_FALSE(claims.revocation_checked);
    EXPECT_FALSE(claims.debug);
    EXPECT_EQ(to_time_text(claims.chain_ends), expected.texts("in_date_window").back());
}

TEST(NvidiaGpu, EveryCaseHasItsVerdictAndItsFacts) {
    int verified = 0;
    int refused = 0;
    for (const Case& each : all_cases()) {
        SCOPED_TRACE(each.name());
        // What a refused report says is read all the same.
        const auto report = NvidiaReport::read(each.report);
        ASSERT_TRUE(report.has_value()) << report.error().check;
        expect_report(*report, each.expected());
        const auto claims = each.verify();
        ASSERT_EQ(claims.has_value(), each.expected().boolean("verifies")) << check_of(claims);
        if (claims.has_value()) {
            expect_claims(*claims, each.expected());
            ++verified;
        } else {
            ++refused;
        }
    }
    EXPECT_EQ(verified, 8);
    EXPECT_EQ(refused, 5);
}

TEST(NvidiaGpu, EveryRefusedCaseIsRefusedByItsName) {
    const std::map<std::string, std::string> reasons = {
        {"hopper-invalid-signature", "ATT-253"},  // Other firmware, so another device.
        {"nvswitch-invalid-signature", "ATT-254"},
        {"trustee-hopper-bad-chain-2", "ATT-248"},  // The root alone.
        {"trustee-hopper-bad-chain-3", "ATT-248"},  // One is missing in the middle,
        {"trustee-hopper-bad-chain-4", "ATT-248"},  // and here the first.
    };
    std::map<std::string, std::string> found;
    for (const Case& each : all_cases()) {
        if (const auto claims = each.verify(); !claims.has_value()) {
            found[each.name()] = claims.error().check;
        }
    }
    EXPECT_EQ(found, reasons);
}

TEST(NvidiaGpu, ChainsAreValidWithinTheirDatesAndNotBefore) {
    for (const Case& each : genuine_cases()) {
        SCOPED_TRACE(each.name());
        const auto window = each.expected().texts("in_date_window");
        ASSERT_EQ(window.size(), 2u);
        for (const std::string& edge : window) {
            EXPECT_EQ(check_of(each.verify(from_time_text(edge).value())), "verified") << edge;
        }
        const UnixMs before = from_time_text(window.front()).value().plus_ms(-kSecondMs);
        EXPECT_EQ(check_of(each.verify(before)), "ATT-47");
    }
}

TEST(NvidiaGpu, OpaqueDataIsRead) {
    const auto hopper = Case("hopper-h100-590").verify().value();
    EXPECT_EQ(hopper.chip, "GH100");
    EXPECT_EQ(to_hex(hopper.device_serial), "412921ce551e4eeda3");
    EXPECT_EQ(hopper.vbios_version, "96.00.A5.00.01");
    EXPECT_EQ(hopper.nvdec0_enabled, false);
    EXPECT_EQ(hopper.protected_pcie_enabled, true);
    EXPECT_EQ(hopper.linked_switch_pdis.size(), 18u);
    EXPECT_FALSE(hopper.switch_pdi.has_value());
    EXPECT_EQ(Case("hopper-570").verify().value().protected_pcie_enabled, false);
    const auto blackwell = Case("blackwell-575").verify().value();
    EXPECT_EQ(blackwell.chip, "GB100");
    EXPECT_EQ(blackwell.vbios_version, "97.00.88.00.0F");
    const auto early = Case("hopper-535-no-fwid").verify().value();
    EXPECT_FALSE(early.protected_pcie_enabled.has_value());
    const auto nvswitch = Case("nvswitch-ls10").verify().value();
    EXPECT_EQ(nvswitch.chip, "LS_10");
    EXPECT_EQ(nvswitch.vbios_version, "96.10.55.00.01");
    EXPECT_EQ(to_hex(nvswitch.switch_pdi.value()), "203eb31ad9ed0008");
    EXPECT_EQ(nvswitch.linked_gpu_pdis.size(), 16u);
}

// ---- Two halves that do not belong together ----

TEST(NvidiaGpu, AReportOfOneDeviceWithTheChainOfAnotherIsRefused) {
    const std::vector<Case> cases = genuine_cases();
    int refused = 0;
    for (const Case& report : cases) {
        for (const Case& chain : cases) {
            if (report.name() == chain.name()) {
                continue;
            }
            Case mixed = report;
            mixed.files = {{"chain.pem", chain.files.at("chain.pem")}};
            // Devices with the same firmware, or a report that names none, are told apart by the
            // signature alone.
            const bool same_firmware =
                !report.expected().has("opaque_fwid") ||
                report.expected().text("opaque_fwid") == chain.expected().text("leaf_fwid");
            EXPECT_EQ(check_of(mixed.verify()), same_firmware ? "ATT-254" : "ATT-253")
                << report.name() << " with " << chain.name();
            ++refused;
        }
    }
    EXPECT_EQ(refused, 8 * 7);
}

TEST(NvidiaGpu, AFileOfAnotherReportIsRefused) {
    Case mixed("hopper-h100-590");
    mixed.files["evidence.json"] = Case("hopper-cert-hold-ocsp").files.at("evidence.json");
    EXPECT_EQ(check_of(mixed.verify()), "ATT-257");
}

TEST(NvidiaGpu, TheFileAloneIsEnough) {
    for (const char* name : {"hopper-h100-590", "hopper-cert-hold-ocsp", "nvswitch-ls10"}) {
        Case each(name);
        const auto devices = read_nvidia_evidence(each.files.at("evidence.json")).value();
        ASSERT_EQ(devices.size(), 1u);
        EXPECT_EQ(devices.front().report, each.report);
        EXPECT_EQ(devices.front().certificate_chain, each.files.at("chain.pem"));
        EXPECT_EQ(to_hex(devices.front().nonce), each.expected().text("nonce"));
        each.files.erase("chain.pem");
        EXPECT_EQ(check_of(each.verify()), "verified") << name;
        each.files.clear();
        EXPECT_EQ(check_of(each.verify()), "ATT-259") << name;
    }
}

// ---- Measurements ----

TEST(NvidiaGpu, MeasurementsAreComparedWithReferences) {
    const Case each("hopper-multi-gpu-1");
    const auto expected = each.expected().object("measurements");
    const std::string other(96, '5');
    const std::string json = R"({"version":1,"measurements":{"2":[")" + other + R"(",")" +
                             expected.text("2") + R"("],"3":[")" + other + R"("],"4":[")" +
                             expected.text("4") + R"("],"65":[")" + other + R"("]}})";
    const auto references = NvidiaReferences::read(as_bytes(json)).value();
    const auto claims = each.verify(each.verify_at(), references).value();
    const NvidiaComparison& comparison = claims.comparison.value();
    EXPECT_EQ(comparison.matched, (std::vector<std::uint8_t>{2, 4}));
    EXPECT_EQ(comparison.differed, (std::vector<std::uint8_t>{3}));
    EXPECT_EQ(comparison.absent, (std::vector<std::uint8_t>{65}));
    EXPECT_EQ(comparison.unknown.size(), 61u);
    EXPECT_FALSE(comparison.holds());
}

TEST(NvidiaGpu, OneMachineIsTheReferenceOfAnotherWithTheSameVersions) {
    NvidiaReferences references;
    for (const auto& [index, digest] : Case("hopper-h100-590").verify().value().measurements) {
        references.digests[index].push_back(digest);
    }
    const Case same("hopper-multi-gpu-1");
    const auto held = same.verify(same.verify_at(), references).value().comparison.value();
    EXPECT_TRUE(held.differed.empty()) << int{held.differed.front()};
    EXPECT_TRUE(held.holds());
    const Case other("hopper-570");
    EXPECT_FALSE(other.verify(other.verify_at(), references).value().comparison.value().holds());
}

// ---- Flipped bits ----

constexpr int kFlips = 500;

/// Flips bits of `bytes`, which are of `each`.
int expect_no_flip_verifies(Case& each, Bytes& bytes) {
    testing::SeededRandom random(7);
    for (int i = 0; i < kFlips; ++i) {
        const std::size_t position = random.below(bytes.size());
        const auto bit = static_cast<std::uint8_t>(1u << random.below(8));
        bytes[position] ^= bit;
        EXPECT_FALSE(each.verify().has_value()) << position;
        bytes[position] ^= bit;
    }
    EXPECT_TRUE(each.verify().has_value());
    return kFlips;
}

// All bytes are covered: the signature is over request and response, and nothing is around them.
TEST(NvidiaGpu, NoFlippedBitOfAReportVerifies) {
    int flips = 0;
    for (Case& each : genuine_cases()) {
        SCOPED_TRACE(each.name());
        flips += expect_no_flip_verifies(each, each.report);
    }
    EXPECT_EQ(flips, 8 * kFlips);
}

// The same of chain and file: PEM, base64 and hexadecimal have one form each, the root in the chain
// is the caller's, and what the file says of architecture and nonce is compared.
TEST(NvidiaGpu, NoFlippedBitOfCollateralVerifies) {
    int flips = 0;
    for (Case& each : genuine_cases()) {
        for (auto& [name, bytes] : each.files) {
            SCOPED_TRACE(each.name() + "/" + name);
            flips += expect_no_flip_verifies(each, bytes);
        }
    }
    EXPECT_EQ(flips, 11 * kFlips);
}

}  // namespace
}  // namespace chatmcp::attest
