#include "attest/hardware_policy.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

std::string policy_of(const std::string& kind, const std::string& rules) {
    return R"({"version": 1, "kinds": {")" + kind + R"(": )" + rules + "}}";
}

void expect_refused(const std::string& kind,
                    const std::string& rules,
                    Errc code,
                    std::string_view check) {
    SCOPED_TRACE(kind + rules.substr(0, 200));
    const auto policy = parse_policy(policy_of(kind, rules));
    ASSERT_FALSE(policy.has_value());
    EXPECT_EQ(policy.error().code, code);
    EXPECT_EQ(policy.error().check, check);
}

TEST(HardwarePolicyFile, TheShortestSectionIsTheStrictest) {
    const auto policy = parse_policy(policy_of("tdx", R"({"measurements": []})"));
    ASSERT_TRUE(policy.has_value());
    const HardwarePolicy& rules = policy->hardware.at(Kind::tdx);
    EXPECT_FALSE(rules.any_measurement);
    EXPECT_TRUE(rules.measurements.empty());
    EXPECT_FALSE(rules.debug || rules.without_revocation || rules.migration || rules.any_advisory);
    EXPECT_EQ(rules.tcb, std::vector{TcbStatus::up_to_date});
    EXPECT_EQ(rules.vmpl_max, 0U);
    EXPECT_TRUE(policy->hosts.empty());
    EXPECT_FALSE(policy->collateral_age_days_max.has_value());
}

TEST(HardwarePolicyFile, EveryRuleReadsAsItWasWritten) {
    const std::string digest(64, 'a');
    const std::string json = R"({"version": 1, "evidence_age_seconds_max": 3600,
        "collateral_age_days_max": 30, "hosts": ["0102"], "kinds": {
        "sgx": {"measurements": [")" +
                             digest + R"("], "debug": true, "without_revocation": true,
            "tcb": ["UpToDate", "SWHardeningNeeded"], "tcb_grace_days": 7,
            "tcb_evaluation_min": 17, "advisories": ["INTEL-SA-00289"],
            "signers": ["0a"], "security_version_min": 3},
        "tdx": {"measurements": "any", "advisories": "any", "registers": {"0": ["0b"]}},
        "sev-snp": {"measurements": "any", "migration": true, "simultaneous_threads": false,
            "vmpl_max": 2, "tcb_min": {"Milan": {"boot_loader": 3, "microcode": 115},
            "Turin": {"fmc": 1}}},
        "psa": {"measurements": "any", "keys": [")" +
                             digest + R"("], "insecure_lifecycle": true},
        "android-key": {"measurements": "any", "unverified_boot": true, "patch_level_min": 202401}
        }})";
    const auto policy = parse_policy(json);
    ASSERT_TRUE(policy.has_value()) << policy.error().check;
    EXPECT_EQ(policy->hosts, (std::vector<Bytes>{Bytes{1, 2}}));
    EXPECT_EQ(policy->collateral_age_days_max, 30);
    const HardwarePolicy& sgx = policy->hardware.at(Kind::sgx);
    EXPECT_EQ(to_hex(sgx.measurements.front()), digest);
    EXPECT_TRUE(sgx.debug && sgx.without_revocation);
    EXPECT_EQ(sgx.tcb.size(), 2U);
    EXPECT_EQ(sgx.tcb_grace_days, 7);
    EXPECT_EQ(sgx.tcb_evaluation_min, 17U);
    EXPECT_EQ(sgx.security_version_min, 3U);
    const HardwarePolicy& snp = policy->hardware.at(Kind::sev_snp);
    EXPECT_EQ(snp.vmpl_max, 2U);
    EXPECT_FALSE(snp.simultaneous_threads);
    EXPECT_EQ(snp.tcb_min.at(SnpProductLine::milan).microcode, 115);
    EXPECT_EQ(snp.tcb_min.at(SnpProductLine::turin).fmc, 1);
    EXPECT_EQ(policy->hardware.at(Kind::android_key).patch_level_min, 202'401U);
    const std::string written = policy_to_json(*policy);
    const auto again = parse_policy(written);
    ASSERT_TRUE(again.has_value()) << written;
    EXPECT_EQ(policy_to_json(*again), written);
    EXPECT_EQ(again->hardware.size(), policy->hardware.size());
    EXPECT_EQ(again->hardware.at(Kind::tdx).registers, policy->hardware.at(Kind::tdx).registers);
}

TEST(HardwarePolicyFile, TheProfilesThatShipAreOnesThatCanBeRead) {
    for (const char* name : {"strict", "production", "development"}) {
        const auto policy = policy_profile(name);
        ASSERT_TRUE(policy.has_value()) << name;
        EXPECT_TRUE(parse_policy(policy_to_json(*policy)).has_value());
        EXPECT_FALSE(policy->simulated.has_value());
    }
    EXPECT_FALSE(policy_profile("lax").has_value());
    EXPECT_FALSE(policy_profile("").has_value());
}

