// A program of somebody else that asks the registry of program/, or, to know what that costs, does
// not. It takes one account; its data is a mark whether to ask, the slot, the registry's address
// and the enclave's key. It fails with the registry's answer.

#include "program/registry_reader.h"

namespace {

using chatmcp::program::EntryAccount;
using chatmcp::program::EntryAnswer;
using chatmcp::program::Key;

// Spec: serialize_parameters_aligned of the loader, for one account.
constexpr uint64_t kOwnerOffset = 8 + 40;
constexpr uint64_t kSizeOffset = 8 + 80;
constexpr uint64_t kDataOffset = 8 + 88;
constexpr uint64_t kGrowthBytes = 10'240;
constexpr uint64_t kAfterDataBytes = 8;  // Rent epoch.

struct Question {
    uint64_t ask;
    uint64_t slot;
    Key registry;
    Key enclave_key;
};

}  // namespace

extern "C" uint64_t entrypoint(const uint8_t* input) {
    const uint64_t data_bytes = *reinterpret_cast<const uint64_t*>(input + kSizeOffset);
    const uint64_t end = (data_bytes + kGrowthBytes + 7) & ~uint64_t{7};
    const uint8_t* const instruction = input + kDataOffset + end + kAfterDataBytes;
    const auto& question = *reinterpret_cast<const Question*>(instruction + sizeof(uint64_t));
    const EntryAccount account{
        *reinterpret_cast<const Key*>(input + kOwnerOffset), input + kDataOffset, data_bytes};
    if (question.ask == 0) {
        return 0;
    }
    return static_cast<uint64_t>(chatmcp::program::ask_registry(
        account, question.registry, question.enclave_key, question.slot));
}
