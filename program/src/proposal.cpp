// propose, vote, cancel_proposal, release_vote, close_proposal.

#include "proposal.h"

#include "lifecycle.h"

namespace chatmcp::program {
namespace {

// What takes trust away waits for nobody.
bool is_revocation(Action action) {
    return action == Action::revoke_measurement || action == Action::revoke_enclave;
}

// Bytes of an action's payload; 0 for a number that is no action.
uint64_t payload_bytes(Action action) {
    switch (action) {
        case Action::set_params:
            return sizeof(Params);
        case Action::add_measurement:
            return sizeof(AddMeasurement);
        case Action::revoke_measurement:
        case Action::revoke_enclave:
            return sizeof(Revoke);
        case Action::set_verifiers:
            return sizeof(SetVerifiers);
        case Action::pay_chat:
        case Action::pay_lamports:
            return sizeof(Pay);
        case Action::set_guardian:
        case Action::set_upgrade_authority:
            return sizeof(Key);
        case Action::upgrade:
            return sizeof(Upgrade);
    }
    return 0;
}

bool majority(const Proposal& proposal) {
    return proposal.yes > proposal.no && proposal.yes + proposal.no >= proposal.quorum;
}

// More than half of all stake said yes: no vote that is still out can change it.
bool decided(const Proposal& proposal) {
    return proposal.yes > proposal.staked_total / 2;
}

Error load_stake_of(const AccountInfo& account,
                    const AccountInfo& owner,
                    const Key& program,
                    Stake*& stake) {
    CHATMCP_CHECKED(load(account, program, stake));
    CHATMCP_REQUIRE(same(stake->owner, *owner.key), wrong_authority);
    return Error::none;
}

Error set_times(Proposal& proposal, const Params& params, uint64_t slot) {
    proposal.created_slot = slot;
    proposal.voting_ends_slot = slot;
    CHATMCP_CHECKED(add(proposal.voting_ends_slot, params.voting_slots));
    proposal.executable_slot = proposal.voting_ends_slot;
    if (!is_revocation(proposal.action)) {
        CHATMCP_CHECKED(add(proposal.executable_slot, params.time_lock_slots));
    }
    proposal.lapses_slot = proposal.executable_slot;
    return add(proposal.lapses_slot, params.execution_slots);
}

// At least the part of all stake that the params say, rounded up.
uint64_t quorum_of(uint64_t staked_total, const Params& params) {
    // The whole supply times 10,000 does not leave 64 bits.
    return (staked_total * params.quorum_basis_points + kBasisPoints - 1) / kBasisPoints;
}
static_assert(kChatSupply < ~uint64_t{0} / kBasisPoints);

}  // namespace

bool has_ended(const Proposal& proposal, uint64_t slot) {
    return proposal.status != ProposalStatus::open || slot >= proposal.lapses_slot ||
           (slot >= proposal.voting_ends_slot && !majority(proposal));
}

Error take_for_execution(const AccountInfo& account,
                         const Key& program,
                         Action action,
                         Proposal*& proposal) {
    CHATMCP_CHECKED(load(account, program, proposal));
    CHATMCP_REQUIRE(proposal->action == action, wrong_action);
    const uint64_t slot = clock_now().slot;
    CHATMCP_REQUIRE(proposal->status == ProposalStatus::open && slot < proposal->lapses_slot,
                    proposal_ended);
    if (!(is_revocation(action) && decided(*proposal))) {
        CHATMCP_REQUIRE(slot >= proposal->executable_slot, too_early);
        CHATMCP_REQUIRE(majority(*proposal), not_passed);
    }
    proposal->status = ProposalStatus::executed;
    return Error::none;
}

CHATMCP_INSTRUCTION(Propose) {
    const auto& a = accounts;
    Config* config = nullptr;
    CHATMCP_CHECKED(load(*a.config.value, context.program, config));
    CHATMCP_CHECKED(check_system_program(*a.system_program.value));
    Stake* stake = nullptr;
    CHATMCP_CHECKED(load_stake_of(*a.stake.value, *a.proposer.value, context.program, stake));
    CHATMCP_REQUIRE(all_zero(data.reserved, sizeof data.reserved), reserved_not_zero);
    CHATMCP_REQUIRE(stake->amount >= config->params.proposal_stake_min, stake_too_small);
    const uint64_t bytes = payload_bytes(data.action);
    CHATMCP_REQUIRE(bytes != 0 && bytes == context.tail_bytes, unknown_action);

    const uint64_t number = config->proposals_count;
    const uint8_t bump = data.header.bump;
    const Slice seeds[] = {seed(Proposal::kSeed), {&number, sizeof number}, seed(bump)};
    const NewAccount wanted{*a.proposer.value, *a.proposal.value, context.program, seeds, 3};
    CHATMCP_CHECKED(create_account(wanted, context.program, sizeof(Proposal) + bytes));
    auto& proposal = *reinterpret_cast<Proposal*>(a.proposal.value->data);
    proposal.header = {Proposal::kKind, kAccountVersion, bump, {}};
    proposal.action = data.action;
    proposal.status = ProposalStatus::open;
    proposal.payload_bytes = static_cast<uint32_t>(bytes);
    proposal.number = number;
    proposal.proposer = *a.proposer.value->key;
    proposal.description = data.description;
    proposal.staked_total = config->staked_total;
    proposal.quorum = quorum_of(config->staked_total, config->params);
    sol_memcpy_(a.proposal.value->data + sizeof(Proposal), context.tail, bytes);
    CHATMCP_CHECKED(add(config->proposals_count, 1));
    CHATMCP_CHECKED(add(stake->open_votes, 1));
    return set_times(proposal, config->params, clock_now().slot);
}

CHATMCP_INSTRUCTION(CastVote) {
    const auto& a = accounts;
    CHATMCP_CHECKED(check_system_program(*a.system_program.value));
    Stake* stake = nullptr;
    CHATMCP_CHECKED(load_stake_of(*a.stake.value, *a.voter.value, context.program, stake));
    Proposal* proposal = nullptr;
    CHATMCP_CHECKED(load(*a.proposal.value, context.program, proposal));
    CHATMCP_REQUIRE(all_zero(data.reserved, sizeof data.reserved), reserved_not_zero);
    CHATMCP_REQUIRE(data.choice == Choice::yes || data.choice == Choice::no, malformed);
    const uint64_t slot = clock_now().slot;
    CHATMCP_REQUIRE(proposal->status == ProposalStatus::open, proposal_ended);
    CHATMCP_REQUIRE(slot < proposal->voting_ends_slot, voting_over);
    CHATMCP_REQUIRE(stake->amount != 0, stake_too_small);
    // Stake that came after the proposal, borrowed for a vote, does not count.
    CHATMCP_REQUIRE(stake->increased_slot < proposal->created_slot, stake_too_new);

    const Key& voter = *a.voter.value->key;
    const Slice seeds[] = {
        seed(Vote::kSeed), seed(*a.proposal.value->key), seed(voter), seed(data.header.bump)};
    Vote* vote = nullptr;
    CHATMCP_CHECKED(create({*a.voter.value, *a.vote.value, context.program, seeds, 4}, vote));
    vote->proposal = *a.proposal.value->key;
    vote->voter = voter;
    vote->weight = stake->amount;
    vote->choice = data.choice;
    CHATMCP_CHECKED(add(data.choice == Choice::yes ? proposal->yes : proposal->no, stake->amount));
    CHATMCP_CHECKED(add(proposal->votes, 1));
    return add(stake->open_votes, 1);
}

CHATMCP_INSTRUCTION(CancelProposal) {
    static_cast<void>(data);
    Proposal* proposal = nullptr;
    CHATMCP_CHECKED(load(*accounts.proposal.value, context.program, proposal));
    CHATMCP_REQUIRE(same(proposal->proposer, *accounts.proposer.value->key), wrong_authority);
    CHATMCP_REQUIRE(proposal->status == ProposalStatus::open, proposal_ended);
    proposal->status = ProposalStatus::cancelled;
    return Error::none;
}

CHATMCP_INSTRUCTION(ReleaseVote) {
    static_cast<void>(data);
    const auto& a = accounts;
    Stake* stake = nullptr;
    CHATMCP_CHECKED(load_stake_of(*a.stake.value, *a.voter.value, context.program, stake));
    Proposal* proposal = nullptr;
    CHATMCP_CHECKED(load(*a.proposal.value, context.program, proposal));
    Vote* vote = nullptr;
    CHATMCP_CHECKED(load(*a.vote.value, context.program, vote));
    CHATMCP_REQUIRE(same(vote->voter, *a.voter.value->key), wrong_authority);
    CHATMCP_CHECKED(check_address(*a.proposal.value, vote->proposal));
    CHATMCP_REQUIRE(has_ended(*proposal, clock_now().slot), proposal_open);
    CHATMCP_CHECKED(subtract(proposal->votes, 1));
    CHATMCP_CHECKED(subtract(stake->open_votes, 1));
    return close_account(*a.vote.value, *a.voter.value);
}

CHATMCP_INSTRUCTION(CloseProposal) {
    static_cast<void>(data);
    const auto& a = accounts;
    Stake* stake = nullptr;
    CHATMCP_CHECKED(load_stake_of(*a.stake.value, *a.proposer.value, context.program, stake));
    Proposal* proposal = nullptr;
    CHATMCP_CHECKED(load(*a.proposal.value, context.program, proposal));
    CHATMCP_REQUIRE(same(proposal->proposer, *a.proposer.value->key), wrong_authority);
    CHATMCP_REQUIRE(has_ended(*proposal, clock_now().slot), proposal_open);
    CHATMCP_REQUIRE(proposal->votes == 0, votes_not_released);
    CHATMCP_CHECKED(subtract(stake->open_votes, 1));
    return close_account(*a.proposal.value, *a.proposer.value);
}

}  // namespace chatmcp::program
