#include "lifecycle.h"

namespace chatmcp::program {
namespace {

// Spec: solana-rent. An account is kept for ever by the rent of this many years; the number was 2.0
// and becomes 1.0 with SIMD-0194.
constexpr uint64_t kAccountStorageOverheadBytes = 128;
constexpr uint64_t kTwoYearsBits = 0x4000000000000000;
constexpr uint64_t kOneYearBits = 0x3ff0000000000000;

// Spec: solana-system-interface, SystemInstruction; numbers of 32 bits, in front of packed fields.
constexpr uint8_t kCreateAccount = 0;
constexpr uint8_t kAssign = 1;
constexpr uint8_t kTransfer = 2;
constexpr uint8_t kAllocate = 8;

void write_u64(uint8_t* at, uint64_t value) {
    *reinterpret_cast<uint64_t*>(at) = value;
}

void write_key(uint8_t* at, const Key& key) {
    *reinterpret_cast<Key*>(at) = key;
}

// A failing call ends the transaction: what follows one has succeeded.
template <uint64_t accounts, uint64_t bytes>
void call_system(const AccountMeta (&metas)[accounts],
                 const AccountInfo (&infos)[accounts],
                 const uint8_t (&data)[bytes],
                 const SignerSeeds* signer) {
    const Call call{&kSystemProgram, metas, accounts, data, bytes};
    sol_invoke_signed_c(&call, infos, accounts, signer, signer == nullptr ? 0 : 1);
}

struct Room {
    const Key& owner;
    uint64_t size_bytes;
    uint64_t lamports;
};

void create_from_nothing(const NewAccount& wanted, const Room& room, const SignerSeeds& signer) {
    uint8_t data[52] = {kCreateAccount};
    write_u64(data + 4, room.lamports);
    write_u64(data + 12, room.size_bytes);
    write_key(data + 20, room.owner);
    const AccountMeta metas[] = {{wanted.payer.key, true, true}, {wanted.account.key, true, true}};
    const AccountInfo infos[] = {wanted.payer, wanted.account};
    call_system(metas, infos, data, &signer);
}

void allocate(const NewAccount& wanted, const Room& room, const SignerSeeds& signer) {
    uint8_t data[12] = {kAllocate};
    write_u64(data + 4, room.size_bytes);
    const AccountMeta metas[] = {{wanted.account.key, true, true}};
    const AccountInfo infos[] = {wanted.account};
    call_system(metas, infos, data, &signer);
    refresh_size(wanted.account);
}

void assign(const NewAccount& wanted, const Room& room, const SignerSeeds& signer) {
    uint8_t data[36] = {kAssign};
    write_key(data + 4, room.owner);
    const AccountMeta metas[] = {{wanted.account.key, true, true}};
    const AccountInfo infos[] = {wanted.account};
    call_system(metas, infos, data, &signer);
}

}  // namespace

Error rent_exempt_lamports(uint64_t size_bytes, uint64_t& lamports) {
    Rent rent{};
    CHATMCP_REQUIRE(sol_get_rent_sysvar(&rent) == 0, overflow);
    const bool two_years = rent.exemption_years_bits == kTwoYearsBits;
    CHATMCP_REQUIRE(two_years || rent.exemption_years_bits == kOneYearBits, overflow);
    CHATMCP_REQUIRE(rent.lamports_per_byte_year < uint64_t{1} << 32, overflow);
    lamports = (kAccountStorageOverheadBytes + size_bytes) * rent.lamports_per_byte_year *
               (two_years ? 2 : 1);
    return Error::none;
}

Error create_account(const NewAccount& wanted, const Key& owner, uint64_t size_bytes) {
    CHATMCP_REQUIRE(same(*wanted.account.owner, kSystemProgram) && wanted.account.data_bytes == 0,
                    already_exists);
    const auto check = wanted.any_bump ? check_seeds : check_first_address;
    CHATMCP_CHECKED(check(wanted.account, wanted.program, wanted.seeds, wanted.seeds_count));
    uint64_t lamports = 0;
    CHATMCP_CHECKED(rent_exempt_lamports(size_bytes, lamports));
    CHATMCP_CHECKED(add(lamports, wanted.lamports_more));
    const SignerSeeds signer{wanted.seeds, wanted.seeds_count};
    const Room room{owner, size_bytes, lamports};
    const uint64_t there = *wanted.account.lamports;
    if (there == 0) {
        create_from_nothing(wanted, room, signer);
        refresh_size(wanted.account);
        return Error::none;
    }
    // The system program makes no account where lamports are already.
    if (there < lamports) {
        CHATMCP_CHECKED(transfer_lamports(wanted.payer, wanted.account, lamports - there));
    }
    allocate(wanted, room, signer);
    assign(wanted, room, signer);
    return Error::none;
}

Error transfer_lamports(const AccountInfo& from, const AccountInfo& to, uint64_t lamports) {
    uint8_t data[12] = {kTransfer};
    write_u64(data + 4, lamports);
    const AccountMeta metas[] = {{from.key, true, true}, {to.key, true, false}};
    const AccountInfo infos[] = {from, to};
    call_system(metas, infos, data, nullptr);
    return Error::none;
}

Error move_lamports(const AccountInfo& from, const AccountInfo& to, uint64_t lamports) {
    CHATMCP_CHECKED(subtract(*from.lamports, lamports));
    return add(*to.lamports, lamports);
}

Error close_account(AccountInfo& account, const AccountInfo& beneficiary) {
    CHATMCP_CHECKED(move_lamports(account, beneficiary, *account.lamports));
    sol_memset_(account.data, 0, account.data_bytes);
    drop_data(account);
    *account.owner = kSystemProgram;
    return Error::none;
}

Error move_spare_lamports(const AccountInfo& from, const AccountInfo& to) {
    uint64_t rent = 0;
    CHATMCP_CHECKED(rent_exempt_lamports(from.data_bytes, rent));
    return *from.lamports <= rent ? Error::none : move_lamports(from, to, *from.lamports - rent);
}

}  // namespace chatmcp::program
