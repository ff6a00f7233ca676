#include "chain/program_governance.h"

#include <cstring>

#include "chain/program_encoding.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

program::InstructionHeader header(std::uint8_t bump = 0) {
    return {.instruction = {}, .bump = bump, .reserved = {}};
}

// The payload as the action's type. Precondition: it has its size.
template <class Payload>
Payload payload_as(const ProposalAccount& proposal) {
    Payload payload;
    std::memcpy(&payload, proposal.payload.data(), sizeof payload);
    return payload;
}

Instruction execute_add_measurement(const ProgramAddresses& at,
                                    const Address& payer,
                                    const Address& account,
                                    const ProposalAccount& proposal) {
    const auto entry = payload_as<program::AddMeasurement>(proposal);
    const ProgramAddress measurement = at.measurement(entry.kind, entry.digest);
    return encode_instruction<program::ExecuteAddMeasurement>(
        at.program,
        {{payer}, {account}, {measurement.address}, {kSystemProgram}},
        {.header = header(measurement.bump)});
}

Instruction execute_pay_chat(const ProgramAddresses& at,
                             const Address& account,
                             const ProposalAccount& proposal) {
    const auto pay = payload_as<program::Pay>(proposal);
    return encode_instruction<program::ExecutePayChat>(at.program,
                                                       {{at.config.address},
                                                        {account},
                                                        {at.treasury_vault.address},
                                                        {address_of(pay.destination)},
                                                        {at.mint.address},
                                                        {kToken2022Program}},
                                                       {.header = header()});
}

Instruction execute_upgrade(const ProgramAddresses& at,
                            const Address& account,
                            const ProposalAccount& proposal) {
    const auto upgrade = payload_as<program::Upgrade>(proposal);
    const ProgramAddress program_data = at.program_data();
    return encode_instruction<program::ExecuteUpgrade>(at.program,
                                                       {{at.config.address},
                                                        {account},
                                                        {program_data.address},
                                                        {at.program},
                                                        {address_of(upgrade.buffer)},
                                                        {address_of(upgrade.spill)},
                                                        {kRentSysvar},
                                                        {kClockSysvar},
                                                        {kUpgradeableLoader}},
                                                       {.header = header(program_data.bump)});
}

Instruction execute_upgrade_authority(const ProgramAddresses& at,
                                      const Address& account,
                                      const ProposalAccount& proposal) {
    const ProgramAddress program_data = at.program_data();
    return encode_instruction<program::ExecuteUpgradeAuthority>(
        at.program,
        {{at.config.address},
         {account},
         {program_data.address},
         {address_of(payload_as<program::Key>(proposal))},
         {kUpgradeableLoader}},
        {.header = header(program_data.bump)});
}

}  // namespace

Result<Instruction> propose(const ProgramAddresses& at, const NewProposal& proposal) {
    if (proposal.payload.empty() || proposal.payload.size() != payload_bytes(proposal.action)) {
        return fail(Errc::invalid_argument, "CHN-87");
    }
    const ProgramAddress account = at.proposal(proposal.number);
    return encode_instruction<program::Propose>(
        at.program,
        {{proposal.proposer},
         {at.config.address},
         {at.stake(proposal.proposer).address},
         {account.address},
         {kSystemProgram}},
        {.header = header(account.bump),
         .description = program_digest(proposal.description),
         .action = proposal.action,
         .reserved = {}},
        proposal.payload);
}

Instruction cast_vote(const ProgramAddresses& at,
                      const Address& voter,
                      const Address& proposal,
                      program::Choice choice) {
    const ProgramAddress vote = at.vote(proposal, voter);
    return encode_instruction<program::CastVote>(
        at.program,
        {{voter}, {at.stake(voter).address}, {proposal}, {vote.address}, {kSystemProgram}},
        {.header = header(vote.bump), .choice = choice, .reserved = {}});
}

Instruction cancel_proposal(const ProgramAddresses& at,
                            const Address& proposer,
                            const Address& proposal) {
    return encode_instruction<program::CancelProposal>(
        at.program, {{proposer}, {proposal}}, {.header = header()});
}

Instruction release_vote(const ProgramAddresses& at,
                         const Address& voter,
                         const Address& proposal) {
    return encode_instruction<program::ReleaseVote>(
        at.program,
        {{voter}, {at.stake(voter).address}, {proposal}, {at.vote(proposal, voter).address}},
        {.header = header()});
}

Instruction close_proposal(const ProgramAddresses& at,
                           const Address& proposer,
                           const Address& proposal) {
    return encode_instruction<program::CloseProposal>(
        at.program, {{proposer}, {at.stake(proposer).address}, {proposal}}, {.header = header()});
}

Result<Instruction> execute_proposal(const ProgramAddresses& at,
                                     const Address& payer,
                                     const ProposalAccount& proposal) {
    const program::Action action = proposal.head.action;
    if (proposal.payload.empty() || proposal.payload.size() != payload_bytes(action)) {
        return fail(Errc::invalid_argument, "CHN-87");
    }
    const Address account = at.proposal(proposal.head.number).address;
    switch (action) {
        case program::Action::set_params:
        case program::Action::set_guardian:
            return encode_instruction<program::ExecuteConfig>(
                at.program, {{at.config.address}, {account}}, {.header = header()});
        case program::Action::set_verifiers:
            return encode_instruction<program::ExecuteVerifiers>(
                at.program, {{account}, {at.verifiers.address}}, {.header = header()});
        case program::Action::add_measurement:
            return execute_add_measurement(at, payer, account, proposal);
        case program::Action::revoke_measurement:
        case program::Action::revoke_enclave:
            return encode_instruction<program::ExecuteRevoke>(
                at.program,
                {{account}, {address_of(payload_as<program::Revoke>(proposal).account)}},
                {.header = header()});
        case program::Action::pay_chat:
            return execute_pay_chat(at, account, proposal);
        case program::Action::pay_lamports:
            return encode_instruction<program::ExecutePayLamports>(
                at.program,
                {{at.config.address},
                 {account},
                 {address_of(payload_as<program::Pay>(proposal).destination)}},
                {.header = header()});
        case program::Action::upgrade:
            return execute_upgrade(at, account, proposal);
        case program::Action::set_upgrade_authority:
            return execute_upgrade_authority(at, account, proposal);
    }
    return fail(Errc::invalid_argument, "CHN-87");
}

}  // namespace chatmcp::chain
