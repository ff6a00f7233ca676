// A verifier that remembers says what one that does not remember says, whatever changed.

#include "attest/dcap_cache.h"

#include <gtest/gtest.h>

#include "support/dcap_case.h"
#include "support/random.h"

namespace chatmcp::attest {
namespace {

using testing::DcapCase;

class DcapCacheTest : public ::testing::Test {
  protected:
    std::string check_of(const Result<DcapClaims>& result) {
        return result.has_value() ? "verified" : result.error().check;
    }
    Result<DcapClaims> warm(const DcapCase& each, UnixMs at) {
        CHATMCP_TRY(const DcapQuote quote, DcapQuote::read(each.quote));
        return cache.verify(quote, each.collateral(), root, at);
    }

    Bytes root_der = testing::intel_root();
    Certificate root = Certificate::read(root_der).value();
    DcapCache cache;
};

TEST_F(DcapCacheTest, EveryCaseHasTheSameVerdictColdAndWarm) {
    int verified = 0;
    for (const DcapCase& each : testing::dcap_cases()) {
        SCOPED_TRACE(each.name());
        const auto at = each.verify_at();
        if (!at.has_value()) {
            continue;
        }
        const auto cold = each.verify(*at);
        for (int turn = 0; turn < 2; ++turn) {
            const auto again = warm(each, *at);
            ASSERT_EQ(check_of(again), check_of(cold));
            if (!cold.has_value()) {
                continue;
            }
            ++verified;
            EXPECT_EQ(again->pck_serial, cold->pck_serial);
            EXPECT_EQ(again->next_update, cold->next_update);
            EXPECT_EQ(again->issued, cold->issued);
            EXPECT_EQ(again->pck_revocation_checked, cold->pck_revocation_checked);
            EXPECT_EQ(again->root_revocation_checked, cold->root_revocation_checked);
            ASSERT_EQ(again->tcb.has_value(), cold->tcb.has_value());
            if (cold->tcb.has_value()) {
                EXPECT_EQ(again->tcb->status, cold->tcb->status);
                EXPECT_EQ(again->tcb->advisories, cold->tcb->advisories);
                EXPECT_EQ(again->tcb->module_id, cold->tcb->module_id);
            }
        }
    }
    EXPECT_GT(verified, 40);
    EXPECT_GT(cache.size(), 15u);
}

TEST_F(DcapCacheTest, AnotherTimeIsJudgedAnew) {
    int refused = 0;
    for (const DcapCase& each : testing::dcap_cases()) {
        const auto at = each.verify_at();
        if (!at.has_value() || !each.expected().boolean("verifies") ||
            !each.expected().has("at_other_times")) {
            continue;
        }
        SCOPED_TRACE(each.name());
        ASSERT_EQ(check_of(warm(each, *at)), "verified");
        for (const testing::Vector& other : each.expected().list("at_other_times")) {
            const UnixMs then = from_time_text(other.text("verify_at")).value();
            const auto cold = each.verify(then);
            EXPECT_EQ(check_of(warm(each, then)), check_of(cold));
            refused += cold.has_value() ? 0 : 1;
        }
        EXPECT_EQ(check_of(warm(each, *at)), "verified");
    }
    EXPECT_GT(refused, 10);
}

// To the millisecond: the first of certificates, lists and documents that ends ends it all.
TEST_F(DcapCacheTest, WhatIsRememberedEndsWithTheFirstOfItsParts) {
    const DcapCase each("tdx", "google-v5-uptodate-2026-02");
    const auto quote = DcapQuote::read(each.quote).value();
    const auto platform =
        DcapPlatform::verify(quote, each.collateral(), root, each.verify_at().value()).value();
    ASSERT_EQ(check_of(warm(each, each.verify_at().value())), "verified");
    for (const UnixMs in : {platform.from, platform.until}) {
        EXPECT_EQ(check_of(each.verify(in)), "verified");
        EXPECT_EQ(check_of(warm(each, in)), "verified");
    }
    for (const UnixMs out : {platform.from.plus_ms(-1), platform.until.plus_ms(1)}) {
        const auto cold = each.verify(out);
        EXPECT_FALSE(cold.has_value());
        EXPECT_EQ(check_of(warm(each, out)), check_of(cold));
    }
}

TEST_F(DcapCacheTest, AFlippedBitOfAnyInputIsNotRemembered) {
    constexpr int kFlips = 60;
    DcapCase each("sgx", "automata-icelake-2025-08");
    const UnixMs at = each.verify_at().value();
    ASSERT_EQ(check_of(warm(each, at)), "verified");
    testing::SeededRandom random(11);
    const auto flip_in = [&](Bytes& bytes) {
        for (int i = 0; i < kFlips; ++i) {
            const std::size_t position = random.below(bytes.size());
            const auto bit = static_cast<std::uint8_t>(1u << random.below(8));
            bytes[position] ^= bit;
            EXPECT_EQ(check_of(warm(each, at)), check_of(each.verify(at))) << position;
            bytes[position] ^= bit;
        }
    };
    flip_in(each.quote);
    for (auto& [name, bytes] : each.files) {
        SCOPED_TRACE(name);
        flip_in(bytes);
    }
    EXPECT_EQ(check_of(warm(each, at)), "verified");
}

TEST_F(DcapCacheTest, AMissingFileIsAnotherInput) {
    const DcapCase whole("sgx", "automata-icelake-2025-08");
    const UnixMs at = whole.verify_at().value();
    ASSERT_EQ(check_of(warm(whole, at)), "verified");
    for (const auto& [name, bytes] : whole.files) {
        SCOPED_TRACE(name);
        DcapCase less = whole;
        less.files.erase(name);
        const auto cold = less.verify(at);
        const auto again = warm(less, at);
        ASSERT_EQ(check_of(again), check_of(cold));
        if (cold.has_value()) {
            EXPECT_EQ(again->tcb.has_value(), cold->tcb.has_value());
            EXPECT_EQ(again->pck_revocation_checked, cold->pck_revocation_checked);
            EXPECT_EQ(again->root_revocation_checked, cold->root_revocation_checked);
        }
        less.files[name] = {};  // Empty is not absent.
        EXPECT_EQ(check_of(warm(less, at)), check_of(less.verify(at)));
    }
}

TEST_F(DcapCacheTest, AnotherRootIsAnotherInput) {
    const DcapCase each("sgx", "automata-icelake-2025-08");
    const UnixMs at = each.verify_at().value();
    ASSERT_EQ(check_of(warm(each, at)), "verified");
    Certificate other = root;
    Bytes other_der = root_der;
    other_der.back() ^= 1;
    other.der = other_der;
    other.subject = as_bytes("nobody");
    const auto quote = DcapQuote::read(each.quote).value();
    EXPECT_EQ(check_of(cache.verify(quote, each.collateral(), other, at)), "ATT-45");
}

TEST_F(DcapCacheTest, WhatDoesNotVerifyIsNotRemembered) {
    for (const DcapCase& each : testing::dcap_cases()) {
        const auto at = each.verify_at();
        if (at.has_value() && !each.verify(*at).has_value()) {
            EXPECT_FALSE(warm(each, *at).has_value()) << each.name();
        }
    }
    EXPECT_EQ(cache.size(), 0u);
}

TEST_F(DcapCacheTest, TheOneThatWasNotUsedForTheLongestTimeMakesRoom) {
    DcapCache small(2);
    const std::vector<DcapCase> cases = {DcapCase("sgx", "automata-icelake-2025-08"),
                                         DcapCase("tdx", "google-v5-uptodate-2026-02"),
                                         DcapCase("tdx", "phala-v4-uptodate-2025-06")};
    for (int turn = 0; turn < 3; ++turn) {
        for (const DcapCase& each : cases) {
            const auto quote = DcapQuote::read(each.quote).value();
            EXPECT_TRUE(
                small.verify(quote, each.collateral(), root, each.verify_at().value()).has_value());
            EXPECT_LE(small.size(), 2u);
        }
    }
    EXPECT_EQ(small.size(), 2u);
}

TEST_F(DcapCacheTest, WhatIsTooLargeIsVerifiedAndNotRemembered) {
    DcapCase each("sgx", "automata-icelake-2025-08");
    // Spaces around a document are nobody's concern.
    Bytes& info = each.files.at("tcb_info.json");
    info.resize(info.size() + DcapCache::kInputsMaxBytes, ' ');
    EXPECT_EQ(check_of(warm(each, each.verify_at().value())), "verified");
    EXPECT_EQ(cache.size(), 0u);
}

}  // namespace
}  // namespace chatmcp::attest
