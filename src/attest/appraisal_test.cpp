// What a policy can ask of hardware, each rule with evidence that breaks it and evidence that
// keeps it.

#include "attest/appraisal.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "attest/appraise.h"
#include "attest/kind_steps.h"
#include "base/encoding.h"
#include "support/evidence_case.h"
#include "support/nitro_platform.h"

namespace chatmcp::attest {
namespace {

using testing::EvidenceCase;

/// A case of the corpus under a policy that can be changed.
class Judged {
  public:
    Judged(const std::string& name, std::string_view profile)
        : evidence(name), policy(policy_profile(profile).value()) {}

    [[nodiscard]] HardwarePolicy& rules() { return policy.hardware.at(evidence.kind()); }
    [[nodiscard]] FactorReport report() const {
        return inspect(
            evidence.bundle(), builtin_roots(), policy, clues, at.value_or(evidence.verify_at()));
    }
    void expect(FactorId id, Verdict verdict, std::string_view check = {}) const {
        const FactorReport found = report();
        const Factor* const factor = found.find(id);
        ASSERT_NE(factor, nullptr);
        EXPECT_EQ(factor->verdict, verdict) << factor_name(id) << ": " << factor->meaning;
        EXPECT_EQ(factor->error.has_value() ? factor->error->check : "", check);
    }

