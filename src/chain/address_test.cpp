#include "chain/address.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "chain/well_known.h"
#include "support/vectors.h"

namespace chatmcp::chain {
namespace {

TEST(Address, WellKnownAddressesHaveTheirTexts) {
    const std::vector<std::pair<Address, const char*>> all = {
        {kSystemProgram, "11111111111111111111111111111111"},
        {kTokenProgram, "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"},
        {kToken2022Program, "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"},
        {kAssociatedTokenProgram, "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"},
        {kComputeBudgetProgram, "ComputeBudget111111111111111111111111111111"},
        {kMemoProgram, "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"},
        {kEd25519Program, "Ed25519SigVerify111111111111111111111111111"},
        {kAddressLookupTableProgram, "AddressLookupTab1e1111111111111111111111111"},
        {kRecentBlockhashesSysvar, "SysvarRecentB1ockHashes11111111111111111111"},
        {kClockSysvar, "SysvarC1ock11111111111111111111111111111111"},
        {kInstructionsSysvar, "Sysvar1nstructions1111111111111111111111111"},
        {kRentSysvar, "SysvarRent111111111111111111111111111111111"},
        {kUpgradeableLoader, "BPFLoaderUpgradeab1e11111111111111111111111"},
    };
    for (const auto& [address, text] : all) {
        EXPECT_EQ(address.text(), text);
        EXPECT_EQ(Address::parse(text).value(), address);
    }
}

TEST(Address, WhatIsNotTheBase58OfThirtyTwoBytesIsRefused) {
    for (const char* text : {"",
                             "1111111111111111111111111111111",    // 31 bytes
                             "111111111111111111111111111111111",  // 33 bytes
                             "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5D0",
                             "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA ",
                             "JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFH"}) {
        const auto address = Address::parse(text);
        ASSERT_FALSE(address.has_value()) << text;
        EXPECT_STREQ(address.error().check, "CHN-05");
    }
}

// The file is written by @solana/web3.js.
TEST(Address, EveryVectorOfAProgramAddressIsFoundWithItsBump) {
    const auto vectors = testing::load_vectors("solana/pda.json");
    ASSERT_GE(vectors.size(), 4u);
    for (const auto& vector : vectors) {
        const std::vector<Bytes> seeds = vector.hexes("seeds");
        const std::vector<ByteView> views(seeds.begin(), seeds.end());
        const auto found =
            find_program_address(views, Address::parse(vector.text("program")).value());
        ASSERT_TRUE(found.has_value());
        EXPECT_EQ(found->bump, vector.u64("bump"));
        EXPECT_EQ(found->address.text(), vector.text("address"));
    }
}

TEST(Address, SeedsAboveTheirSizeAndNumberAreRefused) {
    const Bytes fits(kSeedMaxBytes);
    const Bytes too_long(kSeedMaxBytes + 1);
    EXPECT_TRUE(find_program_address({fits}, kSystemProgram).has_value());
    EXPECT_STREQ(find_program_address({too_long}, kSystemProgram).error().check, "CHN-06");

    const std::vector<ByteView> most(kSeedsMax - 1, fits);
    EXPECT_TRUE(find_program_address(most, kSystemProgram).has_value());
    const std::vector<ByteView> too_many(kSeedsMax, fits);  // The bump would be one more.
    EXPECT_STREQ(find_program_address(too_many, kSystemProgram).error().check, "CHN-07");
    const std::vector<ByteView> one_more(kSeedsMax + 1, fits);
    EXPECT_STREQ(create_program_address(one_more, kSystemProgram).error().check, "CHN-07");
}

TEST(Address, APointOfTheCurveIsNoProgramAddress) {
    // Every bump above the one that is found gave a point.
    std::size_t points = 0;
    for (std::uint8_t number = 0; number < 20; ++number) {
        const auto found = find_program_address({{&number, 1}}, kMemoProgram);
        ASSERT_TRUE(found.has_value());
        for (unsigned above = found->bump + 1u; above <= 255; ++above) {
            const auto bump = static_cast<std::uint8_t>(above);
            const std::vector<ByteView> seeds = {{&number, 1}, {&bump, 1}};
            EXPECT_STREQ(create_program_address(seeds, kMemoProgram).error().check, "CHN-08");
            ++points;
        }
    }
    EXPECT_GT(points, 5u);
}

TEST(Address, TheOrderIsThatOfTextsWithoutCaseThenLowerBeforeUpper) {
    constexpr std::string_view kDigit = "23MvNmbJnM2Uuvt2fSqeaiMP6sHRgsyJ9JpSqTMfGqyv";
    constexpr std::string_view kUpper = "AzisUkZZzDQ4tyETsYvaQAZVdXfy8qhhLrrJKLXpXng8";
    constexpr std::string_view kLower = "AzisukZZzDQ4tyETsYvaQAZVdXfy8qhhLrrJKLXpXng8";
    // Here the first difference in case says the opposite of the later difference in letters.
    constexpr std::string_view kLater = "AzisukZZzDQ4tyETsYvaQAZVdXfy8qhhLrrJKLXpXng9";
    EXPECT_TRUE(address_text_before(kDigit, kUpper));
    EXPECT_TRUE(address_text_before(kLower, kUpper));
    EXPECT_FALSE(address_text_before(kUpper, kLower));
    EXPECT_FALSE(address_text_before(kUpper, kUpper));
    EXPECT_TRUE(address_text_before(kUpper, kLater));
    // A text that another one begins with stands before it.
    EXPECT_TRUE(address_text_before(kUpper.substr(0, 43), kLower));
}

}  // namespace
}  // namespace chatmcp::chain
