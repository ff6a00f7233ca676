#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "chain/address.h"
#include "chain/instruction.h"

namespace chatmcp::chain {

/// A recent blockhash, or the value of a nonce account in its place.
using Blockhash = ByteArray<32>;

enum class MessageVersion : std::uint8_t { legacy, v0, v1 };

/// What a version 1 message asks for in its head (SIMD-0385); the others use instructions of the
/// compute budget program. What is absent has the cluster's default, which for the loaded accounts
/// is too small for any program.
struct TransactionConfig {
    static constexpr std::uint32_t kComputeUnitsMax = 1'400'000;
    static constexpr std::uint32_t kHeapMinBytes = 32 * 1024;
    static constexpr std::uint32_t kHeapMaxBytes = 256 * 1024;
    static constexpr std::uint32_t kHeapStepBytes = 1024;

    std::optional<std::uint64_t> priority_fee_lamports;
    std::optional<std::uint32_t> compute_unit_limit;
    std::optional<std::uint32_t> loaded_accounts_bytes_max;
    std::optional<std::uint32_t> heap_bytes;

    friend bool operator==(const TransactionConfig& a, const TransactionConfig& b) = default;
};

/// The content of an address lookup table account, as far as compiling needs it.
struct AddressLookupTable {
    static constexpr std::size_t kAddressesMax = 256;

    Address address;
    std::vector<Address> addresses;
};

/// What somebody wants to happen, before accounts have their places.
struct Draft {
    MessageVersion version = MessageVersion::v0;
    Address fee_payer;
    Blockhash lifetime{};
    std::vector<Instruction> instructions;
    std::vector<AddressLookupTable> lookup_tables;  // Version 0 alone.
    TransactionConfig config;                       // Version 1 alone.
};

struct CompiledInstruction {
    std::uint8_t program_index = 0;
    Bytes account_indices;
    Bytes data;

    friend bool operator==(const CompiledInstruction& a, const CompiledInstruction& b) = default;
};

/// Accounts that a version 0 message takes from a table.
struct TableLookup {
    Address table;
    Bytes writable_indices;
    Bytes readonly_indices;

    friend bool operator==(const TableLookup& a, const TableLookup& b) = default;
};

/// A message as it is signed. Instructions name accounts by their place: `accounts`, then what the
/// lookups load writable, then what they load to be read.
///
/// Wire: little-endian; encode and decode_message. Legacy and version 0: header, compact array of
///       accounts, lifetime, compact array of instructions, in version 0 compact array of lookups.
///       Version 1: header, config mask, lifetime, numbers of instructions and accounts, accounts,
///       config values, heads of all instructions, then their accounts and data.
/// Spec: Solana's transaction format; SIMD-0385 for version 1.
struct Message {
    // Limits of a message that is compiled here (those of @solana/kit), and of any of version 1.
    static constexpr std::size_t kAccountsMax = 64;
    static constexpr std::size_t kSignersMax = 12;
    static constexpr std::size_t kInstructionsMax = 64;
    static constexpr std::size_t kInstructionAccountsMax = 255;
    static constexpr std::size_t kInstructionDataMaxBytes = 0xffff;
    /// Places that an index of one byte can name.
    static constexpr std::size_t kPlacesMax = 256;

    MessageVersion version = MessageVersion::legacy;
    std::uint8_t required_signatures = 0;  // The first so many accounts sign, the first one pays.
    std::uint8_t readonly_signers = 0;     // The last so many of those are not written.
    std::uint8_t readonly_others = 0;      // The last so many of `accounts` are not written.
    std::vector<Address> accounts;
    Blockhash lifetime{};
    std::vector<CompiledInstruction> instructions;
    std::vector<TableLookup> lookups;
    TransactionConfig config;

    [[nodiscard]] const Address& fee_payer() const { return accounts.front(); }
    /// Precondition (checked): a place in `accounts`.
    [[nodiscard]] bool is_signer(std::size_t place) const;
    [[nodiscard]] bool is_writable(std::size_t place) const;

    friend bool operator==(const Message& a, const Message& b) = default;
};

/// Give every account its place. The bytes are those that @solana/kit 8.4 makes of the same draft.
///
/// Errors: invalid_argument (CHN-10) an invoked program is to be written, or pays; too_large
/// (CHN-11)
///         accounts; (CHN-12) signers; (CHN-13) instructions; (CHN-14) accounts or data of one
///         instruction; invalid_argument (CHN-15) lookup tables outside version 0, one named
///         twice, or with more than 256 addresses; invalid_argument (CHN-16) config outside version
///         1, or out of range.
[[nodiscard]] Result<Message> compile(const Draft& draft);

[[nodiscard]] Bytes encode(const Message& message);

/// Decode exactly one message. Every message that is accepted has one encoding.
///
/// Trust:  nobody has signed it yet.
/// Errors: those of Reader; unsupported_version (CHN-20); malformed (CHN-21) counts of the header
///         that contradict each other; malformed (CHN-22) an account or a place of a table twice;
///         malformed (CHN-23) a program that is the fee payer or comes from a table; malformed
///         (CHN-24) a place beyond the accounts; malformed (CHN-25) a lookup of nothing, or more
///         places than one byte names; not_canonical (CHN-26) unknown or half config; of version 1
///         also CHN-11, CHN-12, CHN-13, CHN-16.
[[nodiscard]] Result<Message> decode_message(ByteView input);

}  // namespace chatmcp::chain