    EvidenceCase evidence;
    Policy policy;
    Clues clues;
    std::optional<UnixMs> at;
};

constexpr const char* kSgx = "sgx/phala-processor-ca-2025";
constexpr const char* kTdx = "tdx/dstack-v4-uptodate-2026-02";
constexpr const char* kSnp = "sev-snp/trustee-milan-v3-vlek";
constexpr const char* kNitro = "nitro/anjuna-2021-publickey";

TEST(HardwarePolicy, AKindThatIsNotThereIsRefused) {
    Judged run(kTdx, "strict");
    run.expect(FactorId::kind, Verdict::pass);
    run.policy.hardware.erase(Kind::tdx);
    run.expect(FactorId::kind, Verdict::fail, "ATT-74");
}

TEST(HardwarePolicy, ProgramsAreThoseOfItsList) {
    Judged run(kTdx, "strict");
    run.expect(FactorId::measurement, Verdict::not_proven);
    run.rules().any_measurement = false;
    run.expect(FactorId::measurement, Verdict::fail, "ATT-19");
    run.rules().measurements = {run.report().claims->measurement};
    run.expect(FactorId::measurement, Verdict::pass);
}

TEST(HardwarePolicy, StatesOfThePlatformAreThoseOfItsList) {
    Judged run(kSgx, "strict");
    run.expect(FactorId::tcb, Verdict::fail, "ATT-75");
    run.expect(FactorId::advisories, Verdict::fail, "ATT-277");
    run.rules().tcb = {TcbStatus::configuration_and_sw_hardening_needed};
    run.expect(FactorId::tcb, Verdict::not_proven);
    run.rules().advisories_accepted = {"INTEL-SA-00289"};
    run.expect(FactorId::advisories, Verdict::fail, "ATT-277");
    run.rules().advisories_accepted = {"INTEL-SA-00289", "INTEL-SA-00615"};
    run.expect(FactorId::advisories, Verdict::not_proven);
    EXPECT_TRUE(run.report().accepted);
}

TEST(HardwarePolicy, APlatformThatFellBehindHasDaysOfGrace) {
    Judged run("sgx/oasis-outofdate-2025-08", "strict");
    run.expect(FactorId::tcb, Verdict::fail, "ATT-75");
    run.rules().tcb_grace_days = 1;
    run.expect(FactorId::tcb, Verdict::fail, "ATT-75");
    run.rules().tcb_grace_days = 600;  // The newest level is of March 2024.
    run.expect(FactorId::tcb, Verdict::not_proven);
    // Grace is for age alone: not for a platform that needs another configuration.
    Judged other(kSgx, "strict");
    other.rules().tcb_grace_days = 365;
    other.expect(FactorId::tcb, Verdict::fail, "ATT-75");
}

TEST(HardwarePolicy, EvaluationDataHasANumberAtLeast) {
    Judged run(kTdx, "strict");
    const std::uint32_t number =
        std::get<DcapClaims>(run.report().claims->details).tcb->evaluation_number;
    run.rules().tcb_evaluation_min = number;
    run.expect(FactorId::tcb_evaluation, Verdict::pass);
    run.rules().tcb_evaluation_min = number + 1;
    run.expect(FactorId::tcb_evaluation, Verdict::fail, "ATT-278");
}

TEST(HardwarePolicy, CollateralThatIsMissingIsAFailedCheckWithARemedy) {
    Judged run("sgx/fortanix-chain-only-2020", "development");
    run.expect(FactorId::collateral, Verdict::fail, "ATT-77");
    run.expect(FactorId::revocation, Verdict::not_proven);
    run.expect(FactorId::debug, Verdict::not_proven);
    const FactorReport report = run.report();
    EXPECT_FALSE(report.find(FactorId::collateral)->remedy.empty());
    run.rules().without_revocation = false;
    run.expect(FactorId::revocation, Verdict::fail, "ATT-78");
    run.rules().debug = false;
    run.expect(FactorId::debug, Verdict::fail, "ATT-76");
}

TEST(HardwarePolicy, CollateralIsYoungEnough) {
    Judged run(kTdx, "strict");
    run.policy.collateral_age_days_max = 366;
    run.expect(FactorId::collateral_age, Verdict::pass);
    const UnixMs issued = run.report().claims->collateral_issued.value();
    run.policy.collateral_age_days_max = 1;
    run.at = issued.plus_ms(kDayMs);
    run.expect(FactorId::collateral_age, Verdict::fail, "ATT-276");
}

TEST(HardwarePolicy, MachinesAreThoseOfItsList) {
    for (const char* name : {kTdx, kSgx, "sev-snp/google-milan-v2-debug", kNitro}) {
        SCOPED_TRACE(name);
        Judged run(name, "development");
        run.expect(FactorId::host_registry, Verdict::not_proven);
        run.policy.hosts = {Bytes(16, 7)};
        run.expect(FactorId::host_registry, Verdict::fail, "ATT-275");
        run.policy.hosts.push_back(run.report().claims->host.value());
        run.expect(FactorId::host_registry, Verdict::pass);
    }
    // A VLEK is of a cloud and names no chip.
    Judged masked(kSnp, "strict");
    masked.expect(FactorId::cloud, Verdict::pass);
}

TEST(HardwarePolicy, SignersAndVersionsOfEnclavesAreThoseOfThePolicy) {
    Judged run(kSgx, "strict");
    run.expect(FactorId::signer, Verdict::not_proven);
    run.rules().signers = {Bytes(32, 1)};
    run.expect(FactorId::signer, Verdict::fail, "ATT-279");
    run.rules().signers.push_back(
        from_hex("815f42f11cf64430c30bab7816ba596a1da0130c3b028b673133a66cf9a3e0e6").value());
    run.expect(FactorId::signer, Verdict::pass);
    run.rules().security_version_min = 0;
    run.expect(FactorId::security_version, Verdict::pass);
    run.rules().security_version_min = 1;
    run.expect(FactorId::security_version, Verdict::fail, "ATT-280");
}

TEST(HardwarePolicy, SignersAndVersionsOfGuestsAreThoseOfThePolicy) {
    Judged run("sev-snp/aci-milan-v2-hostdata", "strict");
    const SnpReport report = std::get<SnpClaims>(run.report().claims->details).report;
    run.rules().signers = {Bytes(48, 1)};
    run.expect(FactorId::signer, Verdict::fail, "ATT-279");
    run.rules().signers = {to_bytes(report.id_key_digest)};
    run.expect(FactorId::signer, Verdict::pass);
    run.rules().security_version_min = report.guest_svn;
    run.expect(FactorId::security_version, Verdict::pass);
    run.rules().security_version_min = report.guest_svn + 1;
    run.expect(FactorId::security_version, Verdict::fail, "ATT-280");
}

TEST(HardwarePolicy, ATcbOfAmdReachesTheMinimumOfItsLine) {
    Judged run("sev-snp/aci-milan-v2-hostdata", "strict");
    run.expect(FactorId::tcb, Verdict::not_proven);
    const SnpTcb reported = std::get<SnpClaims>(run.report().claims->details).reported_tcb;
    run.rules().tcb_min[SnpProductLine::milan] = reported;
    run.expect(FactorId::tcb, Verdict::pass);
    ++run.rules().tcb_min[SnpProductLine::milan].microcode;
    run.expect(FactorId::tcb, Verdict::fail, "ATT-75");
}

TEST(HardwarePolicy, GuestsHaveNoPermissionThatItDoesNotAllow) {
    Judged debug("sev-snp/google-milan-v2-debug", "strict");
    debug.expect(FactorId::debug, Verdict::fail, "ATT-76");
    debug.rules().debug = true;
    debug.expect(FactorId::debug, Verdict::not_proven);
    Judged run(kSnp, "strict");
    run.expect(FactorId::migration, Verdict::pass);
    run.expect(FactorId::privilege, Verdict::pass);
    run.rules().vmpl_max = 0;
    run.expect(FactorId::privilege, Verdict::fail, "ATT-284");
    run.expect(FactorId::simultaneous_threads, Verdict::not_proven);
    run.rules().simultaneous_threads = false;
    run.expect(FactorId::simultaneous_threads, Verdict::fail, "ATT-285");
}

// No guest of the corpus allows it, so a claim is changed after it was verified.
TEST(HardwarePolicy, AMigrationAgentIsRefusedUnlessItIsAllowed) {
    constexpr std::uint64_t kMigration = std::uint64_t{1} << 18;
    Judged run(kSnp, "strict");
    Claims claims = run.report().claims.value();
    auto& details = std::get<SnpClaims>(claims.details);
    details.report.policy.bits |= kMigration;
    const Roots roots = builtin_roots();
    const auto judged = [&] {
        const AppraisalInput input{claims, run.policy, nullptr, run.clues, roots, UnixMs{}};
        const std::vector<Factor> factors = judge_details(details, input);
        return *std::ranges::find(factors, FactorId::migration, &Factor::id);
    };
    EXPECT_EQ(judged().error, (Error{Errc::refused_by_policy, "ATT-283"}));
    run.rules().migration = true;
    EXPECT_EQ(judged().verdict, Verdict::not_proven);
}

TEST(HardwarePolicy, RegistersHaveTheValuesOfThePolicy) {
    Judged nitro(kNitro, "strict");
    nitro.expect(FactorId::registers, Verdict::not_proven);
    nitro.rules().registers[0] = {Bytes(48, 1)};
    nitro.expect(FactorId::registers, Verdict::fail, "ATT-281");
    nitro.rules().registers[0].push_back(
        std::get<NitroClaims>(nitro.report().claims->details).pcrs.at(0));
    nitro.expect(FactorId::registers, Verdict::pass);
    nitro.rules().registers[31] = {Bytes(48)};
    nitro.expect(FactorId::registers, Verdict::fail, "ATT-281");
    Judged tdx(kTdx, "strict");
    const auto claims = tdx.report().claims;
    const auto& td = std::get<TdReport>(std::get<DcapClaims>(claims->details).body);
    tdx.rules().registers[3] = {to_bytes(td.rtmr[3])};
    tdx.expect(FactorId::registers, Verdict::pass);
    tdx.rules().registers[2] = {to_bytes(td.rtmr[3])};
    tdx.expect(FactorId::registers, Verdict::fail, "ATT-281");
}

TEST(HardwarePolicy, TheNonceIsTheOneThatWasGiven) {
    Judged run("nitro/anjuna-2021-publickey", "strict");
    run.expect(FactorId::nonce, Verdict::not_proven);
    run.clues.nonce = Bytes{1, 2, 3};
    run.expect(FactorId::nonce, Verdict::fail, "ATT-282");
    Judged sgx(kSgx, "strict");
    sgx.clues.nonce = to_bytes(as_bytes("Hello, world!"));
    sgx.expect(FactorId::nonce, Verdict::pass);
    sgx.expect(FactorId::freshness, Verdict::pass);
}

TEST(HardwarePolicy, ALogLeadsToTheRegistersThatWereSigned) {
    const EvidenceCase evidence("tdx/google-cos-v4-uptodate-2025-07");
    const Policy policy = policy_profile("strict").value();
    const auto report = [&](EvidenceBundle bundle) {
        return inspect(std::move(bundle), builtin_roots(), policy, Clues{}, evidence.verify_at());
    };
    const FactorReport good = report(evidence.bundle());
    EXPECT_EQ(good.find(FactorId::event_log)->verdict, Verdict::pass);
    EXPECT_TRUE(good.accepted);
    const ExplainedLog& log = good.claims->event_log.value();
    EXPECT_EQ(log.registers.at("RTMR0"), ReplayResult::explained);
    EXPECT_EQ(log.registers.at("RTMR3"), ReplayResult::untouched);
    EXPECT_NE(report_to_text(good).find("measured\n  RTMR"), std::string::npos);

    // One bit of a digest, and a log that ends early.
    EvidenceBundle changed = evidence.bundle();
    constexpr std::size_t kInsideOfADigest = 120;
    changed.beside["ccel_data.bin"][kInsideOfADigest] ^= 1;
    const FactorReport other = report(changed);
    EXPECT_TRUE(other.claims.has_value());
    EXPECT_EQ(other.find(FactorId::event_log)->error, (Error{Errc::bad_signature, "ATT-297"}));
    changed.beside["ccel_data.bin"].resize(kInsideOfADigest);
    EXPECT_EQ(report(changed).find(FactorId::event_log)->verdict, Verdict::fail);
    changed.beside.erase("ccel_data.bin");
    EXPECT_EQ(report(changed).find(FactorId::event_log)->verdict, Verdict::not_applicable);

    Judged tpm("tpm/gce-cos85-no-nonce", "strict");
    tpm.expect(FactorId::event_log, Verdict::not_proven);
}

TEST(HardwarePolicy, ARootBesideTheDocumentIsNotTrustedByItself) {
    Judged run("nitro/fortanix-unknown-ca", "strict");
    EXPECT_EQ(run.report().first_error(), (Error{Errc::untrusted_identity, "ATT-294"}));
}

TEST(Admission, OnlyHardwareOfClassConfidentialAdmitsAnAgent) {
    const Policy policy = policy_profile("strict").value();
    Claims claims;
    const Expectation expectation;
    const Clues clues;
    const Roots roots = builtin_roots();
    for (const Kind kind : all_kinds()) {
        claims.kind = kind;
        const AppraisalInput input{claims, policy, &expectation, clues, roots, UnixMs{}};
        const std::vector<Factor> factors = judge_hardware(input);
        const auto found = std::ranges::find(factors, FactorId::evidence_class, &Factor::id);
        EXPECT_EQ(found->verdict == Verdict::pass, class_of(kind) == Class::confidential);
        if (class_of(kind) != Class::confidential) {
            EXPECT_EQ(found->error, (Error{Errc::refused_by_policy, "ATT-274"}));
        }
    }
}

// What a real enclave does: a document over the keys, the group and the nonce that the verifier
// knows. Everything of it is signed by a hypervisor of the tests' own.
TEST(Admission, AnEnclaveOfRealHardwareIsAdmittedByThePolicyThatNamesIt) {
    testing::NitroPlatform platform;
    Expectation expectation;
    expectation.binding.enclave_key.fill(1);
    expectation.binding.nonce.fill(2);
    expectation.judged_at = platform.now;
    platform.edit_fields = [&](std::vector<testing::NitroPlatform::Field>& fields) {
        std::ranges::find(fields, "user_data", &testing::NitroPlatform::Field::first)->second =
            testing::NitroPlatform::bytes_item(report_data(expectation.binding));
    };
    const Bytes message = message_of_bundle(
        {.kind = Kind::nitro, .evidence = platform.make_document(), .beside = {}});
    Roots roots = builtin_roots();
    roots.aws_nitro = platform.root_certificate();
    Policy policy;
    policy.evidence_age_seconds_max = kEvidenceAgeSecondsDefault;
    const auto examined = [&] { return examine(message, roots, policy, expectation); };

    EXPECT_EQ(examined().report.find(FactorId::kind)->error,
              (Error{Errc::refused_by_policy, "ATT-74"}));
    expectation.measurement = examined().report.claims->measurement;
    policy.hardware[Kind::nitro].measurements = {expectation.measurement};
    ASSERT_TRUE(examined().evidence().has_value()) << report_to_text(examined().report);
    EXPECT_EQ(examined().evidence()->evidence_class(), Class::confidential);
    EXPECT_EQ(examined().report.find(FactorId::binding)->verdict, Verdict::pass);
    EXPECT_EQ(examined().report.find(FactorId::development)->verdict, Verdict::not_applicable);

    // The same evidence for another group, another program, and a day later.
    Expectation other = expectation;
    other.binding.group_id.fill(9);
    EXPECT_EQ(examine(message, roots, policy, other).evidence().error(),
              (Error{Errc::wrong_key, "ATT-21"}));
    other = expectation;
    other.measurement.fill(9);
    EXPECT_EQ(examine(message, roots, policy, other).evidence().error(),
              (Error{Errc::untrusted_identity, "ATT-26"}));
    EXPECT_EQ(examine(message, builtin_roots(), policy, expectation).evidence().error(),
              (Error{Errc::untrusted_identity, "ATT-45"}));
}

// A genuine quote of somebody else: all of the platform holds, and nothing that binds it to an
// agent does.
TEST(Admission, AGenuineQuoteForOtherKeysAdmitsNobody) {
    const EvidenceCase evidence(kTdx);
    const Bytes message = message_of_bundle(evidence.bundle());
    Expectation expectation;
    expectation.judged_at = evidence.verify_at();
    const Policy policy = policy_profile("strict").value();
    const Appraisal appraisal = examine(message, builtin_roots(), policy, expectation);
    ASSERT_TRUE(appraisal.report.claims.has_value());
    EXPECT_FALSE(appraisal.evidence().has_value());
    EXPECT_EQ(appraisal.report.find(FactorId::binding)->error, (Error{Errc::wrong_key, "ATT-21"}));
    EXPECT_EQ(appraisal.report.find(FactorId::measurement)->error,
              (Error{Errc::untrusted_identity, "ATT-26"}));
    EXPECT_EQ(appraisal.report.find(FactorId::tcb)->verdict, Verdict::pass);
}

}  // namespace
}  // namespace chatmcp::attest
