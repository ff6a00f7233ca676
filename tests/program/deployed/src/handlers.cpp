#include "input.h"

namespace deployed {
namespace {

// What follows the handler's number.
Slice rest(const Input& input) {
    return {input.data + 1, input.data_bytes - 1};
}

u64 give(const void* data, u64 size_bytes) {
    sol_set_return_data(data, size_bytes);
    return 0;
}

u64 count(const Input& input) {
    if (input.accounts_count != 1 || !input.accounts[0].is_writable ||
        input.accounts[0].data_bytes < sizeof(u64)) {
        return kWrongAccounts;
    }
    u64& counter = *reinterpret_cast<u64*>(input.accounts[0].data);
    counter += input.data_bytes;
    return 0;
}

u64 log(const Input& input) {
    sol_log_64_(input.data_bytes, input.accounts_count, 3, 4, 5);
    sol_log_pubkey(input.program_id);
    sol_log_compute_units_();
    const Slice field = rest(input);
    sol_log_data(&field, 1);
    return 0;
}

u64 sha256(const Input& input) {
    const Slice data = rest(input);
    u8 hash[kHashBytes];
    return sol_sha256(&data, 1, hash) == 0 ? give(hash, sizeof hash) : kWrongResult;
}

u64 keccak256(const Input& input) {
    const Slice data = rest(input);
    u8 hash[kHashBytes];
    return sol_keccak256(&data, 1, hash) == 0 ? give(hash, sizeof hash) : kWrongResult;
}

// The address that the seed gives, made a second time with the bump that was found.
u64 program_address(const Input& input) {
    u8 bump = 0;
    const Slice seeds[] = {rest(input), {&bump, 1}};
    u8 found[kKeyBytes];
    u8 made[kKeyBytes];
    if (sol_try_find_program_address(seeds, 1, input.program_id, found, &bump) != 0 ||
        sol_create_program_address(seeds, 2, input.program_id, made) != 0) {
        return kWrongResult;
    }
    int difference = 1;
    sol_memcmp_(found, made, kKeyBytes, &difference);
    return difference == 0 ? give(found, kKeyBytes) : kWrongResult;
}

u64 clock(const Input&) {
    Clock clock{};
    return sol_get_clock_sysvar(&clock) == 0 ? give(&clock, sizeof clock) : kWrongResult;
}

u64 rent(const Input&) {
    Rent rent{};
    return sol_get_rent_sysvar(&rent) == 0 ? give(&rent.lamports_per_byte_year, sizeof(u64))
                                           : kWrongResult;
}

// The first field of the clock again, by the address of its account.
u64 sysvar(const Input& input) {
    u64 slot = 0;
    return sol_get_sysvar(input.data + 1, &slot, 0, sizeof slot) == 0 ? give(&slot, sizeof slot)
                                                                      : kWrongResult;
}

// 1,500 bytes, which clang would not copy by itself.
u64 memory(const Input& input) {
    u8 buffer[1500];
    sol_memset_(buffer, 0xab, sizeof buffer);
    const Slice data = rest(input);
    sol_memcpy_(buffer, data.data, data.size_bytes);
    sol_memmove_(buffer + 1, buffer, data.size_bytes);
    return give(buffer, data.size_bytes + 2);
}

u64 stack_height(const Input&) {
    const u64 height = sol_get_stack_height();
    return give(&height, sizeof height);
}

// The data of the instruction before this one in the transaction.
u64 sibling(const Input&) {
    SiblingMeta meta{};
    u8 program_id[kKeyBytes];
    u8 data[64];
    AccountMeta accounts[kAccountsMax];
    if (sol_get_processed_sibling_instruction(0, &meta, program_id, data, accounts) != 1 ||
        meta.data_bytes > sizeof data || meta.accounts_count > kAccountsMax) {
        return kWrongResult;
    }
    if (sol_get_processed_sibling_instruction(0, &meta, program_id, data, accounts) != 1) {
        return kWrongResult;
    }
    return give(data, meta.data_bytes);
}

// Lamports from account 0, a signer, to account 1, by the system program.
u64 transfer(const Input& input) {
    if (input.accounts_count != 3 || input.data_bytes != 1 + sizeof(u64)) {
        return kWrongAccounts;
    }
    u8 data[12] = {2};  // The system program's number of a transfer.
    for (u64 i = 0; i < sizeof(u64); ++i) {
        data[4 + i] = input.data[1 + i];
    }
    const AccountMeta metas[] = {{input.accounts[0].key, true, true},
                                 {input.accounts[1].key, true, false}};
    const Instruction instruction{input.accounts[2].key, metas, 2, data, sizeof data};
    return sol_invoke_signed_c(&instruction, input.accounts, input.accounts_count, nullptr, 0);
}

// This program again with other data, and what it gave back.
u64 recursion(const Input& input) {
    if (input.accounts_count != 1 || input.data_bytes < 2) {
        return kWrongAccounts;
    }
    const Slice data = rest(input);
    const Instruction instruction{
        input.accounts[0].key, nullptr, 0, static_cast<const u8*>(data.data), data.size_bytes};
    if (sol_invoke_signed_c(&instruction, input.accounts, 1, nullptr, 0) != 0) {
        return kWrongResult;
    }
    u8 returned[64];
    u8 program_id[kKeyBytes];
    const u64 size_bytes = sol_get_return_data(returned, sizeof returned, program_id);
    return size_bytes <= sizeof returned ? give(returned, size_bytes) : kWrongResult;
}

u64 panic(const Input& input) {
    static constexpr char kFile[] = "handlers.cpp";
    sol_panic_(kFile, sizeof kFile - 1, input.data_bytes, 7);
}

u64 stop(const Input&) {
    abort();
}

// Bytes of a null pointer: the machine lets a program of v3 read them, and they are nobody's.
u64 null_bytes(const Input& input) {
    const u8* volatile nothing = nullptr;
    u8 bytes[16];
    for (u64 i = 0; i < sizeof bytes; ++i) {
        bytes[i] = nothing[i * (input.data_bytes & 1)];
    }
    return give(bytes, sizeof bytes);
}

// What 32-bit numbers give and what becomes of them when they are widened: with another -mcpu than
// v2 sums, differences and products would come out with a sign.
u64 arithmetic(const Input& input) {
    if (input.data_bytes != 1 + 2 * sizeof(u32)) {
        return kWrongData;
    }
    u32 a = 0;
    u32 b = 0;
    for (u64 i = sizeof(u32); i > 0; --i) {
        a = a << 8 | input.data[i];
        b = b << 8 | input.data[sizeof(u32) + i];
    }
    const u64 results[] = {a + b,
                           a - b,
                           a * b,
                           a / (b | 1),
                           a % (b | 1),
                           static_cast<u64>(static_cast<long>(static_cast<int>(a)) >> 3),
                           __builtin_bswap32(a),
                           a << (b & 31) | a >> (-b & 31),
                           static_cast<int>(a) < static_cast<int>(b) ? 1ul : 0ul,
                           static_cast<u64>(a) * b};
    return give(results, sizeof results);
}

constexpr Handler kHandlers[] = {
    {"count", count},
    {"log", log},
    {"sha256", sha256},
    {"keccak256", keccak256},
    {"program address", program_address},
    {"clock", clock},
    {"rent", rent},
    {"sysvar", sysvar},
    {"memory", memory},
    {"stack height", stack_height},
    {"sibling", sibling},
    {"transfer", transfer},
    {"recursion", recursion},
    {"panic", panic},
    {"stop", stop},
    {"null bytes", null_bytes},
    {"arithmetic", arithmetic},
};

}  // namespace

const Handler* find_handler(u8 number) {
    return number < sizeof kHandlers / sizeof *kHandlers ? &kHandlers[number] : nullptr;
}

}  // namespace deployed
