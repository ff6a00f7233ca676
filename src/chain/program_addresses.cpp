#include "chain/program_addresses.h"

#include <string_view>

#include "base/check.h"
#include "chain/codec.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

// Seeds here are short and few: only their number and sizes could be refused.
ProgramAddress find(std::initializer_list<ByteView> seeds, const Address& program) {
    const auto found = find_program_address(seeds, program);
    CHATMCP_CHECK(found.has_value());
    return *found;
}

Bytes number_seed(std::uint64_t number) {
    Writer writer;
    writer.u64(number);
    return writer.take();
}

template <class State>
ByteView seed_of() {
    return as_bytes(std::string_view(State::kSeed));
}

}  // namespace

ProgramAddresses ProgramAddresses::of(const Address& program) {
    return {.program = program,
            .config = find({seed_of<program::Config>()}, program),
            .verifiers = find({seed_of<program::Verifiers>()}, program),
            .mint = find({as_bytes("mint")}, program),
            .escrow_vault = find({as_bytes("escrow")}, program),
            .stake_vault = find({as_bytes("stakes")}, program),
            .treasury_vault = find({as_bytes("treasury")}, program)};
}

ProgramAddress ProgramAddresses::stake(const Address& owner) const {
    return find({seed_of<program::Stake>(), owner.bytes}, program);
}

ProgramAddress ProgramAddresses::stamp(const Address& one_time_key) const {
    return find({seed_of<program::Stamp>(), one_time_key.bytes}, program);
}

ProgramAddress ProgramAddresses::measurement(program::EvidenceKind kind,
                                             const program::MeasurementDigest& digest) const {
    const auto kind_seed = static_cast<std::uint8_t>(kind);
    const ByteView bytes(digest.bytes);
    const std::size_t half = bytes.size() / 2;
    return find(
        {seed_of<program::Measurement>(), {&kind_seed, 1}, bytes.first(half), bytes.subspan(half)},
        program);
}

ProgramAddress ProgramAddresses::enclave(const Address& enclave_key) const {
    return find({seed_of<program::Enclave>(), enclave_key.bytes}, program);
}

ProgramAddress ProgramAddresses::log_head(program::LogKind kind, const Address& owner) const {
    const auto kind_seed = static_cast<std::uint8_t>(kind);
    return find({seed_of<program::LogHead>(), {&kind_seed, 1}, owner.bytes}, program);
}

ProgramAddress ProgramAddresses::receipts(const Address& enclave_key, std::uint64_t batch) const {
    return find({seed_of<program::Receipts>(), enclave_key.bytes, number_seed(batch)}, program);
}

ProgramAddress ProgramAddresses::grant(const ByteArray<32>& digest) const {
    return find({seed_of<program::Grant>(), digest}, program);
}

ProgramAddress ProgramAddresses::proposal(std::uint64_t number) const {
    return find({seed_of<program::Proposal>(), number_seed(number)}, program);
}

ProgramAddress ProgramAddresses::vote(const Address& proposal, const Address& voter) const {
    return find({seed_of<program::Vote>(), proposal.bytes, voter.bytes}, program);
}

ProgramAddress ProgramAddresses::program_data() const {
    return find({program.bytes}, kUpgradeableLoader);
}

Address ProgramAddresses::tokens(const Address& owner) const {
    return associated_token_address(owner, kToken2022Program, mint.address).address;
}

}  // namespace chatmcp::chain
