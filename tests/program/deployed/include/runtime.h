#pragma once

// What a program of these tests knows of the machine that it runs on: system calls and the layouts
// that they take. Spec: headers of the C SDK of Agave's platform tools.

namespace deployed {

using u8 = unsigned char;
using u32 = unsigned;
using u64 = unsigned long;

inline constexpr u64 kKeyBytes = 32;
inline constexpr u64 kHashBytes = 32;

struct Slice {
    const void* data;
    u64 size_bytes;
};
static_assert(sizeof(Slice) == 16);

struct AccountMeta {
    const u8* key;
    bool is_writable;
    bool is_signer;
};
static_assert(sizeof(AccountMeta) == 16);

struct Instruction {
    const u8* program_id;
    const AccountMeta* accounts;
    u64 accounts_count;
    const u8* data;
    u64 data_bytes;
};
static_assert(sizeof(Instruction) == 40);

struct AccountInfo {
    const u8* key;
    u64* lamports;
    u64 data_bytes;
    u8* data;
    const u8* owner;
    u64 rent_epoch;
    bool is_signer;
    bool is_writable;
    bool executable;
};
static_assert(sizeof(AccountInfo) == 56);

struct SignerSeeds {
    const Slice* seeds;
    u64 count;
};

struct Clock {
    u64 slot;
    long epoch_start_unix_seconds;
    u64 epoch;
    u64 leader_schedule_epoch;
    long unix_seconds;
};
static_assert(sizeof(Clock) == 40);

struct Rent {
    u64 lamports_per_byte_year;
    double exemption_years;
    u8 burn_percent;
};
static_assert(sizeof(Rent) == 24);

struct SiblingMeta {
    u64 data_bytes;
    u64 accounts_count;
};

extern "C" {
[[noreturn]] void abort();
[[noreturn]] void sol_panic_(const char* file, u64 file_bytes, u64 line, u64 column);
void sol_log_(const char* text, u64 size_bytes);
void sol_log_64_(u64 a, u64 b, u64 c, u64 d, u64 e);
void sol_log_pubkey(const u8* key);
void sol_log_compute_units_();
void sol_log_data(const Slice* fields, u64 count);
u64 sol_sha256(const Slice* parts, u64 count, u8* hash);
u64 sol_keccak256(const Slice* parts, u64 count, u8* hash);
u64 sol_create_program_address(const Slice* seeds, u64 count, const u8* program_id, u8* address);
u64 sol_try_find_program_address(
    const Slice* seeds, u64 count, const u8* program_id, u8* address, u8* bump);
u64 sol_get_clock_sysvar(Clock* clock);
u64 sol_get_rent_sysvar(Rent* rent);
u64 sol_get_sysvar(const u8* id, void* out, u64 offset, u64 size_bytes);
u64 sol_get_stack_height();
void sol_memcpy_(void* to, const void* from, u64 size_bytes);
void sol_memmove_(void* to, const void* from, u64 size_bytes);
void sol_memset_(void* to, u8 value, u64 size_bytes);
void sol_memcmp_(const void* a, const void* b, u64 size_bytes, int* result);
void sol_set_return_data(const void* data, u64 size_bytes);
u64 sol_get_return_data(void* data, u64 size_bytes, u8* program_id);
u64 sol_get_processed_sibling_instruction(
    u64 index, SiblingMeta* meta, u8* program_id, u8* data, AccountMeta* accounts);
u64 sol_invoke_signed_c(const Instruction* instruction,
                        const AccountInfo* accounts,
                        u64 accounts_count,
                        const SignerSeeds* signers,
                        u64 signers_count);
}

}  // namespace deployed
