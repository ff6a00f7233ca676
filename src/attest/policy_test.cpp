#include "attest/policy.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

const std::string kDigestA(64, 'a');
const std::string kDigestB(64, 'b');

std::string policy_with_roots(const std::string& roots) {
    return R"({"version": 1, "evidence_age_seconds_max": 3600, "kinds": {"simulated": {"roots": )" +
           roots + "}}}";
}

void expect_refused(const std::string& json, Errc code, std::string_view check) {
    SCOPED_TRACE(json.substr(0, 200));
    const auto policy = parse_policy(json);
    ASSERT_FALSE(policy.has_value());
    EXPECT_EQ(policy.error().code, code);
    EXPECT_EQ(policy.error().check, check);
}

TEST(Policy, AFileReadsAsItWasWritten) {
    const std::string json = policy_with_roots(
        R"([{"fingerprint": ")" + kDigestA + R"(", "measurements": [")" + kDigestB +
        R"("]}, {"fingerprint": ")" + kDigestB + R"(", "measurements": "any"}])");
    const auto policy = parse_policy(json);
    ASSERT_TRUE(policy.has_value());
    EXPECT_EQ(policy->evidence_age_seconds_max, 3600);
    ASSERT_EQ(policy->simulated->roots.size(), 2U);
    EXPECT_FALSE(policy->simulated->roots[0].any_measurement);
    EXPECT_EQ(to_hex(policy->simulated->roots[0].measurements.front()), kDigestB);
    EXPECT_TRUE(policy->simulated->roots[1].any_measurement);
    const std::string written = policy_to_json(*policy);
    const auto again = parse_policy(written);
    ASSERT_TRUE(again.has_value()) << written;
    EXPECT_EQ(policy_to_json(*again), written);
}

TEST(Policy, TheShortestFileAllowsNothing) {
    const auto policy = parse_policy(R"({"version": 1})");
    ASSERT_TRUE(policy.has_value());
    EXPECT_FALSE(policy->evidence_age_seconds_max.has_value());
    EXPECT_FALSE(policy->simulated.has_value());
    EXPECT_EQ(policy->find_simulated_root({}), nullptr);
    EXPECT_EQ(policy_to_json(*policy), policy_to_json(Policy{}));
}

TEST(Policy, AFileAboveTheLimitIsRefusedUnread) {
    expect_refused(std::string(kPolicyMaxBytes + 1, ' '), Errc::too_large, "ATT-30");
}

TEST(Policy, WhatIsNotJsonIsRefused) {
    expect_refused("", Errc::malformed, "ATT-31");
    expect_refused(R"({"version": 1)", Errc::malformed, "ATT-31");
}

TEST(Policy, ARepeatedNameIsRefused) {
    expect_refused(R"({"version": 1, "version": 1})", Errc::invalid_argument, "ATT-32");
}

TEST(Policy, AnUnknownNameIsRefusedAtEveryDepth) {
    expect_refused(R"({"version": 1, "kind": {}})", Errc::invalid_argument, "ATT-33");
    expect_refused(R"({"version": 1, "kinds": {"sgy": {}}})", Errc::invalid_argument, "ATT-33");
    expect_refused(R"({"version": 1, "kinds": {"simulated": {"roots": [], "x": 1}}})",
                   Errc::invalid_argument,
                   "ATT-33");
    expect_refused(
        policy_with_roots(R"([{"fingerprint": ")" + kDigestA + R"(", "measurement": "any"}])"),
        Errc::invalid_argument,
        "ATT-33");
}

TEST(Policy, AWrongTypeOrAMissingNameIsRefused) {
    expect_refused("[]", Errc::malformed, "ATT-34");
    expect_refused("{}", Errc::malformed, "ATT-34");
    expect_refused(R"({"version": "1"})", Errc::malformed, "ATT-34");
    expect_refused(R"({"version": 1, "kinds": []})", Errc::malformed, "ATT-34");
    expect_refused(R"({"version": 1, "kinds": {"simulated": {}}})", Errc::malformed, "ATT-34");
    expect_refused(
        R"({"version": 1, "evidence_age_seconds_max": null})", Errc::malformed, "ATT-34");
    for (const char* measurements : {R"("all")", "true", "[1]", "null"}) {
        expect_refused(policy_with_roots(R"([{"fingerprint": ")" + kDigestA +
                                         R"(", "measurements": )" + measurements + "}]"),
                       Errc::malformed,
                       "ATT-34");
    }
    expect_refused(policy_with_roots(R"([{"fingerprint": ")" + kDigestA + R"("}])"),
                   Errc::malformed,
                   "ATT-34");
    expect_refused(policy_with_roots(R"([{"measurements": "any"}])"), Errc::malformed, "ATT-34");
    expect_refused(policy_with_roots(R"(["x"])"), Errc::malformed, "ATT-34");
}

TEST(Policy, AnotherVersionIsRefused) {
    expect_refused(R"({"version": 2})", Errc::unsupported_version, "ATT-35");
    expect_refused(R"({"version": 0})", Errc::unsupported_version, "ATT-35");
}

