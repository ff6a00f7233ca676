#include "input.h"

namespace chatmcp::program {
namespace {

// Spec: serialize_parameters_aligned of the loader. An account is: a mark or the number of the same
// account before, three flags, padding to 8, key, owner, lamports, size, data, room to grow,
// padding to 8, rent epoch.
constexpr uint64_t kGrowthBytes = 10'240;
constexpr uint8_t kNotRepeated = 0xff;
constexpr uint64_t kKeyOffset = 8;
constexpr uint64_t kOwnerOffset = 40;
constexpr uint64_t kLamportsOffset = 72;
constexpr uint64_t kSizeOffset = 80;
constexpr uint64_t kDataOffset = 88;

uint64_t read_u64(const uint8_t* at) {
    return *reinterpret_cast<const uint64_t*>(at);
}

// Returns where the next account begins.
uint8_t* read_account(uint8_t* at, AccountInfo& account) {
    account.signer = at[1] != 0;
    account.writable = at[2] != 0;
    account.executable = at[3] != 0;
    account.key = reinterpret_cast<const Key*>(at + kKeyOffset);
    account.owner = reinterpret_cast<Key*>(at + kOwnerOffset);
    account.lamports = reinterpret_cast<uint64_t*>(at + kLamportsOffset);
    account.data_bytes = read_u64(at + kSizeOffset);
    account.data = at + kDataOffset;
    const uint64_t end =
        reinterpret_cast<uint64_t>(account.data) + account.data_bytes + kGrowthBytes;
    uint8_t* const after = reinterpret_cast<uint8_t*>((end + 7) & ~uint64_t{7});
    account.rent_epoch = read_u64(after);
    return after + sizeof(uint64_t);
}

}  // namespace

Error read_input(const uint8_t* bytes, Input& input) {
    // The machine gives the program its input to write into: lamports and data of accounts.
    uint8_t* at = const_cast<uint8_t*>(bytes);
    input.accounts_count = read_u64(at);
    at += sizeof(uint64_t);
    if (input.accounts_count > kAccountsMax) {
        return Error::accounts_count;
    }
    input.repeated = 0;
    for (uint64_t i = 0; i < input.accounts_count; ++i) {
        const uint8_t mark = at[0];
        if (mark == kNotRepeated) {
            at = read_account(at, input.accounts[i]);
        } else {
            input.accounts[i] = input.accounts[mark];
            input.repeated = static_cast<uint16_t>(input.repeated | 1u << i);
            at += sizeof(uint64_t);
        }
    }
    input.data_bytes = read_u64(at);
    input.data = at + sizeof(uint64_t);
    input.program = reinterpret_cast<const Key*>(input.data + input.data_bytes);
    return Error::none;
}

void refresh_size(AccountInfo& account) {
    account.data_bytes = read_u64(account.data - kDataOffset + kSizeOffset);
}

void drop_data(AccountInfo& account) {
    *reinterpret_cast<uint64_t*>(account.data - kDataOffset + kSizeOffset) = 0;
    account.data_bytes = 0;
}

}  // namespace chatmcp::program
