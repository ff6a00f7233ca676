#pragma once

// For other programs that ask the registry: this header and those that it includes, nothing linked.

#include "program/accounts.h"
#include "program/same.h"

namespace chatmcp::program {

/// What the registry says about an enclave.
enum class RegistryAnswer : uint8_t {
    active = 0,
    wrong_owner = 1,          // An account is not the registry's: anybody may have written it.
    wrong_size = 2,           // Not the size of its kind.
    wrong_discriminator = 3,  // The registry's, but of another kind.
    wrong_version = 4,        // Of a later registry.
    wrong_key = 5,            // The entry is of another enclave.
    revoked = 6,
    expired = 7,
    wrong_measurement = 8,  // Not the measurement that the entry names.
    measurement_revoked = 9,
    measurement_not_valid = 10,  // Not yet, or no longer.
};

/// An account as the machine hands it over: data lies at a multiple of 8.
struct RegistryAccount {
    const Key& key;
    const Key& owner;
    const uint8_t* data;
    uint64_t data_bytes;
};

/// Whether the enclave with this key is good now, as the caller's clock has it.
struct RegistryQuestion {
    const Key& registry;  // The program.
    const Key& enclave_key;
    uint64_t slot;
    uint64_t unix_s;
};

/// An account of the registry as what it has to be. Only the registry writes its accounts, and each
/// kind at its address alone, so that the address need not be derived.
template <class State>
RegistryAnswer read_registry(const RegistryAccount& account,
                             const Key& registry,
                             const State*& state) {
    if (!same(account.owner, registry)) {
        return RegistryAnswer::wrong_owner;
    }
    if (account.data_bytes != sizeof(State)) {
        return RegistryAnswer::wrong_size;
    }
    state = reinterpret_cast<const State*>(account.data);
    if (state->header.discriminator != State::kKind) {
        return RegistryAnswer::wrong_discriminator;
    }
    return state->header.version == kAccountVersion ? RegistryAnswer::active
                                                    : RegistryAnswer::wrong_version;
}

/// Ask the enclave's entry and the measurement that it names: an entry stays as it is when its
/// measurement is revoked.
///
/// Trust:  `active` is no proof of anything that the caller did not verify itself: the registry
///         takes trust away, it gives none.
/// Cost:   at most 300 units, without the call for the clock; no call of another program.
inline RegistryAnswer ask_registry(const RegistryAccount& enclave,
                                   const RegistryAccount& measurement,
                                   const RegistryQuestion& question) {
    const Enclave* entry = nullptr;
    if (const auto answer = read_registry(enclave, question.registry, entry);
        answer != RegistryAnswer::active) {
        return answer;
    }
    if (!same(entry->enclave_key, question.enclave_key)) {
        return RegistryAnswer::wrong_key;
    }
    if (entry->status != EntryStatus::active) {
        return RegistryAnswer::revoked;
    }
    if (question.slot >= entry->expires_slot) {
        return RegistryAnswer::expired;
    }
    const Measurement* measured = nullptr;
    if (const auto answer = read_registry(measurement, question.registry, measured);
        answer != RegistryAnswer::active) {
        return answer;
    }
    if (!same(measurement.key, entry->measurement)) {
        return RegistryAnswer::wrong_measurement;
    }
    if (measured->status != EntryStatus::active) {
        return RegistryAnswer::measurement_revoked;
    }
    return question.unix_s >= measured->not_before_unix_s &&
                   question.unix_s <= measured->not_after_unix_s
               ? RegistryAnswer::active
               : RegistryAnswer::measurement_not_valid;
}

}  // namespace chatmcp::program
