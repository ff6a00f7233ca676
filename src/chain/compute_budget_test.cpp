#include "chain/compute_budget.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "chain/message.h"

namespace chatmcp::chain {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(ComputeBudget, ALimitAboveTheClustersIsRefused) {
    EXPECT_TRUE(compute_unit_limit(TransactionConfig::kComputeUnitsMax).has_value());
    EXPECT_STREQ(compute_unit_limit(TransactionConfig::kComputeUnitsMax + 1).error().check,
                 "CHN-16");
}

TEST(ComputeBudget, TheLimitOfLoadedAccountsIsItsKindAndFourBytes) {
    EXPECT_EQ(to_hex(loaded_accounts_limit(0x01020304).data), "0404030201");
}

TEST(ComputeBudget, TheFeeIsRoundedUpToLamports) {
    EXPECT_EQ(priority_fee_lamports(200'000, 1'000).value(), 200u);
    EXPECT_EQ(priority_fee_lamports(1, 1).value(), 1u);
    EXPECT_EQ(priority_fee_lamports(1'000'000, 3).value(), 3u);
    EXPECT_EQ(priority_fee_lamports(1'000'001, 3).value(), 4u);
    EXPECT_EQ(priority_fee_lamports(0, kMax).value(), 0u);
    EXPECT_EQ(priority_fee_lamports(200'000, 0).value(), 0u);
}

TEST(ComputeBudget, AFeeAboveSixtyFourBitsIsRefused) {
    EXPECT_EQ(priority_fee_lamports(1'000'000, kMax).value(), kMax);
    EXPECT_STREQ(priority_fee_lamports(1'000'001, kMax).error().check, "CHN-47");
    EXPECT_STREQ(
        priority_fee_lamports(std::numeric_limits<std::uint32_t>::max(), kMax).error().check,
        "CHN-47");
}

}  // namespace
}  // namespace chatmcp::chain
