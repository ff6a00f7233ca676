// Tokens of PSA and CCA, as they were found: tests/vectors/evidence. Their verdicts and facts are
// in corpus_test.cpp; here is by which rule each is refused, and that no flipped bit verifies.

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "attest/appraise.h"
#include "attest/kind_steps.h"
#include "support/evidence_case.h"
#include "support/random.h"

namespace chatmcp::attest {
namespace {

using testing::EvidenceCase;

std::string check_of(EvidenceBundle bundle) {
    const FactorReport report =
        inspect(std::move(bundle), builtin_roots(), Policy{}, Clues{}, UnixMs{});
    return report.claims.has_value() ? "verified" : std::string(report.first_error()->check);
}

std::vector<EvidenceCase> cases() {
    std::vector<EvidenceCase> out = testing::evidence_cases();
    std::erase_if(out, [](const EvidenceCase& each) {
        return each.kind() != Kind::psa && each.kind() != Kind::cca;
    });
    return out;
}

TEST(Arm, EveryRefusedCaseIsRefusedByItsName) {
    const std::map<std::string, std::string> reasons = {
        {"cca/bug-33-rak-binding-mismatch", "ATT-166"},
        {"cca/token-02-bad-key", "ATT-159"},
        {"psa/tfm-tools-component-missing-claim", "ATT-153"},
        {"psa/tfm-tools-iat-wrong-key", "ATT-140"},
        {"psa/tfm-tools-invalid-profile", "CBOR-04"},
        {"psa/tfm-tools-malformed", "CBOR-07"},
        {"psa/tfm-tools-missing-claim", "ATT-153"},
        {"psa/tfm-tools-missing-sw-components", "ATT-156"},
    };
    std::map<std::string, std::string> found;
    for (const EvidenceCase& each : cases()) {
        if (const std::string check = check_of(each.bundle()); check != "verified") {
            found[each.name()] = check;
        }
    }
    EXPECT_EQ(found, reasons);
}

// All bytes are covered: signatures and MACs are over headers and claims, and what is around them
// has one form.
TEST(Arm, NoFlippedBitVerifies) {
    constexpr int kFlips = 500;
    int tokens = 0;
    for (const EvidenceCase& each : cases()) {
        if (!each.expected().at("verifies").get<bool>()) {
            continue;
        }
        SCOPED_TRACE(each.name());
        testing::SeededRandom random(47);
        const EvidenceBundle bundle = each.bundle();
        for (int i = 0; i < kFlips; ++i) {
            EvidenceBundle changed = bundle;
            const std::size_t bit = random.below(changed.evidence.size() * 8);
            changed.evidence[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            ASSERT_NE(check_of(std::move(changed)), "verified") << bit;
        }
        ++tokens;
    }
    EXPECT_EQ(tokens, 10);
}

TEST(Arm, PublishedTestKeysAreRefusedWhateverThePolicySays) {
    int refused = 0;
    for (const EvidenceCase& each : cases()) {
        if (!each.expected().at("verifies").get<bool>()) {
            continue;
        }
        SCOPED_TRACE(each.name());
        Policy policy;
        HardwarePolicy& rules = policy.hardware[each.kind()];
        rules.any_measurement = true;
        const auto report = [&](const Roots& roots) {
            return inspect(each.bundle(), roots, policy, Clues{}, UnixMs{});
        };
        EXPECT_EQ(report(builtin_roots()).find(FactorId::root)->error,
                  (Error{Errc::untrusted_identity, "ATT-287"}));
        const Claims claims = report(builtin_roots()).claims.value();
        const GivenKey key = each.kind() == Kind::psa ? std::get<PsaClaims>(claims.details).key
                                                      : std::get<CcaClaims>(claims.details).key;
        rules.keys = {key.fingerprint};
        EXPECT_EQ(report(builtin_roots()).first_error(),
                  (Error{Errc::untrusted_identity, "ATT-286"}));
        Roots roots = builtin_roots();
        roots.published_spki.clear();
        EXPECT_TRUE(report(roots).accepted);
        ++refused;
    }
    EXPECT_EQ(refused, 10);
}

// HMAC takes a key and the same key with zeros behind it for one.
TEST(Arm, APublishedSymmetricKeyIsRefusedInEveryLength) {
    for (std::size_t zeros = 0; zeros <= 32; ++zeros) {
        EvidenceBundle bundle = EvidenceCase("psa/tfm-tools-iat-mac0").bundle();
        Bytes& key = bundle.beside.at("hmac.key");
        key.resize(key.size() + zeros);
        const FactorReport report =
            inspect(std::move(bundle), builtin_roots(), Policy{}, Clues{}, UnixMs{});
        ASSERT_TRUE(report.claims.has_value()) << zeros;
        EXPECT_EQ(report.find(FactorId::published_key)->error,
                  (Error{Errc::untrusted_identity, "ATT-286"}));
    }
}

TEST(Arm, ADeviceThatIsNotSecuredIsRefusedUnlessThePolicyAllowsIt) {
    const EvidenceCase each("psa/tfm-psa-2.0.0-sign1");
    Policy policy;
    policy.hardware[Kind::psa].any_measurement = true;
    const Roots roots = builtin_roots();
    const Clues clues;
    Claims claims = inspect(each.bundle(), roots, policy, clues, UnixMs{}).claims.value();
    auto& details = std::get<PsaClaims>(claims.details);
    const auto lifecycle = [&] {
        const AppraisalInput input{claims, policy, nullptr, clues, roots, UnixMs{}};
        const std::vector<Factor> factors = judge_details(details, input);
        return *std::ranges::find(factors, FactorId::lifecycle, &Factor::id);
    };
    EXPECT_EQ(lifecycle().verdict, Verdict::pass);
    details.lifecycle = 0x4000;
    EXPECT_EQ(lifecycle().error, (Error{Errc::refused_by_policy, "ATT-288"}));
    policy.hardware[Kind::psa].insecure_lifecycle = true;
    EXPECT_EQ(lifecycle().verdict, Verdict::not_proven);
    EXPECT_EQ(arm_lifecycle_name(0x30ff), "secured");
    EXPECT_EQ(arm_lifecycle_name(0x6000), "decommissioned");
    EXPECT_EQ(arm_lifecycle_name(0xffff), "unknown");
    EXPECT_FALSE(arm_lifecycle_is_secured(0x3100));
}

}  // namespace
}  // namespace chatmcp::attest
