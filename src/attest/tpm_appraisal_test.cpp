// What a policy asks of TPMs, Azure's virtual ones, and GPUs.

#include <algorithm>

#include <gtest/gtest.h>

#include "attest/appraise.h"
#include "attest/kind_steps.h"
#include "support/evidence_case.h"

namespace chatmcp::attest {
namespace {

using testing::EvidenceCase;

class TpmAppraisal : public ::testing::Test {
  protected:
    explicit TpmAppraisal() { policy_.hardware[Kind::tpm].any_measurement = true; }

    FactorReport report(const std::string& name) const {
        const EvidenceCase each(name);
        return inspect(each.bundle(), roots_, policy_, Clues{}, each.verify_at());
    }
    void expect(const FactorReport& report,
                FactorId id,
                Verdict verdict,
                std::string_view check = {}) const {
        const Factor* const factor = report.find(id);
        ASSERT_NE(factor, nullptr);
        EXPECT_EQ(factor->verdict, verdict) << factor_name(id) << ": " << factor->meaning;
        EXPECT_EQ(factor->error.has_value() ? factor->error->check : "", check);
    }

    Roots roots_ = builtin_roots();
    Policy policy_;
};

TEST_F(TpmAppraisal, AKeyIsVouchedForByItsChainOrByThePolicy) {
    expect(report("tpm/gce-cos85-no-nonce"), FactorId::root, Verdict::pass);
    const FactorReport alone = report("tpm/trustee-swtpm");
    expect(alone, FactorId::root, Verdict::fail, "ATT-287");
    policy_.hardware[Kind::tpm].keys = {
        crypto::sha256(std::get<TpmClaims>(alone.claims->details).ak)};
    expect(report("tpm/trustee-swtpm"), FactorId::root, Verdict::pass);
    roots_.published_spki = policy_.hardware[Kind::tpm].keys;
    expect(report("tpm/trustee-swtpm"), FactorId::published_key, Verdict::fail, "ATT-286");
}

TEST_F(TpmAppraisal, SignaturesThatRestOnSha1AreRefused) {
    const FactorReport broken = report("tpm/gcp-shielded-vm-windows-sha1");
    EXPECT_TRUE(broken.claims.has_value());
    expect(broken, FactorId::algorithms, Verdict::fail, "ATT-291");
    expect(report("tpm/trustee-swtpm"), FactorId::algorithms, Verdict::pass);
}

TEST_F(TpmAppraisal, AQuoteWithoutANonceIsRefused) {
    expect(report("tpm/gce-cos85-no-nonce"), FactorId::nonce, Verdict::fail, "ATT-295");
    expect(report("tpm/trustee-swtpm"), FactorId::nonce, Verdict::not_proven);
}

TEST_F(TpmAppraisal, AKeyThatMayLeaveItsTpmIsRefused) {
    const FactorReport found = report("tpm/gce-cos85-no-nonce");
    expect(found, FactorId::key_protection, Verdict::pass);
    expect(report("tpm/trustee-swtpm"), FactorId::key_protection, Verdict::not_proven);
    Claims claims = found.claims.value();
    auto& details = std::get<TpmClaims>(claims.details);
    const Clues clues;
    for (const std::uint32_t bit :
         {TpmPublic::kFixedTpm, TpmPublic::kRestricted, TpmPublic::kSensitiveDataOrigin}) {
        const std::uint32_t before = details.ak_attributes.value();
        details.ak_attributes = before & ~bit;
        const AppraisalInput input{claims, policy_, nullptr, clues, roots_, UnixMs{}};
        const std::vector<Factor> factors = judge_details(details, input);
        const auto factor = std::ranges::find(factors, FactorId::key_protection, &Factor::id);
        EXPECT_EQ(factor->error, (Error{Errc::refused_by_policy, "ATT-292"}));
        details.ak_attributes = before;
    }
}

TEST_F(TpmAppraisal, ACertificateAloneIsNoQuote) {
    const FactorReport found = report("tpm/azure-ak-certificate");
    EXPECT_TRUE(found.claims.has_value());
    expect(found, FactorId::root, Verdict::pass);
    expect(found, FactorId::collateral, Verdict::fail, "ATT-296");
    EvidenceBundle bundle = EvidenceCase("tpm/trustee-swtpm").bundle();
    bundle.beside.erase("quote.sig");
    EXPECT_EQ(ParsedEvidence::read(std::move(bundle)).error(), (Error{Errc::not_found, "ATT-296"}));
}

TEST_F(TpmAppraisal, RegistersOfAVirtualTpmAreHeldAgainstThePolicy) {
    policy_ = policy_profile("strict").value();
    const std::string name = "azure-vtpm/snp-milan-challenge";
    const FactorReport found = report(name);
    expect(found, FactorId::registers, Verdict::not_proven);
    expect(found, FactorId::secure_boot, Verdict::pass);
    const auto& bank = std::get<AzureVtpmClaims>(found.claims->details).tpm.pcrs.rbegin()->second;
    policy_.hardware[Kind::azure_vtpm].registers[4] = {bank.at(4)};
    expect(report(name), FactorId::registers, Verdict::pass);
    policy_.hardware[Kind::azure_vtpm].registers[7] = {bank.at(4)};
    expect(report(name), FactorId::registers, Verdict::fail, "ATT-281");
}

TEST_F(TpmAppraisal, MeasurementsOfAGpuAreHeldAgainstReferences) {
    policy_ = policy_profile("strict").value();
    const EvidenceCase each("nvidia-gpu/blackwell-575");
    const auto with = [&](const std::string& references) {
        EvidenceBundle bundle = each.bundle();
        bundle.beside["reference_measurements.json"] = to_bytes(as_bytes(references));
        return inspect(std::move(bundle), roots_, policy_, Clues{}, each.verify_at());
    };
    expect(report(each.name()), FactorId::gpu_measurements, Verdict::not_proven);
    const std::string index = R"({"version": 1, "measurements": {"3": [")";
    const std::string good = each.expected().at("measurements").at("3");
    expect(with(index + good + "\"]}}"), FactorId::gpu_measurements, Verdict::pass);
    expect(with(index + std::string(96, 'f') + "\"]}}"),
           FactorId::gpu_measurements,
           Verdict::fail,
           "ATT-293");
    EXPECT_FALSE(with("{}").claims.has_value());
    policy_.hardware[Kind::nvidia_gpu].without_revocation = false;
    expect(report(each.name()), FactorId::revocation, Verdict::fail, "ATT-78");
}

}  // namespace
}  // namespace chatmcp::attest