TEST(Policy, ADigestThatIsNotSixtyFourLowerCaseDigitsIsRefused) {
    for (const std::string& digest : {std::string(63, 'a'),
                                      std::string(65, 'a'),
                                      std::string(64, 'A'),
                                      std::string(64, 'g'),
                                      std::string()}) {
        expect_refused(
            policy_with_roots(R"([{"fingerprint": ")" + digest + R"(", "measurements": "any"}])"),
            Errc::malformed,
            "ATT-36");
    }
}

TEST(Policy, AnAgeOutOfRangeIsRefused) {
    for (const char* age : {"0", "59", "604801", "18446744073709551615"}) {
        expect_refused(R"({"version": 1, "evidence_age_seconds_max": )" + std::string(age) + "}",
                       Errc::invalid_argument,
                       "ATT-37");
    }
}

TEST(Policy, TooManyRootsOrMeasurementsAreRefused) {
    const auto digest = [](std::size_t i) {
        Bytes bytes(32);
        bytes[0] = static_cast<std::uint8_t>(i);
        bytes[1] = static_cast<std::uint8_t>(i >> 8);
        return to_hex(bytes);
    };
    std::string roots;
    for (std::size_t i = 0; i <= kPolicyRootsMax; ++i) {
        roots += (i == 0 ? "[" : ",") + (R"({"fingerprint": ")" + digest(i)) +
                 R"(", "measurements": "any"})";
    }
    expect_refused(policy_with_roots(roots + "]"), Errc::too_large, "ATT-38");
    std::string measurements;
    for (std::size_t i = 0; i <= kPolicyMeasurementsMax; ++i) {
        measurements += (i == 0 ? "[\"" : ",\"") + digest(i) + "\"";
    }
    expect_refused(policy_with_roots(R"([{"fingerprint": ")" + kDigestA + R"(", "measurements": )" +
                                     measurements + "]}]"),
                   Errc::too_large,
                   "ATT-38");
}

TEST(Policy, ARepeatedRootOrMeasurementIsRefused) {
    const std::string root = R"({"fingerprint": ")" + kDigestA + R"(", "measurements": "any"})";
    expect_refused(
        policy_with_roots("[" + root + "," + root + "]"), Errc::invalid_argument, "ATT-39");
    expect_refused(
        policy_with_roots(R"([{"fingerprint": ")" + kDigestA + R"(", "measurements": [")" +
                          kDigestB + "\",\"" + kDigestB + "\"]}]"),
        Errc::invalid_argument,
        "ATT-39");
}

TEST(Policy, AllowSimulatedAddsOneRootAndKeepsTheRest) {
    const wire::RootFingerprint a = parse_digest(kDigestA).value();
    const wire::RootFingerprint b = parse_digest(kDigestB).value();
    auto policy = allow_simulated(Policy{}, a);
    ASSERT_TRUE(policy.has_value());
    EXPECT_EQ(policy->evidence_age_seconds_max, kEvidenceAgeSecondsDefault);
    EXPECT_TRUE(policy->find_simulated_root(a)->any_measurement);
    EXPECT_EQ(policy->find_simulated_root(b), nullptr);

    policy->evidence_age_seconds_max = 60;
    policy = allow_simulated_measurement(*policy, b, a);
    ASSERT_TRUE(policy.has_value());
    EXPECT_EQ(policy->evidence_age_seconds_max, 60);
    EXPECT_TRUE(policy->find_simulated_root(a)->any_measurement);
    EXPECT_FALSE(policy->find_simulated_root(b)->any_measurement);
    EXPECT_EQ(policy->find_simulated_root(b)->measurements, std::vector{a});

    // Twice is once, and naming one program narrows a root that was open to all.
    policy = allow_simulated_measurement(*policy, a, b);
    policy = allow_simulated_measurement(*policy, a, b);
    ASSERT_TRUE(policy.has_value());
    EXPECT_FALSE(policy->find_simulated_root(a)->any_measurement);
    EXPECT_EQ(policy->find_simulated_root(a)->measurements, std::vector{b});
    EXPECT_EQ(policy->simulated->roots.size(), 2U);
    EXPECT_TRUE(parse_policy(policy_to_json(*policy)).has_value());
}

TEST(Policy, AllowSimulatedStopsAtTheLimits) {
    Policy policy;
    wire::RootFingerprint fingerprint{};
    for (std::size_t i = 0; i < kPolicyRootsMax; ++i) {
        fingerprint[0] = static_cast<std::uint8_t>(i);
        policy = allow_simulated(policy, fingerprint).value();
    }
    fingerprint[1] = 1;
    EXPECT_EQ(allow_simulated(policy, fingerprint).error(), (Error{Errc::too_large, "ATT-38"}));
    fingerprint[1] = 0;
    wire::Measurement measurement{};
    for (std::size_t i = 0; i < kPolicyMeasurementsMax; ++i) {
        measurement[0] = static_cast<std::uint8_t>(i);
        policy = allow_simulated_measurement(policy, fingerprint, measurement).value();
    }
    measurement[1] = 1;
    EXPECT_EQ(allow_simulated_measurement(policy, fingerprint, measurement).error(),
              (Error{Errc::too_large, "ATT-38"}));
}

}  // namespace
}  // namespace chatmcp::attest
