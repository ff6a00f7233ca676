// A program of somebody else that asks the registry of program/, or, to know what that costs, does
// not. It takes the accounts of an enclave and its measurement; its data is a mark whether to ask,
// slot and time, the registry's address and the enclave's key. It fails with the registry's answer.

#include "program/registry_reader.h"

namespace {

using chatmcp::program::Key;
using chatmcp::program::RegistryAccount;

// Spec: serialize_parameters_aligned of the loader: flags, key, owner, lamports, size, data, room
// to grow, padding to 8, rent epoch.
constexpr uint64_t kKeyOffset = 8;
constexpr uint64_t kOwnerOffset = 40;
constexpr uint64_t kSizeOffset = 80;
constexpr uint64_t kDataOffset = 88;
constexpr uint64_t kGrowthBytes = 10'240;
constexpr uint64_t kRentEpochBytes = 8;

struct Instruction {
    uint64_t data_bytes;
    uint64_t ask;
    uint64_t slot;
    uint64_t unix_s;
    Key registry;
    Key enclave_key;
};

RegistryAccount account_at(const uint8_t* at) {
    return {*reinterpret_cast<const Key*>(at + kKeyOffset),
            *reinterpret_cast<const Key*>(at + kOwnerOffset),
            at + kDataOffset,
            *reinterpret_cast<const uint64_t*>(at + kSizeOffset)};
}

const uint8_t* behind(const RegistryAccount& account) {
    return account.data + ((account.data_bytes + kGrowthBytes + 7) & ~uint64_t{7}) +
           kRentEpochBytes;
}

}  // namespace

extern "C" uint64_t entrypoint(const uint8_t* input) {
    const RegistryAccount enclave = account_at(input + sizeof(uint64_t));
    const RegistryAccount measurement = account_at(behind(enclave));
    const auto& asked = *reinterpret_cast<const Instruction*>(behind(measurement));
    if (asked.ask == 0) {
        return 0;
    }
    return static_cast<uint64_t>(chatmcp::program::ask_registry(
        enclave, measurement, {asked.registry, asked.enclave_key, asked.slot, asked.unix_s}));
}
