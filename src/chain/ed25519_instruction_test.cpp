#include "chain/ed25519_instruction.h"

#include <gtest/gtest.h>

#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

SignedStatement statement(std::uint8_t number, std::size_t message_bytes) {
    SignedStatement out;
    out.signer.bytes.fill(number);
    out.signature.fill(static_cast<std::uint8_t>(number + 1));
    out.message.assign(message_bytes, static_cast<std::uint8_t>(number + 2));
    return out;
}

Instruction instruction_of(std::size_t count) {
    std::vector<SignedStatement> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(statement(static_cast<std::uint8_t>(3 * i), 10 + i));
    }
    return ed25519_instruction(all).value();
}

void expect_refused(const Instruction& instruction, std::string_view check) {
    const auto read = decode_ed25519_instruction(instruction);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().check, check);
}

TEST(Ed25519Instruction, SeveralStatementsReadAsTheyWereWritten) {
    for (std::size_t count = 1; count <= kSignedStatementsMax; ++count) {
        const Instruction made = instruction_of(count);
        const auto read = decode_ed25519_instruction(made);
        ASSERT_TRUE(read.has_value());
        ASSERT_EQ(read->size(), count);
        EXPECT_EQ(ed25519_instruction(*read).value(), made);
    }
}

TEST(Ed25519Instruction, NoneAndMoreThanTheMostAreRefused) {
    EXPECT_STREQ(ed25519_instruction({}).error().check, "CHN-50");
    const std::vector<SignedStatement> too_many(kSignedStatementsMax + 1, statement(1, 1));
    EXPECT_STREQ(ed25519_instruction(too_many).error().check, "CHN-50");
    Instruction made = instruction_of(1);
    made.data[0] = 0;
    expect_refused(made, "CHN-50");
    made.data[0] = kSignedStatementsMax + 1;
    expect_refused(made, "CHN-50");
}

TEST(Ed25519Instruction, AnOffsetAboveSixteenBitsIsRefused) {
    EXPECT_STREQ(ed25519_instruction({statement(1, 0x10000 - 112)}).error().check, "CHN-51");
    EXPECT_TRUE(ed25519_instruction({statement(1, 0xffff - 112)}).has_value());
}

// Every bit of the offsets, indices and padding: each of them lets a cluster check something else
// than this reader returns.
TEST(Ed25519Instruction, NoOtherLayoutIsTaken) {
    const Instruction made = instruction_of(2);
    constexpr std::size_t kLayoutBytes = 2 + 2 * 14;
    constexpr std::size_t kMessageSizeAt = 10;
    for (std::size_t at = 1; at < kLayoutBytes; ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            Instruction changed = made;
            changed.data[at] ^= static_cast<std::uint8_t>(1u << bit);
            const auto read = decode_ed25519_instruction(changed);
            ASSERT_FALSE(read.has_value()) << at << " " << bit;
            const std::size_t in_row = at < 2 ? 0 : (at - 2) % 14;
            if (in_row != kMessageSizeAt && in_row != kMessageSizeAt + 1) {
                EXPECT_STREQ(read.error().check, "CHN-52") << at << " " << bit;
            }
        }
    }
}

TEST(Ed25519Instruction, AnotherProgramOrAccountsAreRefused) {
    Instruction made = instruction_of(1);
    made.program = kMemoProgram;
    expect_refused(made, "CHN-53");
    made = instruction_of(1);
    made.accounts = {readonly_account(kMemoProgram)};
    expect_refused(made, "CHN-53");
}

TEST(Ed25519Instruction, DataThatEndsEarlyOrGoesOnIsRefused) {
    const Instruction made = instruction_of(2);
    for (std::size_t size = 0; size < made.data.size(); ++size) {
        Instruction shorter = made;
        shorter.data.resize(size);
        expect_refused(shorter, "CHN-01");
    }
    Instruction longer = made;
    longer.data.push_back(0);
    expect_refused(longer, "CHN-04");
}

}  // namespace
}  // namespace chatmcp::chain
