#include "chain/program_account.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "chain/program_encoding.h"

namespace chatmcp::chain {
namespace {

template <std::size_t N>
bool all_zero(const std::uint8_t (&bytes)[N]) {
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

template <class Enum>
bool between(Enum value, Enum first, Enum last) {
    return std::to_underlying(value) >= std::to_underlying(first) &&
           std::to_underlying(value) <= std::to_underlying(last);
}

bool known(program::EvidenceKind kind) {
    return between(kind, program::EvidenceKind::simulated, program::EvidenceKind::cca);
}
bool known(program::EntryStatus status) {
    return between(status, program::EntryStatus::active, program::EntryStatus::revoked);
}
bool known(program::RevocationReason reason) {
    return between(reason, program::RevocationReason::none, program::RevocationReason::superseded);
}

// One overload for each kind: no value that does not exist, nothing in what is reserved.

bool well_formed(const program::Config& config) {
    return program::params_valid(config.params);
}
bool well_formed(const program::Verifiers& set) {
    return set.count <= program::kVerifiersMax && set.threshold <= set.count &&
           all_zero(set.reserved);
}
bool well_formed(const program::Stake&) {
    return true;
}
bool well_formed(const program::Stamp& stamp) {
    return between(stamp.status, program::StampStatus::open, program::StampStatus::rejected) &&
           all_zero(stamp.reserved);
}
bool well_formed(const program::Measurement& entry) {
    return known(entry.kind) && known(entry.status) && known(entry.reason) &&
           entry.digest_bytes <= sizeof entry.digest.bytes && all_zero(entry.reserved);
}
bool well_formed(const program::Enclave& entry) {
    return known(entry.status) && known(entry.reason) && all_zero(entry.reserved) &&
           between(entry.route, program::VerdictRoute::verifiers, program::VerdictRoute::program);
}
bool well_formed(const program::LogHead& head) {
    return between(head.kind, program::LogKind::device_log, program::LogKind::relay_log) &&
           all_zero(head.reserved);
}
bool well_formed(const program::Receipts&) {
    return true;
}
bool well_formed(const program::Grant&) {
    return true;
}
bool well_formed(const program::Proposal& proposal) {
    return between(proposal.status,
                   program::ProposalStatus::open,
                   program::ProposalStatus::cancelled) &&
           all_zero(proposal.reserved);
}
bool well_formed(const program::Vote& vote) {
    return between(vote.choice, program::Choice::yes, program::Choice::no) &&
           all_zero(vote.reserved);
}

template <class State>
Result<State> read(ByteView data) {
    if (data.size() != sizeof(State)) {
        return fail(Errc::malformed, "CHN-83");
    }
    State state;
    std::memcpy(&state, data.data(), sizeof state);
    if (state.header.version != program::kAccountVersion) {
        return fail(Errc::unsupported_version, "CHN-84");
    }
    if (!all_zero(state.header.reserved) || !well_formed(state)) {
        return fail(Errc::malformed, "CHN-85");
    }
    return state;
}

Result<ProposalAccount> read_proposal(ByteView data) {
    if (data.size() < sizeof(program::Proposal)) {
        return fail(Errc::malformed, "CHN-83");
    }
    CHATMCP_TRY(const program::Proposal head,
                read<program::Proposal>(data.first(sizeof(program::Proposal))));
    const ByteView payload = data.subspan(sizeof head);
    if (payload.size() != head.payload_bytes) {
        return fail(Errc::malformed, "CHN-83");
    }
    if (payload.empty() || payload.size() != payload_bytes(head.action)) {
        return fail(Errc::malformed, "CHN-85");
    }
    return ProposalAccount{head, to_bytes(payload)};
}

}  // namespace

std::size_t payload_bytes(program::Action action) {
    switch (action) {
        case program::Action::set_params:
            return sizeof(program::Params);
        case program::Action::add_measurement:
            return sizeof(program::AddMeasurement);
        case program::Action::revoke_measurement:
        case program::Action::revoke_enclave:
            return sizeof(program::Revoke);
        case program::Action::set_verifiers:
            return sizeof(program::SetVerifiers);
        case program::Action::pay_chat:
        case program::Action::pay_lamports:
            return sizeof(program::Pay);
        case program::Action::set_guardian:
        case program::Action::set_upgrade_authority:
            return sizeof(program::Key);
        case program::Action::upgrade:
            return sizeof(program::Upgrade);
    }
    return 0;
}

Result<ProgramAccount> decode_program_account(const Address& program,
                                              const Address& owner,
                                              ByteView data) {
    if (owner != program) {
        return fail(Errc::wrong_key, "CHN-81");
    }
    if (data.empty()) {
        return fail(Errc::not_found, "CHN-82");
    }
    switch (static_cast<program::AccountKind>(data[0])) {
        case program::AccountKind::config:
            return read<program::Config>(data);
        case program::AccountKind::verifiers:
            return read<program::Verifiers>(data);
        case program::AccountKind::stake:
            return read<program::Stake>(data);
        case program::AccountKind::stamp:
            return read<program::Stamp>(data);
        case program::AccountKind::measurement:
            return read<program::Measurement>(data);
        case program::AccountKind::enclave:
            return read<program::Enclave>(data);
        case program::AccountKind::log_head:
            return read<program::LogHead>(data);
        case program::AccountKind::receipts:
            return read<program::Receipts>(data);
        case program::AccountKind::grant:
            return read<program::Grant>(data);
        case program::AccountKind::proposal:
            return read_proposal(data);
        case program::AccountKind::vote:
            return read<program::Vote>(data);
        case program::AccountKind::none:
            break;
    }
    return fail(Errc::not_found, "CHN-82");
}

}  // namespace chatmcp::chain
