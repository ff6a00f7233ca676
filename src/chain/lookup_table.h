#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "chain/message.h"

namespace chatmcp::chain {

/// The data of an address lookup table account.
struct LookupTableAccount {
    static constexpr std::size_t kHeadBytes = 56;
    static constexpr std::uint64_t kNeverDeactivated = UINT64_MAX;

    std::uint64_t deactivation_slot = kNeverDeactivated;
    std::uint64_t last_extended_slot = 0;
    std::uint8_t last_extended_start = 0;  // Addresses from here on are usable a slot later.
    std::optional<Address> authority;      // None: frozen.
    std::vector<Address> addresses;
};

/// Spec: solana-address-lookup-table-interface, ProgramState.
/// Errors: wrong_key (CHN-67) an account of another program; malformed (CHN-68) a size, kind or
/// flag
///         that does not exist; those of Reader.
[[nodiscard]] Result<LookupTableAccount> decode_lookup_table(const Address& program, ByteView data);

}  // namespace chatmcp::chain
