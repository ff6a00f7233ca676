// The whole corpus through all three steps: verdicts, strict policy and facts as JSON.

#include <map>

#include <gtest/gtest.h>

#include "attest/appraise.h"
#include "base/encoding.h"
#include "support/evidence_case.h"
#include "wire/cmw.h"

namespace chatmcp::attest {
namespace {

using Json = nlohmann::json;
using testing::EvidenceCase;

FactorReport inspect_as(const EvidenceCase& each, std::string_view profile, UnixMs at) {
    return inspect(each.bundle(), builtin_roots(), policy_profile(profile).value(), Clues{}, at);
}

std::string refusals(const FactorReport& report) {
    std::string out;
    for (const Factor& factor : report.factors) {
        if (factor.error.has_value()) {
            out += std::string(factor.error->check) + " " + factor.meaning + "; ";
        }
    }
    return out;
}

TEST(Corpus, EveryCaseHasItsVerdictAtEveryTime) {
    int verdicts = 0;
    for (const EvidenceCase& each : testing::evidence_cases()) {
        SCOPED_TRACE(each.name());
        const FactorReport report = inspect_as(each, "strict", each.verify_at());
        EXPECT_EQ(report.kind, each.kind());
        EXPECT_EQ(report.claims.has_value(), each.expected().at("verifies").get<bool>())
            << refusals(report);
        ++verdicts;
        for (const Json& other : each.expected().value("at_other_times", Json::array())) {
            const UnixMs at = from_time_text(other.at("verify_at").get<std::string>()).value();
            EXPECT_EQ(inspect_as(each, "strict", at).claims.has_value(),
                      other.at("verifies").get<bool>())
                << other;
            ++verdicts;
        }
    }
    EXPECT_GE(verdicts, 146);
}

TEST(Corpus, TheStrictProfileAcceptsExactlyWhatAStrictPolicyWould) {
    int accepted = 0;
    for (const EvidenceCase& each : testing::evidence_cases()) {
        // The corpus judges the virtual TPM of one case alone: its TD quote comes without TCB info,
        // and missing collateral is a failed check here.
        if (!each.expected().contains("strict_policy_accepts") ||
            each.name() == "azure-vtpm/tdx-challenge") {
            continue;
        }
        SCOPED_TRACE(each.name());
        const FactorReport report = inspect_as(each, "strict", each.verify_at());
        EXPECT_EQ(report.accepted, each.expected().at("strict_policy_accepts").get<bool>())
            << refusals(report);
        accepted += report.accepted ? 1 : 0;
    }
    EXPECT_GT(accepted, 0);
}

TEST(Corpus, AProfileThatAllowsMoreAcceptsAllThatAStricterOneDoes) {
    std::map<std::string, int> accepted;
    for (const EvidenceCase& each : testing::evidence_cases()) {
        SCOPED_TRACE(each.name());
        bool before = false;
        for (const char* profile : {"strict", "production", "development"}) {
            const FactorReport report = inspect_as(each, profile, each.verify_at());
            EXPECT_TRUE(report.accepted || !before) << profile << ": " << refusals(report);
            before = report.accepted;
            accepted[profile] += report.accepted ? 1 : 0;
        }
    }
    EXPECT_LT(accepted["strict"], accepted["production"]);
    EXPECT_LT(accepted["production"], accepted["development"]);
}

TEST(Corpus, WithoutAPolicyNothingIsAcceptedAndTheReportIsWhole) {
    for (const EvidenceCase& each : testing::evidence_cases()) {
        SCOPED_TRACE(each.name());
        const FactorReport report =
            inspect(each.bundle(), builtin_roots(), Policy{}, Clues{}, each.verify_at());
        EXPECT_FALSE(report.accepted);
        if (report.claims.has_value()) {
            EXPECT_EQ(report.factors.size(), kFactors);
            EXPECT_EQ(report.find(FactorId::kind)->error,
                      (Error{Errc::refused_by_policy, "ATT-74"}));
        }
    }
}

/// Every member of `expected` that `claims` has too is equal there.
int compare(const Json& claims, const Json& expected, const std::string& path) {
    int compared = 0;
    for (const auto& [name, value] : expected.items()) {
        if (!claims.contains(name)) {
            continue;
        }
        const Json& found = claims.at(name);
        if (value.is_object()) {
            compared += compare(found, value, path + name + ".");
        } else {
            EXPECT_EQ(found, value) << path << name;
            ++compared;
        }
    }
    return compared;
}

TEST(Corpus, TheFactsAreInTheJsonUnderTheNamesOfTheCorpus) {
    for (const EvidenceCase& each : testing::evidence_cases()) {
        SCOPED_TRACE(each.name());
        const FactorReport report = inspect_as(each, "strict", each.verify_at());
        if (!report.claims.has_value()) {
            continue;
        }
        const Json json = Json::parse(report_to_json(report));
        EXPECT_EQ(json.at("verifies"), true);
        EXPECT_GE(compare(json.at("claims"), each.expected(), ""), 1);
    }
}

TEST(Corpus, EvidenceIsTheSameInAConceptualMessage) {
    int carried = 0;
    for (const EvidenceCase& each : testing::evidence_cases()) {
        SCOPED_TRACE(each.name());
        EvidenceBundle bundle = each.bundle();
        // Logs, and a file with what is there already, are longer than a message may be.
        for (const char* file : {"ccel_data.bin", "eventlog.bin", "evidence.json"}) {
            bundle.beside.erase(file);
        }
        if (bundle.evidence.size() > wire::ConceptualMessage::kValueMaxBytes) {
            continue;
        }
        const Bytes message = message_of_bundle(bundle);
        ASSERT_LE(message.size(), wire::ConceptualMessage::kMaxBytes);
        const auto again = bundle_of_message(message);
        ASSERT_TRUE(again.has_value()) << again.error().check;
        EXPECT_EQ(again->kind, bundle.kind);
        EXPECT_EQ(again->evidence, bundle.evidence);
        EXPECT_EQ(again->beside, bundle.beside);
        const FactorReport report =
            inspect(message, builtin_roots(), policy_profile("strict").value(), each.verify_at());
        EXPECT_EQ(report.claims.has_value(), each.expected().at("verifies").get<bool>());
        ++carried;
    }
    EXPECT_GE(carried, 140);
}

}  // namespace
}  // namespace chatmcp::attest