TEST(HardwarePolicyFile, ARuleThatTheKindDoesNotHaveIsRefused) {
    constexpr auto kUnknown = Errc::invalid_argument;
    expect_refused("nitro", R"({"measurements": "any", "tcb": ["UpToDate"]})", kUnknown, "ATT-33");
    expect_refused("sgx", R"({"measurements": "any", "vmpl_max": 1})", kUnknown, "ATT-33");
    expect_refused("sgx", R"({"measurements": "any", "debugging": true})", kUnknown, "ATT-33");
    expect_refused(
        "sev-snp", R"({"measurements": "any", "tcb_min": {"Rome": {}}})", kUnknown, "ATT-33");
    expect_refused("sev-snp",
                   R"({"measurements": "any", "tcb_min": {"Milan": {"bios": 1}}})",
                   kUnknown,
                   "ATT-33");
    for (const char* index : {"32", "-1", "01", "x", ""}) {
        expect_refused(
            "nitro",
            R"({"measurements": "any", "registers": {")" + std::string(index) + R"(": ["00"]}})",
            kUnknown,
            "ATT-33");
    }
}

TEST(HardwarePolicyFile, ValuesHaveTheirTypesAndRanges) {
    expect_refused("sgx", "{}", Errc::malformed, "ATT-34");
    expect_refused("sgx", "[]", Errc::malformed, "ATT-34");
    for (const char* rule : {R"("debug": 1)",
                             R"("tcb": "UpToDate")",
                             R"("tcb": [1])",
                             R"("tcb_grace_days": "7")",
                             R"("advisories": 1)"}) {
        expect_refused("sgx",
                       R"({"measurements": "any", )" + std::string(rule) + "}",
                       Errc::malformed,
                       "ATT-34");
    }
    expect_refused(
        "sev-snp", R"({"measurements": "any", "tcb_min": []})", Errc::malformed, "ATT-34");
    expect_refused("sev-snp",
                   R"({"measurements": "any", "tcb_min": {"Milan": 1}})",
                   Errc::malformed,
                   "ATT-34");
    expect_refused(
        "nitro", R"({"measurements": "any", "registers": []})", Errc::malformed, "ATT-34");
    // What its maker has revoked nobody can allow.
    for (const char* rule : {R"("tcb": ["Revoked"])",
                             R"("tcb": ["uptodate"])",
                             R"("tcb_grace_days": 367)",
                             R"("security_version_min": 4294967296)"}) {
        expect_refused("sgx",
                       R"({"measurements": "any", )" + std::string(rule) + "}",
                       Errc::invalid_argument,
                       "ATT-37");
    }
    expect_refused(
        "sev-snp", R"({"measurements": "any", "vmpl_max": 4})", Errc::invalid_argument, "ATT-37");
    for (const char* level : {"0", "199912", "1000001"}) {
        expect_refused("android-key",
                       R"({"measurements": "any", "patch_level_min": )" + std::string(level) + "}",
                       Errc::invalid_argument,
                       "ATT-37");
    }
    for (const std::string& value : {std::string(), std::string("0g"), std::string(130, '0')}) {
        expect_refused("sgx",
                       R"({"measurements": "any", "signers": [")" + value + R"("]})",
                       Errc::malformed,
                       "ATT-36");
    }
    expect_refused(
        "sgx", R"({"measurements": "any", "advisories": [""]})", Errc::malformed, "ATT-36");
}

TEST(HardwarePolicyFile, ListsAreShortAndHoldNothingTwice) {
    expect_refused("sgx",
                   R"({"measurements": "any", "signers": ["0a", "0a"]})",
                   Errc::invalid_argument,
                   "ATT-39");
    std::string many;
    for (std::size_t i = 0; i <= kPolicyListMax; ++i) {
        many += (i == 0 ? "\"" : ", \"") +
                to_hex(Bytes{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)}) +
                "\"";
    }
    expect_refused(
        "sgx", R"({"measurements": "any", "signers": [)" + many + "]}", Errc::too_large, "ATT-38");
    const auto hosts = [](const std::string& list) {
        return parse_policy(R"({"version": 1, "hosts": )" + list + "}");
    };
    EXPECT_EQ(hosts("[" + many + "]").error(), (Error{Errc::too_large, "ATT-38"}));
    EXPECT_EQ(hosts(R"(["0a", "0a"])").error(), (Error{Errc::invalid_argument, "ATT-39"}));
    EXPECT_EQ(hosts(R"([""])").error(), (Error{Errc::malformed, "ATT-36"}));
    EXPECT_EQ(hosts("[1]").error(), (Error{Errc::malformed, "ATT-34"}));
    EXPECT_EQ(hosts("1").error(), (Error{Errc::malformed, "ATT-34"}));
    EXPECT_EQ(parse_policy(R"({"version": 1, "collateral_age_days_max": 0})").error(),
              (Error{Errc::invalid_argument, "ATT-37"}));
}

}  // namespace
}  // namespace chatmcp::attest
