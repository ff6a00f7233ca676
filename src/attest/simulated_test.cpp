#include <gtest/gtest.h>

#include "attest/test_quote.h"
#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

using testing::TestPlatform;

/// The verdicts of one change to quote, policy or expectation; all else is good.
class SimulatedFactors : public ::testing::Test {
  protected:
    SimulatedFactors()
        : quote_(platform_.quote()),
          policy_(platform_.policy()),
          expectation_(platform_.expectation()) {}

    Appraisal appraise() {
        return examine(platform_.evidence(quote_), builtin_roots(), policy_, expectation_);
    }

    /// Exactly this factor fails, with this error, and nothing is permitted.
    void expect_only(FactorId id, Errc code, std::string_view check) {
        const Appraisal appraisal = appraise();
        EXPECT_FALSE(appraisal.report.accepted);
        ASSERT_FALSE(appraisal.evidence().has_value());
        for (const Factor& factor : appraisal.report.factors) {
            EXPECT_EQ(factor.verdict == Verdict::fail, factor.id == id)
                << factor_name(factor.id) << ": " << factor.meaning;
        }
        EXPECT_EQ(appraisal.evidence().error().code, code);
        EXPECT_EQ(appraisal.evidence().error().check, check);
        const Factor* factor = appraisal.report.find(id);
        ASSERT_NE(factor, nullptr);
        EXPECT_FALSE(factor->meaning.empty());
        EXPECT_FALSE(factor->remedy.empty());
    }

    TestPlatform platform_;
    wire::SimulatedQuote quote_;
    Policy policy_;
    Expectation expectation_;
};

TEST_F(SimulatedFactors, AGoodQuoteIsAcceptedAndTheReportStillSaysWhatIsNotProtected) {
    const Appraisal appraisal = appraise();
    ASSERT_TRUE(appraisal.evidence().has_value());
    EXPECT_TRUE(appraisal.report.accepted);
    EXPECT_EQ(appraisal.evidence()->evidence_class(), Class::simulated);
    for (const FactorId id :
         {FactorId::memory, FactorId::physical, FactorId::rollback, FactorId::unmeasured}) {
        const Factor* factor = appraisal.report.find(id);
        ASSERT_NE(factor, nullptr);
        EXPECT_EQ(factor->verdict, Verdict::not_proven);
    }
}

TEST_F(SimulatedFactors, TheDefaultPolicyRefusesAndSaysHowToAllow) {
    policy_ = Policy{};
    const Appraisal appraisal = appraise();
    ASSERT_FALSE(appraisal.evidence().has_value());
    EXPECT_EQ(appraisal.evidence().error(), (Error{Errc::simulated_refused, "ATT-15"}));
    for (const FactorId id :
         {FactorId::kind, FactorId::root, FactorId::measurement, FactorId::freshness}) {
        EXPECT_EQ(appraisal.report.find(id)->verdict, Verdict::fail) << factor_name(id);
    }
    EXPECT_NE(appraisal.report.find(FactorId::kind)
                  ->remedy.find("policy allow-simulated " + to_hex(platform_.fingerprint())),
              std::string::npos);
}

TEST_F(SimulatedFactors, ACompanionWithoutDevelopmentComponentRefuses) {
    expectation_.development.reset();
    expect_only(FactorId::development, Errc::simulated_refused, "ATT-16");
}

TEST_F(SimulatedFactors, ACompanionThatNamesAnotherRootRefuses) {
    expectation_.development->root_key[0] ^= 1;
    expect_only(FactorId::development, Errc::wrong_key, "ATT-17");
}

TEST_F(SimulatedFactors, ARootThatThePolicyDoesNotNameIsRefused) {
    policy_.simulated->roots.front().fingerprint[31] ^= 1;
    const Appraisal appraisal = appraise();
    ASSERT_FALSE(appraisal.evidence().has_value());
    EXPECT_EQ(appraisal.evidence().error(), (Error{Errc::untrusted_identity, "ATT-18"}));
    // Without a root no measurement is allowed either.
    EXPECT_EQ(appraisal.report.find(FactorId::measurement)->error,
              (Error{Errc::refused_by_policy, "ATT-19"}));
}

TEST_F(SimulatedFactors, AMeasurementThatThePolicyDoesNotListIsRefused) {
    policy_.simulated->roots.front().measurements.front()[0] ^= 1;
    expect_only(FactorId::measurement, Errc::refused_by_policy, "ATT-19");
}

TEST_F(SimulatedFactors, AnEmptyListOfMeasurementsAllowsNone) {
    policy_.simulated->roots.front().measurements.clear();
    expect_only(FactorId::measurement, Errc::refused_by_policy, "ATT-19");
}

TEST_F(SimulatedFactors, AnyMeasurementIsAcceptedOnlyInSoManyWordsAndShownAsNotProven) {
    policy_.simulated->roots.front().measurements.clear();
    policy_.simulated->roots.front().any_measurement = true;
    const Appraisal appraisal = appraise();
    EXPECT_TRUE(appraisal.evidence().has_value());
    EXPECT_EQ(appraisal.report.find(FactorId::measurement)->verdict, Verdict::not_proven);
}

TEST_F(SimulatedFactors, AMeasurementOtherThanTheCredentialsIsRefusedEvenWhenAnyIsAllowed) {
    policy_.simulated->roots.front().any_measurement = true;
    expectation_.measurement[5] ^= 1;
    expect_only(FactorId::measurement, Errc::untrusted_identity, "ATT-26");
}

TEST_F(SimulatedFactors, EachRequiredLayerOfTheSandboxMustStand) {
    for (std::uint8_t i = 0; i < wire::kSandboxLayers; ++i) {
        const auto layer = static_cast<wire::SandboxLayer>(i);
        SCOPED_TRACE(wire::layer_name(layer));
        quote_ = platform_.quote();
        quote_.sandbox_layers &= ~wire::layer_bit(layer);
        if ((wire::kRequiredSandboxLayers & wire::layer_bit(layer)) != 0) {
            expect_only(FactorId::sandbox, Errc::refused_by_policy, "ATT-25");
        } else {
            const Appraisal appraisal = appraise();
            EXPECT_TRUE(appraisal.evidence().has_value());
            const Factor* factor = appraisal.report.find(FactorId::extra_sandbox);
            EXPECT_EQ(factor->verdict, Verdict::not_proven);
            EXPECT_NE(factor->meaning.find(wire::layer_name(layer)), std::string::npos);
        }
    }
}

}  // namespace
}  // namespace chatmcp::attest
