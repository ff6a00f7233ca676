#pragma once

// The machine that the program runs on: its system calls, and the layouts that they take.
// Spec: headers of the C SDK of Agave's platform tools.

#include "program/types.h"

namespace chatmcp::program {

struct Slice {
    const void* data;
    uint64_t size_bytes;
};
static_assert(sizeof(Slice) == 16);

struct AccountMeta {
    const Key* key;
    bool writable;
    bool signer;
};
static_assert(sizeof(AccountMeta) == 16);

struct Call {
    const Key* program;
    const AccountMeta* accounts;
    uint64_t accounts_count;
    const uint8_t* data;
    uint64_t data_bytes;
};
static_assert(sizeof(Call) == 40);

/// An account as the machine hands it over and takes it in calls of other programs.
struct AccountInfo {
    const Key* key;
    uint64_t* lamports;
    uint64_t data_bytes;
    uint8_t* data;
    Key* owner;
    uint64_t rent_epoch;
    bool signer;
    bool writable;
    bool executable;
};
static_assert(sizeof(AccountInfo) == 56);

struct SignerSeeds {
    const Slice* seeds;
    uint64_t count;
};

struct Clock {
    uint64_t slot;
    int64_t epoch_start_unix_s;
    uint64_t epoch;
    uint64_t leader_schedule_epoch;
    int64_t unix_s;
};
static_assert(sizeof(Clock) == 40);

struct Rent {
    uint64_t lamports_per_byte_year;
    uint64_t exemption_years_bits;  // Of an IEEE 754 number: the machine has no floating point.
    uint8_t burn_percent;
};
static_assert(sizeof(Rent) == 24);

extern "C" {
uint64_t sol_sha256(const Slice* parts, uint64_t count, uint8_t* digest);
uint64_t sol_create_program_address(const Slice* seeds,
                                    uint64_t count,
                                    const Key* program,
                                    Key* address);
uint64_t sol_try_find_program_address(
    const Slice* seeds, uint64_t count, const Key* program, Key* address, uint8_t* bump);
uint64_t sol_get_clock_sysvar(Clock* clock);
uint64_t sol_get_rent_sysvar(Rent* rent);
void sol_memset_(void* to, uint8_t value, uint64_t size_bytes);
void sol_memcpy_(void* to, const void* from, uint64_t size_bytes);
uint64_t sol_invoke_signed_c(const Call* call,
                             const AccountInfo* accounts,
                             uint64_t accounts_count,
                             const SignerSeeds* signers,
                             uint64_t signers_count);
}

}  // namespace chatmcp::program
