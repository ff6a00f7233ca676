// Android keys as they were found: tests/vectors/evidence. Their verdicts and facts are in
// corpus_test.cpp; here is by which rule each is refused, that no flipped bit verifies, and what a
// policy asks of them.

#include <map>

#include <gtest/gtest.h>

#include "attest/appraise.h"
#include "support/evidence_case.h"
#include "support/random.h"

namespace chatmcp::attest {
namespace {

using testing::EvidenceCase;

std::string check_of(EvidenceBundle bundle, UnixMs at) {
    const FactorReport report = inspect(std::move(bundle), builtin_roots(), Policy{}, Clues{}, at);
    return report.claims.has_value() ? "verified" : std::string(report.first_error()->check);
}

std::vector<EvidenceCase> cases() {
    std::vector<EvidenceCase> out = testing::evidence_cases();
    std::erase_if(out, [](const EvidenceCase& each) { return each.kind() != Kind::android_key; });
    return out;
}

Bytes pem_of(const std::vector<Bytes>& chain) {
    constexpr std::size_t kLine = 64;
    std::string out;
    for (const Bytes& der : chain) {
        const std::string text = to_base64(der);
        out += "-----BEGIN CERTIFICATE-----\n";
        for (std::size_t at = 0; at < text.size(); at += kLine) {
            out += text.substr(at, kLine) + "\n";
        }
        out += "-----END CERTIFICATE-----\n";
    }
    return to_bytes(as_bytes(out));
}

TEST(AndroidKey, EveryRefusedCaseIsRefusedByItsName) {
    const std::map<std::string, std::string> reasons = {
        {"android-key/gak-ec-strongbox-unknown-root", "DER-08"},
        {"android-key/gak-rsa-strongbox-unknown-root", "ATT-184"},
        {"android-key/invalid-tags-order", "ATT-190"},
        {"android-key/pixelxl-software-root", "ATT-184"},
        {"android-key/pixelxl-software-root-rsa", "ATT-184"},
        {"android-key/tampered-revocation-list", "ATT-189"},
    };
    std::map<std::string, std::string> found;
    for (const EvidenceCase& each : cases()) {
        const std::string check = check_of(each.bundle(), each.verify_at());
        if (check != "verified") {
            found[each.name()] = check;
        }
    }
    EXPECT_EQ(found, reasons);
}

// All bytes of all certificates are covered: of the root's by its own signature.
TEST(AndroidKey, NoFlippedBitVerifies) {
    constexpr int kFlips = 500;
    int chains = 0;
    for (const EvidenceCase& each : cases()) {
        if (!each.expected().at("verifies").get<bool>()) {
            continue;
        }
        SCOPED_TRACE(each.name());
        testing::SeededRandom random(49);
        const EvidenceBundle bundle = each.bundle();
        const std::vector<Bytes> chain = certificates_of_pem(bundle.evidence).value();
        EXPECT_EQ(check_of({Kind::android_key, pem_of(chain), {}}, each.verify_at()), "verified");
        for (int i = 0; i < kFlips; ++i) {
            std::vector<Bytes> changed = chain;
            Bytes& der = changed[random.below(changed.size())];
            const std::size_t bit = random.below(der.size() * 8);
            der[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            ASSERT_NE(check_of({Kind::android_key, pem_of(changed), {}}, each.verify_at()),
                      "verified")
                << bit;
        }
        ++chains;
    }
    EXPECT_EQ(chains, 14);
}

// Google's list of the day when the corpus was made, and its sample.
TEST(AndroidKey, NoGenuineCertificateIsOnGooglesStatusList) {
    for (const char* name : {"snapshot", "sample"}) {
        const std::string list =
            "evidence/roots/google-android-revocation-status-" + std::string(name) + ".json";
        for (const EvidenceCase& each : cases()) {
            if (!each.expected().at("verifies").get<bool>()) {
                continue;
            }
            SCOPED_TRACE(each.name());
            EvidenceBundle bundle = each.bundle();
            bundle.beside["status.json"] = to_bytes(as_bytes(testing::load_text(list)));
            const auto& revoked = each.expected().at("serials_revoked_in_snapshot");
            const bool is_listed = std::string(name) == "snapshot" && !revoked.empty();
            EXPECT_EQ(check_of(std::move(bundle), each.verify_at()),
                      is_listed ? "ATT-189" : "verified");
        }
    }
}

class AndroidKeyPolicy : public ::testing::Test {
  protected:
    AndroidKeyPolicy() : policy_(policy_profile("strict").value()) {}
    HardwarePolicy& rules() { return policy_.hardware.at(Kind::android_key); }
    void expect(const std::string& name,
                FactorId id,
                Verdict verdict,
                std::string_view check = {}) const {
        const EvidenceCase each("android-key/" + name);
        const FactorReport report =
            inspect(each.bundle(), builtin_roots(), policy_, Clues{}, each.verify_at());
        const Factor* const factor = report.find(id);
        ASSERT_NE(factor, nullptr);
        EXPECT_EQ(factor->verdict, verdict) << factor->meaning;
        EXPECT_EQ(factor->error.has_value() ? factor->error->check : "", check);
    }

    Policy policy_;
};

TEST_F(AndroidKeyPolicy, ADeviceIsLockedAndItsSystemVerified) {
    expect("pixel9pro-tee-ec-verified", FactorId::boot_state, Verdict::pass);
    expect("pixel3-tee-ec", FactorId::boot_state, Verdict::fail, "ATT-289");
    rules().unverified_boot = true;
    expect("pixel3-tee-ec", FactorId::boot_state, Verdict::not_proven);
}

TEST_F(AndroidKeyPolicy, ASystemHasThePatchLevelThatThePolicyAsks) {
    expect("xperia10iii-tee-ec", FactorId::patch_level, Verdict::not_proven);
    rules().patch_level_min = 202'307;
    expect("xperia10iii-tee-ec", FactorId::patch_level, Verdict::pass);
    rules().patch_level_min = 202'308;
    expect("xperia10iii-tee-ec", FactorId::patch_level, Verdict::fail, "ATT-290");
}

TEST_F(AndroidKeyPolicy, SomebodyLookedIntoTheStatusList) {
    expect("pixel9pro-tee-ec-verified", FactorId::revocation, Verdict::not_proven);
    rules().without_revocation = false;
    expect("pixel9pro-tee-ec-verified", FactorId::revocation, Verdict::fail, "ATT-78");
}

}  // namespace
}  // namespace chatmcp::attest
