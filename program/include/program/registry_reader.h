#pragma once

// For other programs that ask the registry: this header and those that it includes, nothing linked.

#include "program/accounts.h"
#include "program/same.h"

namespace chatmcp::program {

/// What an account says about an enclave.
enum class EntryAnswer : uint8_t {
    active = 0,
    wrong_owner = 1,          // Not the registry's: anybody may have written it.
    wrong_size = 2,           // Not the size of an entry.
    wrong_discriminator = 3,  // The registry's, but no enclave's entry.
    wrong_version = 4,        // Of a later registry.
    wrong_key = 5,            // Of another enclave.
    revoked = 6,
    expired = 7,
};

/// An account as the machine hands it over: data lies at a multiple of 8.
struct EntryAccount {
    const Key& owner;
    const uint8_t* data;
    uint64_t data_bytes;
};

/// Ask an account whether the registry holds an enclave of this key to be good at `slot`, which is
/// the present one of the caller's clock. Only the registry writes its accounts, and each kind at
/// its address alone, so that the address need not be derived.
///
/// Trust:  `active` is no proof of anything that the caller did not verify itself: an entry takes
///         trust away, it gives none.
/// Cost:   at most 300 units, without the call for the clock; no call of another program.
inline EntryAnswer ask_registry(const EntryAccount& account,
                                const Key& registry,
                                const Key& enclave_key,
                                uint64_t slot) {
    if (!same(account.owner, registry)) {
        return EntryAnswer::wrong_owner;
    }
    if (account.data_bytes != sizeof(Enclave)) {
        return EntryAnswer::wrong_size;
    }
    const auto& entry = *reinterpret_cast<const Enclave*>(account.data);
    if (entry.header.discriminator != Enclave::kKind) {
        return EntryAnswer::wrong_discriminator;
    }
    if (entry.header.version != kAccountVersion) {
        return EntryAnswer::wrong_version;
    }
    if (!same(entry.enclave_key, enclave_key)) {
        return EntryAnswer::wrong_key;
    }
    if (entry.status != EntryStatus::active) {
        return EntryAnswer::revoked;
    }
    return slot < entry.expires_slot ? EntryAnswer::active : EntryAnswer::expired;
}

}  // namespace chatmcp::program
