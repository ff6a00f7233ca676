#include "attest/appraise.h"

#include <gtest/gtest.h>

#include "attest/test_quote.h"

namespace chatmcp::attest {
namespace {

using testing::TestPlatform;

class Appraise : public ::testing::Test {
  protected:
    Appraise() : policy_(platform_.policy()), expectation_(platform_.expectation()) {}

    Appraisal run(const wire::SimulatedQuote& quote) {
        return examine(platform_.evidence(quote), builtin_roots(), policy_, expectation_);
    }
    Appraisal run() { return run(platform_.quote()); }

    void expect_only(const Appraisal& appraisal, FactorId id, Errc code, std::string_view check) {
        EXPECT_FALSE(appraisal.report.accepted);
        ASSERT_FALSE(appraisal.evidence().has_value());
        EXPECT_FALSE(appraisal.accepted.has_value());
        for (const Factor& factor : appraisal.report.factors) {
            EXPECT_EQ(factor.verdict == Verdict::fail, factor.id == id)
                << factor_name(factor.id) << ": " << factor.meaning;
        }
        EXPECT_EQ(appraisal.evidence().error().code, code);
        EXPECT_EQ(appraisal.evidence().error().check, check);
    }

    TestPlatform platform_;
    Policy policy_;
    Expectation expectation_;
};

TEST_F(Appraise, AnotherConfigurationThanTheCredentialsIsRefused) {
    wire::SimulatedQuote quote = platform_.quote();
    quote.digests.configuration[3] ^= 1;
    quote.measurement = wire::measurement_of(quote.digests);
    expectation_.measurement = quote.measurement;
    policy_.simulated->roots.front().measurements = {quote.measurement};
    expect_only(run(quote), FactorId::configuration, Errc::untrusted_identity, "ATT-20");
}

TEST_F(Appraise, EvidenceForOtherKeysAnotherGroupOrAnotherNonceIsRefused) {
    for (auto field : {&ReportDataInput::enclave_key,
                       &ReportDataInput::leaf_signature_key,
                       &ReportDataInput::group_id,
                       &ReportDataInput::nonce}) {
        expectation_ = platform_.expectation();
        (expectation_.binding.*field)[7] ^= 1;
        expect_only(run(), FactorId::binding, Errc::wrong_key, "ATT-21");
    }
    expectation_ = platform_.expectation();
    wire::SimulatedQuote quote = platform_.quote();
    quote.report_data[63] ^= 1;
    expect_only(run(quote), FactorId::binding, Errc::wrong_key, "ATT-21");
}

TEST_F(Appraise, EvidenceFromTheFutureIsRefusedBeyondTheSkewOfClocks) {
    expectation_.judged_at = TestPlatform::kIssued.plus_ms(-kClockSkewMsMax);
    EXPECT_TRUE(run().evidence().has_value());
    expectation_.judged_at = TestPlatform::kIssued.plus_ms(-kClockSkewMsMax - 1);
    expect_only(run(), FactorId::freshness, Errc::not_yet_valid, "ATT-22");
    expectation_.judged_at = UnixMs{-1};
    expect_only(run(), FactorId::freshness, Errc::not_yet_valid, "ATT-22");
}

TEST_F(Appraise, EvidenceOlderThanThePolicyAllowsIsRefused) {
    const std::int64_t age_ms = *policy_.evidence_age_seconds_max * kSecondMs;
    expectation_.judged_at = TestPlatform::kIssued.plus_ms(age_ms - 1);
    EXPECT_TRUE(run().evidence().has_value());
    expectation_.judged_at = TestPlatform::kIssued.plus_ms(age_ms);
    expect_only(run(), FactorId::freshness, Errc::expired, "ATT-23");
}

TEST_F(Appraise, APolicyWithoutAMaximumAgeRefuses) {
    policy_.evidence_age_seconds_max.reset();
    expect_only(run(), FactorId::freshness, Errc::refused_by_policy, "ATT-24");
}

TEST_F(Appraise, ExtremeTimesAreJudgedWithoutOverflow) {
    wire::SimulatedQuote quote = platform_.quote();
    quote.issued = UnixMs{0};
    expectation_.judged_at = UnixMs{std::numeric_limits<std::int64_t>::max()};
    expect_only(run(quote), FactorId::freshness, Errc::expired, "ATT-23");
    quote.issued = UnixMs{std::numeric_limits<std::int64_t>::max()};
    expectation_.judged_at = UnixMs{0};
    expect_only(run(quote), FactorId::freshness, Errc::not_yet_valid, "ATT-22");
    expectation_.judged_at = UnixMs{std::numeric_limits<std::int64_t>::min()};
    expect_only(run(quote), FactorId::freshness, Errc::not_yet_valid, "ATT-22");
}

TEST_F(Appraise, EvidenceThatCannotBeReadGivesAReportToo) {
    const Appraisal appraisal = examine(Bytes{0xFF}, builtin_roots(), policy_, expectation_);
    ASSERT_EQ(appraisal.report.factors.size(), 1U);
    EXPECT_EQ(appraisal.report.factors.front().id, FactorId::format);
    EXPECT_EQ(appraisal.evidence().error(), (Error{Errc::malformed, "CBOR-04"}));
    EXPECT_FALSE(appraisal.report.claims.has_value());
}

TEST_F(Appraise, EvidenceWithABadSignatureGivesAReportWithoutItsClaims) {
    wire::SimulatedQuote quote = platform_.quote();
    const Bytes unsigned_quote = TestPlatform::wrap(wire::encode(quote));
    const Appraisal appraisal = examine(unsigned_quote, builtin_roots(), policy_, expectation_);
    EXPECT_EQ(appraisal.report.find(FactorId::format)->verdict, Verdict::pass);
    EXPECT_EQ(appraisal.report.find(FactorId::signature)->verdict, Verdict::fail);
    EXPECT_EQ(appraisal.evidence().error(), (Error{Errc::bad_signature, "ATT-12"}));
    EXPECT_FALSE(appraisal.report.claims.has_value());
}

TEST_F(Appraise, InspectionAloneProvesNoBinding) {
    const FactorReport report =
        inspect(platform_.evidence(), builtin_roots(), policy_, expectation_.judged_at);
    EXPECT_FALSE(report.first_error().has_value());
    EXPECT_TRUE(report.accepted);
    for (const FactorId id :
         {FactorId::binding, FactorId::configuration, FactorId::development, FactorId::nonce}) {
        EXPECT_EQ(report.find(id)->verdict, Verdict::not_proven) << factor_name(id);
    }
    EXPECT_EQ(inspect(ByteView(), builtin_roots(), policy_, expectation_.judged_at).first_error(),
              (Error{Errc::malformed, "CBOR-01"}));
    EXPECT_EQ(inspect(TestPlatform::wrap(wire::encode(platform_.quote())),
                      builtin_roots(),
                      policy_,
                      expectation_.judged_at)
                  .first_error(),
              (Error{Errc::bad_signature, "ATT-12"}));
}

TEST_F(Appraise, WhoeverInspectsCanSayWhatItMustBeBoundTo) {
    const auto run = [&](const Clues& clues) {
        return inspect(bundle_of_message(platform_.evidence()).value(),
                       builtin_roots(),
                       policy_,
                       clues,
                       expectation_.judged_at);
    };
    const Bytes bound = to_bytes(report_data(expectation_.binding));
    EXPECT_EQ(run({.report_data = bound, .nonce = {}}).find(FactorId::binding)->verdict,
              Verdict::pass);
    EXPECT_EQ(run({.report_data = Bytes(64), .nonce = {}}).first_error(),
              (Error{Errc::wrong_key, "ATT-21"}));
    EXPECT_EQ(run({.report_data = {}, .nonce = bound}).find(FactorId::nonce)->verdict,
              Verdict::pass);
    for (const Bytes& other :
         {Bytes(), Bytes(64), Bytes(65), Bytes(bound.begin(), bound.end() - 1)}) {
        EXPECT_EQ(run({.report_data = {}, .nonce = other}).first_error(),
                  (Error{Errc::wrong_key, "ATT-282"}));
    }
}

// Members judge the same leaf at different times and with different policies; the answer depends on
// the arguments alone.
TEST_F(Appraise, TheSameArgumentsGiveTheSameReport) {
    EXPECT_EQ(report_to_json(run().report), report_to_json(run().report));
}

}  // namespace
}  // namespace chatmcp::attest
