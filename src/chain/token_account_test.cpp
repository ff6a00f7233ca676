#include "chain/token_account.h"

#include <gtest/gtest.h>

#include "chain/codec.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

constexpr std::size_t kKindOffset = 165;

Bytes mint_data() {
    Writer writer;
    writer.u32(1);
    writer.fixed(Bytes(32, 7));
    writer.u64(1000);
    writer.u8(6);
    writer.u8(1);
    writer.u32(0);
    writer.fixed(Bytes(32, 9));  // Left behind by somebody who could freeze once.
    return writer.take();
}

Bytes account_data() {
    Writer writer;
    writer.fixed(Bytes(32, 1));
    writer.fixed(Bytes(32, 2));
    writer.u64(500);
    writer.u32(0);
    writer.fixed(Bytes(32));
    writer.u8(1);
    writer.u32(0);
    writer.u64(0);
    writer.u64(0);
    writer.u32(0);
    writer.fixed(Bytes(32));
    return writer.take();
}

// Of Token-2022: the kind's byte, then the extensions as they are given.
Bytes extended(Bytes data, std::uint8_t kind, const Bytes& extensions) {
    data.resize(kKindOffset);
    data.push_back(kind);
    append(data, extensions);
    return data;
}

void expect_no_mint(const Address& program, const Bytes& data, std::string_view check) {
    const auto mint = decode_mint(program, data);
    ASSERT_FALSE(mint.has_value());
    EXPECT_EQ(mint.error().check, check);
}

void expect_no_account(const Address& program, const Bytes& data, std::string_view check) {
    const auto account = decode_token_account(program, data);
    ASSERT_FALSE(account.has_value());
    EXPECT_EQ(account.error().check, check);
}

TEST(TokenAccount, BothKindsReadWithoutWhatIsLeftBehind) {
    const auto mint = decode_mint(kTokenProgram, mint_data());
    ASSERT_TRUE(mint.has_value());
    EXPECT_EQ(mint->supply, 1000u);
    EXPECT_EQ(mint->decimals, 6u);
    EXPECT_TRUE(mint->mint_authority.has_value());
    EXPECT_FALSE(mint->freeze_authority.has_value());
    const auto account = decode_token_account(kToken2022Program, account_data());
    ASSERT_TRUE(account.has_value());
    EXPECT_EQ(account->amount, 500u);
    EXPECT_EQ(account->state, TokenAccountState::initialized);
}

TEST(TokenAccount, AnAccountOfAnotherProgramHoldsNoTokens) {
    expect_no_mint(kSystemProgram, mint_data(), "CHN-60");
    expect_no_account(kAssociatedTokenProgram, account_data(), "CHN-60");
}

TEST(TokenAccount, OtherSizesAreRefused) {
    for (const std::size_t size : {std::size_t{0},
                                   Mint::kBytes - 1,
                                   Mint::kBytes + 1,
                                   TokenAccount::kBytes - 1,
                                   TokenAccount::kBytes + 1}) {
        expect_no_mint(kTokenProgram, Bytes(size), "CHN-61");
        expect_no_account(kTokenProgram, Bytes(size), "CHN-61");
    }
    // A mint of Token-2022 with extensions is larger than an account, and never a multisignature's.
    expect_no_mint(kToken2022Program, Bytes(TokenAccount::kBytes), "CHN-61");
    expect_no_mint(kToken2022Program, Bytes(355), "CHN-61");
    expect_no_account(kToken2022Program, Bytes(355), "CHN-61");
    // Token has no extensions.
    expect_no_mint(kTokenProgram, extended(mint_data(), 1, {9, 0, 0, 0}), "CHN-61");
}

TEST(TokenAccount, FlagsAndStatesThatDoNotExistAreRefused) {
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{3}, std::size_t{45}, std::size_t{46}}) {
        Bytes data = mint_data();
        data[at] = 2;
        expect_no_mint(kTokenProgram, data, "CHN-62");
    }
    for (const std::size_t at : {std::size_t{72}, std::size_t{109}, std::size_t{129}}) {
        Bytes data = account_data();
        data[at] = 2;
        expect_no_account(kTokenProgram, data, "CHN-62");
    }
    Bytes data = account_data();
    data[108] = 3;
    expect_no_account(kTokenProgram, data, "CHN-62");
}

TEST(TokenAccount, TheOtherKindOfAccountIsRefused) {
    expect_no_mint(kToken2022Program, extended(mint_data(), 2, {}), "CHN-63");
    expect_no_mint(kToken2022Program, extended(mint_data(), 0, {}), "CHN-63");
    expect_no_account(kToken2022Program, extended(account_data(), 1, {}), "CHN-63");
    Bytes data = extended(mint_data(), 1, {});
    data[100] = 1;
    expect_no_mint(kToken2022Program, data, "CHN-63");
}

TEST(TokenAccount, ExtensionsReadInTheirOrder) {
    const Bytes data = extended(mint_data(), 1, {9, 0, 0, 0, 19, 0, 2, 0, 0xaa, 0xbb, 0, 0, 0});
    const auto mint = decode_mint(kToken2022Program, data);
    ASSERT_TRUE(mint.has_value()) << mint.error().check;
    ASSERT_EQ(mint->extensions.size(), 2u);
    const auto* metadata = find_extension(mint->extensions, TokenExtensionType::token_metadata);
    ASSERT_NE(metadata, nullptr);
    EXPECT_EQ(to_bytes(metadata->value), (Bytes{0xaa, 0xbb}));
    EXPECT_EQ(find_extension(mint->extensions, TokenExtensionType::transfer_hook), nullptr);
}

TEST(TokenAccount, ExtensionsOfAnotherSizeOrKindOrTwiceAreRefused) {
    const std::vector<Bytes> refused = {
        {9, 0, 1, 0, 0},           // A size that it does not have.
        {7, 0, 0, 0},              // One of accounts.
        {9, 0, 0, 0, 9, 0, 0, 0},  // Twice.
        {0, 0, 1},                 // Something behind the end.
        {9, 0, 0, 0, 1},           // Half a type.
    };
    for (const Bytes& extensions : refused) {
        expect_no_mint(kToken2022Program, extended(mint_data(), 1, extensions), "CHN-64");
    }
    expect_no_mint(kToken2022Program, extended(mint_data(), 1, {9, 0, 1}), "CHN-01");
    expect_no_mint(kToken2022Program, extended(mint_data(), 1, {19, 0, 9, 0, 1}), "CHN-01");
}

TEST(TokenAccount, AnUnknownExtensionIsUnsupported) {
    expect_no_mint(kToken2022Program, extended(mint_data(), 1, {28, 0, 0, 0}), "CHN-65");
    expect_no_account(kToken2022Program, extended(account_data(), 2, {0, 1, 0, 0}), "CHN-65");
}

TEST(TokenAccount, WhatIsNotInitialisedIsNotFound) {
    Bytes data = mint_data();
    data[45] = 0;
    expect_no_mint(kTokenProgram, data, "CHN-66");
    data = account_data();
    data[108] = 0;
    expect_no_account(kTokenProgram, data, "CHN-66");
}

}  // namespace
}  // namespace chatmcp::chain
