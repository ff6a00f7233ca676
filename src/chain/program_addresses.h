#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "chain/address.h"
#include "program/accounts.h"

namespace chatmcp::chain {

/// Where the accounts of the ChatMCP program are (program/include/program/accounts.h). Two clients
/// with the same program address find the same accounts, and nobody else can make one there.
struct ProgramAddresses {
    Address program;
    ProgramAddress config;
    ProgramAddress verifiers;
    ProgramAddress mint;
    ProgramAddress escrow_vault;
    ProgramAddress stake_vault;
    ProgramAddress treasury_vault;

    /// Cost: six derivations, each as find_program_address.
    [[nodiscard]] static ProgramAddresses of(const Address& program);

    // Cost of each: one derivation.
    [[nodiscard]] ProgramAddress stake(const Address& owner) const;
    [[nodiscard]] ProgramAddress stamp(const Address& one_time_key) const;
    [[nodiscard]] ProgramAddress measurement(program::EvidenceKind kind,
                                             const program::MeasurementDigest& digest) const;
    [[nodiscard]] ProgramAddress enclave(const Address& enclave_key) const;
    [[nodiscard]] ProgramAddress log_head(program::LogKind kind, const Address& owner) const;
    [[nodiscard]] ProgramAddress receipts(const Address& enclave_key, std::uint64_t batch) const;
    [[nodiscard]] ProgramAddress grant(const ByteArray<32>& digest) const;
    [[nodiscard]] ProgramAddress proposal(std::uint64_t number) const;
    [[nodiscard]] ProgramAddress vote(const Address& proposal, const Address& voter) const;
    /// Of the upgradeable loader: holds the program's code and its upgrade authority.
    [[nodiscard]] ProgramAddress program_data() const;
    /// A wallet's CHAT by convention.
    [[nodiscard]] Address tokens(const Address& owner) const;
};

}  // namespace chatmcp::chain
