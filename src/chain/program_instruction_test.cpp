#include "chain/program_instruction.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "chain/codec.h"
#include "chain/program_governance.h"
#include "chain/program_statement.h"
#include "chain/transaction.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

Address address(std::uint8_t number) {
    Address out;
    out.bytes.fill(number);
    return out;
}

const ProgramAddresses& at() {
    static const ProgramAddresses kAt = ProgramAddresses::of(address(9));
    return kAt;
}

TEST(ProgramInstruction, AStakeIsTheBytesAndAccountsOfItsTable) {
    const Address owner = address(1);
    const ProgramAddress stake = at().stake(owner);
    Writer data;
    data.u8(4);
    data.u8(stake.bump);
    data.fixed(ByteArray<6>{});
    data.u64(1'500'000);
    EXPECT_EQ(add_stake(at(), owner, 1'500'000),
              (Instruction{at().program,
                           {writable_signer(owner),
                            writable_account(at().config.address),
                            writable_account(stake.address),
                            writable_account(at().tokens(owner)),
                            writable_account(at().stake_vault.address),
                            readonly_account(at().mint.address),
                            readonly_account(kToken2022Program),
                            readonly_account(kSystemProgram)},
                           data.take()}));
}

TEST(ProgramInstruction, AddressesAreThoseOfTheirSeeds) {
    const Address key = address(3);
    EXPECT_EQ(at().stamp(key),
              find_program_address({as_bytes("stamp"), key.bytes}, at().program).value());
    const Bytes number = from_hex("0700000000000000").value();
    EXPECT_EQ(at().proposal(7),
              find_program_address({as_bytes("proposal"), number}, at().program).value());
    EXPECT_EQ(
        at().receipts(key, 7),
        find_program_address({as_bytes("receipts"), key.bytes, number}, at().program).value());
    const Bytes two{2};
    EXPECT_EQ(at().log_head(program::LogKind::relay_log, key),
              find_program_address({as_bytes("log"), two, key.bytes}, at().program).value());
    program::MeasurementDigest digest{};
    digest.bytes[0] = 1;
    digest.bytes[63] = 2;
    const ByteView whole(digest.bytes);
    EXPECT_EQ(at().measurement(program::EvidenceKind::sgx, digest),
              find_program_address(
                  {as_bytes("measurement"), two, whole.first(32), whole.subspan(32)}, at().program)
                  .value());
    EXPECT_EQ(at().grant(key.bytes),
              find_program_address({as_bytes("grant"), key.bytes}, at().program).value());
    EXPECT_EQ(at().vote(key, address(4)),
              find_program_address({as_bytes("vote"), key.bytes, address(4).bytes}, at().program)
                  .value());
    EXPECT_EQ(at().program_data(),
              find_program_address({at().program.bytes}, kUpgradeableLoader).value());
}

TEST(ProgramInstruction, AProofHasABoundedLength) {
    const std::vector<ByteArray<32>> longest(program::kProofMax);
    const auto most = verify_receipt(at().program, address(1), 5, {}, longest);
    ASSERT_TRUE(most.has_value());
    EXPECT_EQ(most->data.size(), sizeof(program::VerifyReceipt::Data) + 32 * program::kProofMax);
    auto longer = longest;
    longer.emplace_back();
    const auto refused = verify_receipt(at().program, address(1), 5, {}, longer);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().check, std::string_view("CHN-80"));
}

// The longest of each sort that a user sends, with its limits and fees.
TEST(ProgramInstruction, WhatUsersNeedFitsOneTransactionOfVersionZero) {
    NewProposal wide{.proposer = address(1),
                     .number = 1,
                     .description = {},
                     .action = program::Action::set_verifiers,
                     .payload = Bytes(sizeof(program::SetVerifiers))};
    const std::vector<Instruction> all = {
        initialize_program(at(), {address(1), address(1), address(2), {}, {}}),
        create_mint(at(), address(1)),
        stamp_lock(at(), address(1), address(2), 1),
        stamp_accept(at(), {address(1), address(2), address(3), {0, 0}}),
        enclave_register(at(), address(1), {}, 0),
        verify_receipt(at().program, address(1), 0, {}, std::vector<ByteArray<32>>(24)).value(),
        propose(at(), wide).value(),
    };
    for (const Instruction& instruction : all) {
        Draft draft;
        draft.fee_payer = address(1);
        draft.instructions = {instruction};
        const auto transaction = Transaction::make(draft);
        EXPECT_TRUE(transaction.has_value()) << int{instruction.data[0]};
    }
}

TEST(ProgramInstruction, APayloadHasTheSizeOfItsAction) {
    NewProposal proposal{.proposer = address(1),
                         .number = 3,
                         .description = {},
                         .action = program::Action::pay_chat,
                         .payload = Bytes(sizeof(program::Pay))};
    EXPECT_TRUE(propose(at(), proposal).has_value());
    for (const std::size_t size :
         {std::size_t{0}, sizeof(program::Pay) - 1, sizeof(program::Pay) + 1}) {
        proposal.payload.resize(size);
        const auto refused = propose(at(), proposal);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().check, std::string_view("CHN-87"));
    }
    ProposalAccount account{.head = {}, .payload = Bytes(sizeof(program::Pay))};
    account.head.action = static_cast<program::Action>(99);
    EXPECT_EQ(execute_proposal(at(), address(1), account).error().check,
              std::string_view("CHN-87"));
}

TEST(ProgramInstruction, EachActionIsExecutedByItsInstruction) {
    const std::vector<std::pair<program::Action, program::InstructionKind>> all = {
        {program::Action::set_params, program::InstructionKind::execute_config},
        {program::Action::set_guardian, program::InstructionKind::execute_config},
        {program::Action::set_verifiers, program::InstructionKind::execute_verifiers},
        {program::Action::add_measurement, program::InstructionKind::execute_add_measurement},
        {program::Action::revoke_measurement, program::InstructionKind::execute_revoke},
        {program::Action::revoke_enclave, program::InstructionKind::execute_revoke},
        {program::Action::pay_chat, program::InstructionKind::execute_pay_chat},
        {program::Action::pay_lamports, program::InstructionKind::execute_pay_lamports},
        {program::Action::upgrade, program::InstructionKind::execute_upgrade},
        {program::Action::set_upgrade_authority,
         program::InstructionKind::execute_upgrade_authority},
    };
    for (const auto& [action, kind] : all) {
        ProposalAccount proposal{.head = {}, .payload = Bytes(payload_bytes(action))};
        proposal.head.action = action;
        const auto made = execute_proposal(at(), address(1), proposal);
        ASSERT_TRUE(made.has_value());
        EXPECT_EQ(made->data[0], static_cast<std::uint8_t>(kind));
        EXPECT_EQ(made->data.size(), 8U);
    }
}

TEST(ProgramStatement, AnAnswerIsTheHashOfItsParts) {
    const StatementScope scope{.genesis_hash = address(5).bytes, .program = address(9)};
    for (const auto& [verb, tag] : {std::pair{StampVerb::accept, "chatmcp accept 1"},
                                    std::pair{StampVerb::reject, "chatmcp reject 1"}}) {
        const Bytes slot = from_hex("0201000000000000").value();
        EXPECT_EQ(
            stamp_answer_digest(scope, verb, address(7), 0x102),
            crypto::sha256(
                {as_bytes(tag), scope.genesis_hash, scope.program.bytes, address(7).bytes, slot}));
    }
}

}  // namespace
}  // namespace chatmcp::chain
