#include "chain/message.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "chain/well_known.h"
#include "support/vectors.h"

namespace chatmcp::chain {
namespace {

constexpr Address numbered(unsigned number) {
    Address out;
    out.bytes[0] = 1;
    out.bytes[1] = static_cast<std::uint8_t>(number >> 8);
    out.bytes[2] = static_cast<std::uint8_t>(number & 0xff);
    return out;
}

constexpr Address kPayer = numbered(1000);
constexpr Address kProgram = numbered(2000);
constexpr Address kTable = numbered(3000);

// One instruction with a writable and a readonly account, and of version 0 a table with both.
Draft draft_of(MessageVersion version) {
    Draft draft;
    draft.version = version;
    draft.fee_payer = kPayer;
    draft.instructions = {
        {kProgram, {writable_account(numbered(1)), readonly_account(numbered(2))}, {1, 2, 3}}};
    if (version == MessageVersion::v0) {
        draft.lookup_tables = {{kTable, {numbered(2), numbered(1)}}};
    }
    return draft;
}

Message message_of(MessageVersion version) {
    return compile(draft_of(version)).value();
}

void expect_not_compiled(const Draft& draft, std::string_view check) {
    const auto message = compile(draft);
    ASSERT_FALSE(message.has_value());
    EXPECT_EQ(message.error().check, check);
}

void expect_not_decoded(const Bytes& input, std::string_view check) {
    const auto message = decode_message(input);
    ASSERT_FALSE(message.has_value());
    EXPECT_EQ(message.error().check, check);
}

void expect_not_decoded(const Message& message, std::string_view check) {
    expect_not_decoded(encode(message), check);
}

constexpr std::array kVersions = {MessageVersion::legacy, MessageVersion::v0, MessageVersion::v1};

TEST(Message, EveryVersionReadsAsItWasWrittenAndNoBeginningOfItReads) {
    for (const MessageVersion version : kVersions) {
        const Message message = message_of(version);
        const Bytes encoded = encode(message);
        EXPECT_EQ(decode_message(encoded).value(), message);
        for (std::size_t size = 0; size < encoded.size(); ++size) {
            const Bytes shorter(encoded.begin(),
                                encoded.begin() + static_cast<std::ptrdiff_t>(size));
            expect_not_decoded(shorter, "CHN-01");
        }
        Bytes longer = encoded;
        longer.push_back(0);
        expect_not_decoded(longer, "CHN-04");
    }
}

TEST(Message, RolesAreThoseOfTheHeader) {
    Draft draft = draft_of(MessageVersion::legacy);
    draft.instructions[0].accounts.push_back(readonly_signer(numbered(3)));
    const Message message = compile(draft).value();
    ASSERT_EQ(
        message.accounts,
        (std::vector{kPayer, numbered(3), numbered(1), message.accounts[3], message.accounts[4]}));
    const std::vector<std::pair<bool, bool>> expected = {
        {true, true}, {true, false}, {false, true}, {false, false}, {false, false}};
    for (std::size_t place = 0; place < expected.size(); ++place) {
        EXPECT_EQ(message.is_signer(place), expected[place].first);
        EXPECT_EQ(message.is_writable(place), expected[place].second);
    }
}

TEST(Message, AnInvokedProgramIsNeitherWrittenNorPays) {
    Draft draft = draft_of(MessageVersion::v0);
    draft.instructions[0].accounts.push_back(writable_account(kProgram));
    expect_not_compiled(draft, "CHN-10");
    draft = draft_of(MessageVersion::v0);
    draft.fee_payer = kProgram;
    expect_not_compiled(draft, "CHN-10");
}

TEST(Message, MoreAccountsThanAClusterLoadsAreRefused) {
    Draft draft = draft_of(MessageVersion::legacy);
    draft.instructions[0].accounts.clear();
    for (unsigned i = 0; i + 2 < Message::kAccountsMax; ++i) {
        draft.instructions[0].accounts.push_back(readonly_account(numbered(i)));
    }
    EXPECT_TRUE(compile(draft).has_value());
    draft.instructions[0].accounts.push_back(readonly_account(numbered(999)));
    expect_not_compiled(draft, "CHN-11");

    Message message = message_of(MessageVersion::v1);
    for (unsigned i = 0; i < Message::kAccountsMax; ++i) {
        message.accounts.push_back(numbered(100 + i));
    }
    expect_not_decoded(message, "CHN-11");
}

TEST(Message, MoreSignersThanFitAreRefused) {
    Draft draft = draft_of(MessageVersion::v1);
    for (unsigned i = 1; i < Message::kSignersMax; ++i) {
        draft.instructions[0].accounts.push_back(readonly_signer(numbered(100 + i)));
    }
    EXPECT_TRUE(compile(draft).has_value());
    draft.instructions[0].accounts.push_back(readonly_signer(numbered(200)));
    expect_not_compiled(draft, "CHN-12");

    Message message = message_of(MessageVersion::v1);
    for (unsigned i = 0; i < Message::kSignersMax; ++i) {
        message.accounts.push_back(numbered(100 + i));
    }
    message.required_signatures = Message::kSignersMax + 1;
    expect_not_decoded(message, "CHN-12");
}

TEST(Message, MoreInstructionsThanFitAreRefused) {
    Draft draft = draft_of(MessageVersion::v1);
    draft.instructions.resize(Message::kInstructionsMax, draft.instructions[0]);
    EXPECT_TRUE(compile(draft).has_value());
    draft.instructions.push_back(draft.instructions[0]);
    expect_not_compiled(draft, "CHN-13");

    Message message = message_of(MessageVersion::v1);
    message.instructions.resize(Message::kInstructionsMax + 1, message.instructions[0]);
    expect_not_decoded(message, "CHN-13");
}

TEST(Message, AnInstructionOfMoreAccountsOrDataThanItsFieldsCountIsRefused) {
    Draft draft = draft_of(MessageVersion::v1);
    draft.instructions[0].accounts.resize(Message::kInstructionAccountsMax,
                                          readonly_account(numbered(1)));
    draft.instructions[0].data.resize(Message::kInstructionDataMaxBytes);
    EXPECT_TRUE(compile(draft).has_value());
    draft.instructions[0].data.push_back(0);
    expect_not_compiled(draft, "CHN-14");
    draft.instructions[0].data.clear();
    draft.instructions[0].accounts.push_back(readonly_account(numbered(1)));
    expect_not_compiled(draft, "CHN-14");
}

TEST(Message, TablesAreForVersionZeroAndEachIsNamedOnce) {
    for (const MessageVersion version : {MessageVersion::legacy, MessageVersion::v1}) {
        Draft draft = draft_of(version);
        draft.lookup_tables = {{kTable, {}}};
        expect_not_compiled(draft, "CHN-15");
    }
    Draft draft = draft_of(MessageVersion::v0);
    draft.lookup_tables.push_back(draft.lookup_tables[0]);
    expect_not_compiled(draft, "CHN-15");
    draft.lookup_tables = {{kTable, std::vector<Address>(AddressLookupTable::kAddressesMax + 1)}};
    expect_not_compiled(draft, "CHN-15");
}

TEST(Message, AConfigIsForVersionOneAndWithinTheClustersLimits) {
    for (const MessageVersion version : {MessageVersion::legacy, MessageVersion::v0}) {
        Draft draft = draft_of(version);
        draft.config.priority_fee_lamports = 1;
        expect_not_compiled(draft, "CHN-16");
    }
    const std::vector<TransactionConfig> refused = {
        {std::nullopt, TransactionConfig::kComputeUnitsMax + 1, std::nullopt, std::nullopt},
        {std::nullopt, std::nullopt, std::nullopt, TransactionConfig::kHeapMinBytes - 1024},
        {std::nullopt, std::nullopt, std::nullopt, TransactionConfig::kHeapMaxBytes + 1024},
        {std::nullopt, std::nullopt, std::nullopt, TransactionConfig::kHeapMinBytes + 1},
    };
    for (const TransactionConfig& config : refused) {
        Draft draft = draft_of(MessageVersion::v1);
        draft.config = config;
        expect_not_compiled(draft, "CHN-16");
        Message message = message_of(MessageVersion::v1);
        message.config = config;
        expect_not_decoded(message, "CHN-16");
    }
}

TEST(Message, AnotherVersionIsUnsupported) {
    for (const unsigned first : {0x82u, 0x83u, 0xc0u, 0xffu}) {
        Bytes encoded = encode(message_of(MessageVersion::v0));
        encoded[0] = static_cast<std::uint8_t>(first);
        expect_not_decoded(encoded, "CHN-20");
    }
}

TEST(Message, CountsOfTheHeaderThatContradictEachOtherAreRefused) {
    for (const MessageVersion version : kVersions) {
        Message message = message_of(version);
        message.required_signatures = 0;
        expect_not_decoded(message, "CHN-21");
        message = message_of(version);
        message.readonly_signers = 1;  // The fee payer.
        expect_not_decoded(message, "CHN-21");
        message = message_of(version);
        message.readonly_others = static_cast<std::uint8_t>(message.accounts.size());
        expect_not_decoded(message, "CHN-21");
    }
}

TEST(Message, AnAccountIsNamedOnce) {
    for (const MessageVersion version : kVersions) {
        Message message = message_of(version);
        message.accounts.back() = message.accounts.front();
        expect_not_decoded(message, "CHN-22");
    }
    Message message = message_of(MessageVersion::v0);
    message.lookups[0].readonly_indices = message.lookups[0].writable_indices;
    expect_not_decoded(message, "CHN-22");
}

TEST(Message, AProgramStandsInTheMessageAndDoesNotPay) {
    for (const MessageVersion version : kVersions) {
        Message message = message_of(version);
        message.instructions[0].program_index = 0;
        expect_not_decoded(message, "CHN-23");
        // Of version 0 this is the first account from a table.
        message.instructions[0].program_index = static_cast<std::uint8_t>(message.accounts.size());
        expect_not_decoded(message, "CHN-23");
    }
}

TEST(Message, APlaceBeyondTheAccountsIsRefused) {
    for (const MessageVersion version : kVersions) {
        Message message = message_of(version);
        message.instructions[0].account_indices[0] = 4;
        expect_not_decoded(message, "CHN-24");
    }
}

TEST(Message, ALookupTakesSomethingAndNotMoreThanOneByteNames) {
    Message message = message_of(MessageVersion::v0);
    message.lookups.push_back({numbered(3001), {}, {}});
    expect_not_decoded(message, "CHN-25");
    message.lookups[1].writable_indices.resize(255);
    for (std::size_t i = 0; i < 255; ++i) {
        message.lookups[1].writable_indices[i] = static_cast<std::uint8_t>(i);
    }
    expect_not_decoded(message, "CHN-25");
}

TEST(Message, AnUnknownOrHalfConfigIsRefused) {
    constexpr std::size_t kMaskOffset = 4;
    for (const unsigned mask : {0x01u, 0x02u, 0x20u, 0x80u}) {
        Bytes encoded = encode(message_of(MessageVersion::v1));
        encoded[kMaskOffset] = static_cast<std::uint8_t>(mask);
        expect_not_decoded(encoded, "CHN-26");
    }
    Bytes encoded = encode(message_of(MessageVersion::v1));
    encoded[kMaskOffset + 3] = 0x80;
    expect_not_decoded(encoded, "CHN-26");
}

}  // namespace
}  // namespace chatmcp::chain
