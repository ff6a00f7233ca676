#include "chain/program_account.h"

#include <cstring>

#include <gtest/gtest.h>

#include "chain/program_encoding.h"

namespace chatmcp::chain {
namespace {

constexpr program::Params kParams{.chat_price_lamports = 1,
                                  .stamp_price_min = 1,
                                  .stamp_price_max = 2,
                                  .stamp_price_rejections = 1,
                                  .stamp_open_slots = program::kSlotsPerDay,
                                  .stamp_admission_slots = 1,
                                  .stamp_submit_fee_lamports = 0,
                                  .stake_per_contact = 1,
                                  .stake_contacts_per_day_max = 1,
                                  .unstake_delay_slots = 1,
                                  .proposal_stake_min = 1,
                                  .voting_slots = program::kVotingSlotsMin,
                                  .time_lock_slots = program::kTimeLockSlotsMin,
                                  .execution_slots = program::kSlotsPerDay,
                                  .quorum_basis_points = program::kQuorumBasisPointsMin,
                                  .pause_slots = 1,
                                  .verdict_slots_max = 1};
static_assert(program::params_valid(kParams));

Address program_address() {
    Address out;
    out.bytes.fill(9);
    return out;
}

template <class State>
State with_header(State state) {
    state.header = {State::kKind, program::kAccountVersion, 254, {}};
    return state;
}

program::Proposal proposal_head() {
    program::Proposal head{};
    head.action = program::Action::pay_chat;
    head.status = program::ProposalStatus::open;
    head.payload_bytes = sizeof(program::Pay);
    return with_header(head);
}

// One well-formed account of each kind.
std::vector<Bytes> one_of_each() {
    program::Config config{};
    config.params = kParams;
    program::Stamp stamp{};
    stamp.status = program::StampStatus::open;
    program::Measurement measurement{};
    measurement.kind = program::EvidenceKind::tdx;
    measurement.status = program::EntryStatus::active;
    measurement.digest_bytes = 48;
    program::Enclave enclave{};
    enclave.status = program::EntryStatus::active;
    enclave.route = program::VerdictRoute::verifiers;
    program::LogHead log{};
    log.kind = program::LogKind::device_log;
    program::Vote vote{};
    vote.choice = program::Choice::yes;
    std::vector<Bytes> out;
    const auto add = [&out](const auto& state) {
        out.push_back(to_bytes(bytes_of(with_header(state))));
    };
    add(config);
    add(program::Verifiers{});
    add(program::Stake{});
    add(stamp);
    add(measurement);
    add(enclave);
    add(log);
    add(program::Receipts{});
    add(program::Grant{});
    Bytes proposal = to_bytes(bytes_of(proposal_head()));
    proposal.resize(proposal.size() + sizeof(program::Pay));
    out.push_back(std::move(proposal));
    add(vote);
    return out;
}

std::string check_of(ByteView data) {
    const auto read = decode_program_account(program_address(), program_address(), data);
    return read.has_value() ? "ok" : read.error().check;
}

TEST(ProgramAccount, EachKindIsReadAsItself) {
    const auto all = one_of_each();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto read = decode_program_account(program_address(), program_address(), all[i]);
        ASSERT_TRUE(read.has_value()) << i << read.error().check;
        EXPECT_EQ(read->index(), i);
    }
    program::Stake stake{};
    stake.amount = 77;
    const auto known = decode_program_account_as<program::Stake>(
        program_address(), program_address(), bytes_of(with_header(stake)));
    EXPECT_EQ(known->amount, 77U);
    const auto other =
        decode_program_account_as<program::Stake>(program_address(), program_address(), all.back());
    EXPECT_EQ(other.error().check, std::string_view("CHN-86"));
}

TEST(ProgramAccount, AnAccountOfAnotherProgramIsRefused) {
    const auto read = decode_program_account(program_address(), Address{}, one_of_each().front());
    EXPECT_EQ(read.error().check, std::string_view("CHN-81"));
}

TEST(ProgramAccount, AKindThatDoesNotExistIsNotFound) {
    EXPECT_EQ(check_of({}), "CHN-82");
    for (const int kind : {0, 12, 255}) {
        Bytes data = one_of_each().front();
        data[0] = static_cast<std::uint8_t>(kind);
        EXPECT_EQ(check_of(data), "CHN-82");
    }
}

TEST(ProgramAccount, AnotherSizeOrVersionIsRefused) {
    for (Bytes data : one_of_each()) {
        const std::uint8_t version = std::exchange(data[1], std::uint8_t{2});
        EXPECT_EQ(check_of(data), "CHN-84");
        data[1] = version;
        data.pop_back();
        EXPECT_EQ(check_of(data), "CHN-83");
        data.resize(data.size() + 2);
        EXPECT_EQ(check_of(data), "CHN-83");
        data.resize(8);
        EXPECT_EQ(check_of(data), "CHN-83");
    }
}

TEST(ProgramAccount, ValuesThatDoNotExistAreRefused) {
    for (Bytes data : one_of_each()) {
        data[5] = 1;  // Reserved, in the header.
        EXPECT_EQ(check_of(data), "CHN-85");
    }
    const auto spoil = [](std::size_t kind, std::size_t offset, std::uint8_t value) {
        Bytes data = one_of_each()[kind];
        data.at(offset) = value;
        return check_of(data);
    };
    EXPECT_EQ(spoil(0, offsetof(program::Config, params), 0), "CHN-85");
    EXPECT_EQ(spoil(1, offsetof(program::Verifiers, threshold), 1), "CHN-85");
    EXPECT_EQ(spoil(3, offsetof(program::Stamp, status), 3), "CHN-85");
    EXPECT_EQ(spoil(4, offsetof(program::Measurement, kind), 7), "CHN-85");
    EXPECT_EQ(spoil(4, offsetof(program::Measurement, digest_bytes), 65), "CHN-85");
    EXPECT_EQ(spoil(5, offsetof(program::Enclave, route), 0), "CHN-85");
    EXPECT_EQ(spoil(5, offsetof(program::Enclave, reason), 6), "CHN-85");
    EXPECT_EQ(spoil(6, offsetof(program::LogHead, kind), 3), "CHN-85");
    EXPECT_EQ(spoil(9, offsetof(program::Proposal, status), 0), "CHN-85");
    EXPECT_EQ(spoil(9, offsetof(program::Proposal, action), 11), "CHN-85");
    EXPECT_EQ(spoil(9, offsetof(program::Proposal, action), 1), "CHN-85");
    EXPECT_EQ(spoil(9, offsetof(program::Proposal, payload_bytes), 1), "CHN-83");
    EXPECT_EQ(spoil(10, offsetof(program::Vote, choice), 0), "CHN-85");
}

}  // namespace
}  // namespace chatmcp::chain
