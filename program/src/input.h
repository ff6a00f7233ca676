#pragma once

#include "program/errors.h"
#include "runtime.h"

namespace chatmcp::program {

inline constexpr uint64_t kAccountsMax = 14;

/// What the loader hands over.
struct Input {
    AccountInfo accounts[kAccountsMax];
    uint64_t accounts_count;
    uint16_t repeated;  // One bit for each account that was given before.
    const uint8_t* data;
    uint64_t data_bytes;
    const Key* program;
};

/// Read the loader's serialisation.
///
/// Errors: accounts_count above kAccountsMax.
Error read_input(const uint8_t* bytes, Input& input);

/// Take over the size that an account has since another program made or grew it. The machine
/// compares it with its own when the account is handed on.
void refresh_size(AccountInfo& account);

/// Set the size of an account's data to zero, which the machine takes over when the program ends.
void drop_data(AccountInfo& account);

}  // namespace chatmcp::program
