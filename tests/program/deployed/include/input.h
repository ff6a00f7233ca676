#pragma once

#include "runtime.h"

namespace deployed {

inline constexpr u64 kAccountsMax = 8;

/// What the loader hands over: accounts, the instruction's data, the program's own address.
struct Input {
    AccountInfo accounts[kAccountsMax];
    u64 accounts_count = 0;
    const u8* data = nullptr;
    u64 data_bytes = 0;
    const u8* program_id = nullptr;
};

/// Reads the loader's serialisation. False where it has more accounts than kAccountsMax.
bool read_input(const u8* bytes, Input& input);

/// The handlers, by the first byte of the instruction's data; each gives the program's status.
struct Handler {
    const char* name;
    u64 (*run)(const Input& input);
};
const Handler* find_handler(u8 number);

// Statuses of its own: none of them is what a machine that got something wrong would return.
inline constexpr u64 kTooManyAccounts = 101;
inline constexpr u64 kNoSuchHandler = 102;
inline constexpr u64 kWrongAccounts = 103;
inline constexpr u64 kWrongResult = 104;
inline constexpr u64 kWrongData = 105;

}  // namespace deployed
