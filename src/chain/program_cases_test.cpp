// Instructions of the program, against those that the client of its IDL makes
// (tests/vectors/solana/program_instructions.json, written by tests/program/client_cases_test.mjs).

#include <map>

#include <gtest/gtest.h>

#include "chain/program_encoding.h"
#include "chain/program_governance.h"
#include "chain/program_instruction.h"
#include "support/json_vectors.h"

namespace chatmcp::chain {
namespace {

ByteArray<32> raw(std::uint8_t value) {
    ByteArray<32> out;
    out.fill(value);
    return out;
}

Address key(std::uint8_t value) {
    return {raw(value)};
}

const ProgramAddresses& at() {
    static const ProgramAddresses kAt = ProgramAddresses::of(key(9));
    return kAt;
}

const Address kWallet = key(1);
const Address kOther = key(2);
const Address kOneTimeKey = key(3);
const Address kEnclaveKey = key(4);
const Address kMeasurement = key(5);
constexpr program::SignatureAt kSignature{2, 3};

ProposalAccount proposal_of(program::Action action, ByteView payload) {
    ProposalAccount out{.head = {}, .payload = to_bytes(payload)};
    out.head.action = action;
    out.head.number = 17;
    return out;
}

Instruction executed(program::Action action, ByteView payload) {
    return execute_proposal(at(), kWallet, proposal_of(action, payload)).value();
}

// What executes, for each action.
void add_executions(std::map<std::string, Instruction>& all) {
    using program::Action;
    const program::Revoke revoke{.account = program_key(kMeasurement),
                                 .reason = program::RevocationReason::unspecified,
                                 .reserved = {}};
    const program::Pay pay{.destination = program_key(key(6)), .amount = 1};
    const program::Upgrade upgrade{.buffer = program_key(key(7)), .spill = program_key(key(8))};
    program::AddMeasurement add{};
    add.kind = program::EvidenceKind::tdx;
    std::fill_n(add.digest.bytes, 32, std::uint8_t{12});
    std::fill_n(add.digest.bytes + 32, 32, std::uint8_t{13});
    all["ExecuteConfig"] = executed(Action::set_params, bytes_of(program::kParamsAtFirst));
    all["ExecuteVerifiers"] = executed(Action::set_verifiers, Bytes(sizeof(program::SetVerifiers)));
    all["ExecuteAddMeasurement"] = executed(Action::add_measurement, bytes_of(add));
    all["ExecuteRevoke"] = executed(Action::revoke_enclave, bytes_of(revoke));
    all["ExecutePayChat"] = executed(Action::pay_chat, bytes_of(pay));
    all["ExecutePayLamports"] = executed(Action::pay_lamports, bytes_of(pay));
    all["ExecuteUpgrade"] = executed(Action::upgrade, bytes_of(upgrade));
    all["ExecuteUpgradeAuthority"] = executed(Action::set_upgrade_authority, kOther.bytes);
}

void add_governance(std::map<std::string, Instruction>& all) {
    const Address proposal = at().proposal(17).address;
    const program::Pay pay{.destination = program_key(key(6)), .amount = 30};
    all["Propose"] = propose(at(),
                             {.proposer = kWallet,
                              .number = 17,
                              .description = raw(28),
                              .action = program::Action::pay_chat,
                              .payload = to_bytes(bytes_of(pay))})
                         .value();
    all["Vote"] = cast_vote(at(), kWallet, proposal, program::Choice::no);
    all["CancelProposal"] = cancel_proposal(at(), kWallet, proposal);
    all["ReleaseVote"] = release_vote(at(), kWallet, proposal);
    all["CloseProposal"] = close_proposal(at(), kWallet, proposal);
}

void add_tokens_and_stamps(std::map<std::string, Instruction>& all) {
    const Address stamp = at().stamp(kOneTimeKey).address;
    all["Initialize"] = initialize_program(at(),
                                           {.payer = kWallet,
                                            .upgrade_authority = kWallet,
                                            .guardian = kOther,
                                            .genesis_hash = raw(14),
                                            .params = program::kParamsAtFirst});
    all["CreateMint"] = create_mint(at(), kWallet);
    all["Pause"] = pause_program(at(), kOther);
    all["Buy"] = buy_chat(at(), kWallet, 5, 7);
    all["Stake"] = add_stake(at(), kWallet, std::uint64_t{1} << 40U);
    all["RequestUnstake"] = request_unstake(at(), kWallet, 8);
    all["Withdraw"] = withdraw_stake(at(), kWallet);
    all["StampLock"] = stamp_lock(at(), kWallet, kOneTimeKey, 9);
    all["StampAccept"] = stamp_accept(at(), {kWallet, stamp, kOther, kSignature});
    all["StampReject"] = stamp_reject(at(), {kWallet, stamp, kOther, kSignature});
    all["StampReclaim"] = stamp_reclaim(at(), stamp, kWallet);
}

void add_registry_and_anchors(std::map<std::string, Instruction>& all) {
    all["EnclaveRegister"] = enclave_register(at(),
                                              kWallet,
                                              {.enclave_key = kEnclaveKey,
                                               .measurement = kMeasurement,
                                               .evidence_digest = raw(15),
                                               .host_id_commitment = raw(16),
                                               .verifier_set_version = 3,
                                               .collateral_evaluation_number = 17,
                                               .slot = 18,
                                               .expires_slot = 19},
                                              4);
    all["EnclaveRevoke"] =
        enclave_revoke(at(), kEnclaveKey, program::RevocationReason::key_compromise, 4);
    all["AnchorLog"] = anchor_log(
        at(), {.kind = program::LogKind::relay_log, .owner = kWallet, .head = raw(20), .size = 21});
    all["AnchorReceipts"] = anchor_receipts(
        at(),
        kWallet,
        {.enclave_key = kEnclaveKey, .root = raw(22), .batch = 6, .first = 0, .count = 23},
        kSignature);
    all["VerifyReceipt"] =
        verify_receipt(
            at().program, at().receipts(kEnclaveKey, 6).address, 24, raw(25), {raw(26), raw(27)})
            .value();
    all["AnchorGrant"] = anchor_grant(at(), kWallet, raw(11));
    all["CloseGrant"] = close_grant(at(), kWallet, raw(11));
}

TEST(ProgramCases, EveryInstructionIsThatOfTheClientOfTheIdl) {
    std::map<std::string, Instruction> all;
    add_tokens_and_stamps(all);
    add_registry_and_anchors(all);
    add_governance(all);
    add_executions(all);
    const auto cases = testing::load_json("solana/program_instructions.json");
    ASSERT_EQ(cases.size(), all.size());
    for (const auto& each : cases) {
        const std::string name = each.at("name");
        ASSERT_TRUE(all.contains(name)) << name;
        const Instruction& made = all.at(name);
        EXPECT_EQ(made.program, at().program);
        EXPECT_EQ(to_hex(made.data), each.at("data").get<std::string>()) << name;
        const auto& accounts = each.at("accounts");
        ASSERT_EQ(made.accounts.size(), accounts.size()) << name;
        for (std::size_t i = 0; i < accounts.size(); ++i) {
            EXPECT_EQ(made.accounts[i].address.text(), accounts[i].at(0).get<std::string>())
                << name << " " << i;
            EXPECT_EQ(made.accounts[i].signer, accounts[i].at(1).get<bool>()) << name << " " << i;
            EXPECT_EQ(made.accounts[i].writable, accounts[i].at(2).get<bool>()) << name << " " << i;
        }
    }
}

}  // namespace
}  // namespace chatmcp::chain
