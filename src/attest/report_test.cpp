#include "attest/report.h"

#include <set>

#include <gtest/gtest.h>

#include "attest/json_value.h"
#include "attest/test_quote.h"
#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

using testing::TestPlatform;

Appraisal good() {
    const TestPlatform platform;
    return examine(platform.evidence(), builtin_roots(), platform.policy(), platform.expectation());
}

TEST(FactorReport, HasOneLineForEachFactorInTheirOrder) {
    const FactorReport report = good().report;
    ASSERT_EQ(report.factors.size(), kFactors);
    EXPECT_GE(kFactors, 45U);
    std::set<std::string_view> names;
    for (std::uint8_t i = 0; i < kFactors; ++i) {
        EXPECT_FALSE(factor_question(report.factors[i].id).empty());
        EXPECT_EQ(report.factors[i].id, static_cast<FactorId>(i));
        EXPECT_EQ(report.factors[i].error.has_value(), report.factors[i].verdict == Verdict::fail);
        EXPECT_TRUE(names.insert(factor_name(report.factors[i].id)).second);
    }
}

TEST(FactorReport, ItsJsonIsJsonAndSaysTheSame) {
    const FactorReport report = good().report;
    const std::string text = report_to_json(report);
    const auto json = parse_json(text);
    ASSERT_TRUE(json.has_value()) << text;
    EXPECT_TRUE(json->find("accepted")->boolean);
    EXPECT_TRUE(json->find("verifies")->boolean);
    EXPECT_EQ(json->find("kind")->text, "simulated");
    EXPECT_TRUE(json->find("refusals")->items.empty());
    const JsonValue* const claims = json->find("claims");
    EXPECT_EQ(claims->find("class")->text, "simulated");
    EXPECT_EQ(claims->find("measurement")->text, to_hex(report.claims->measurement));
    EXPECT_EQ(claims->find("root")->text, to_hex(TestPlatform().fingerprint()));
    const JsonValue* factors = json->find("factors");
    ASSERT_EQ(factors->items.size(), report.factors.size());
    for (std::size_t i = 0; i < report.factors.size(); ++i) {
        EXPECT_EQ(factors->items[i].find("id")->text, factor_name(report.factors[i].id));
        EXPECT_EQ(factors->items[i].find("result")->text, verdict_name(report.factors[i].verdict));
        EXPECT_EQ(factors->items[i].find("detail")->text, report.factors[i].meaning);
    }
    EXPECT_EQ(claims->find("sandbox_layers")->items.size(), wire::kSandboxLayers);
}

TEST(FactorReport, AFailedFactorNamesItsRowInJsonAndText) {
    const TestPlatform platform;
    const FactorReport report =
        examine(platform.evidence(), builtin_roots(), Policy{}, platform.expectation()).report;
    const std::string json = report_to_json(report);
    EXPECT_NE(json.find(R"({"check":"ATT-15","error":"simulated_refused","detail":)"),
              std::string::npos);
    const std::string text = report_to_text(report);
    EXPECT_EQ(text.rfind("not accepted\n", 0), 0U);
    EXPECT_NE(text.find("(ATT-15)"), std::string::npos);
    EXPECT_NE(text.find("-> If this is your own development machine: chatmcp policy "
                        "allow-simulated "),
              std::string::npos);
}

TEST(FactorReport, TheTextOfAnAcceptedReportSaysWhatIsNotProven) {
    const std::string text = report_to_text(good().report);
    EXPECT_EQ(text.rfind("accepted\n", 0), 0U);
    EXPECT_NE(text.find("not proven"), std::string::npos);
    EXPECT_NE(text.find("class simulated"), std::string::npos);
}

}  // namespace
}  // namespace chatmcp::attest
