#pragma once

#include "input.h"
#include "program/accounts.h"
#include "program/addresses.h"
#include "program/same.h"

/// Refuse with Error::`error` unless `condition` holds.
#define CHATMCP_REQUIRE(condition, error) \
    do {                                  \
        if (!(condition)) {               \
            return Error::error;          \
        }                                 \
    } while (false)

/// Refuse with what the check says.
#define CHATMCP_CHECKED(check)                                       \
    do {                                                             \
        if (const Error refused = (check); refused != Error::none) { \
            return refused;                                          \
        }                                                            \
    } while (false)

namespace chatmcp::program {

/// Every rule about accounts that more than one instruction has, each with its own name.

bool is_zero(const Key& key);

/// Errors: wrong_address.
inline Error check_address(const AccountInfo& account, const Key& expected) {
    CHATMCP_REQUIRE(same(*account.key, expected), wrong_address);
    return Error::none;
}

/// Errors: wrong_owner.
inline Error check_owner(const AccountInfo& account, const Key& owner) {
    CHATMCP_REQUIRE(same(*account.owner, owner), wrong_owner);
    return Error::none;
}

/// An account of the program, of this kind and version. Only the program writes accounts that it
/// owns, and it writes a kind at an address that it checked (check_seeds): who finds the kind need
/// not derive the address again.
///
/// Errors: wrong_owner, wrong_size, wrong_discriminator, wrong_version.
Error check_kind(const AccountInfo& account,
                 const Key& program,
                 AccountKind kind,
                 uint64_t size_bytes);

template <class State>
Error load(const AccountInfo& account, const Key& program, State*& state) {
    CHATMCP_CHECKED(check_kind(account, program, State::kKind, sizeof(State)));
    state = reinterpret_cast<State*>(account.data);
    return Error::none;
}

/// The address is one that these seeds give; the last of them is the bump.
///
/// Errors: wrong_seeds. Cost: 1,500 units.
Error check_seeds(const AccountInfo& account,
                  const Key& program,
                  const Slice* seeds,
                  uint64_t count);

/// The address is the first one that these seeds give, with bumps counted down from 255; the last
/// of them is the bump. About every second bump gives an address: with check_seeds alone there
/// could be as many accounts of the same seeds, and as many votes of one stake.
///
/// Errors: wrong_seeds. Cost: 1,500 units, and as many for each bump below 255.
Error check_first_address(const AccountInfo& account,
                          const Key& program,
                          const Slice* seeds,
                          uint64_t count);

/// Errors: wrong_program.
Error check_system_program(const AccountInfo& account);
/// Errors: wrong_program.
Error check_token_program(const AccountInfo& account);
/// Errors: wrong_program.
Error check_loader(const AccountInfo& account);

/// Errors: wrong_program.
Error check_sysvar(const AccountInfo& account, const Key& expected);

/// The account of the loader with this program's code and upgrade authority.
///
/// Errors: wrong_owner, wrong_seeds. Cost: 1,500 units.
Error check_program_data(const AccountInfo& account, uint8_t bump, const Key& program);

/// A token account of this mint that belongs to this wallet.
///
/// Errors: wrong_owner, wrong_size, wrong_mint, wrong_token_owner.
Error check_token_account(const AccountInfo& account, const Key& mint, const Key& owner);

/// Errors: paused.
Error check_not_paused(const Config& config, uint64_t slot);

/// Errors: overflow.
inline Error add(uint64_t& sum, uint64_t value) {
    CHATMCP_REQUIRE(!__builtin_add_overflow(sum, value, &sum), overflow);
    return Error::none;
}
/// Errors: overflow.
inline Error subtract(uint64_t& difference, uint64_t value) {
    CHATMCP_REQUIRE(difference >= value, overflow);
    difference -= value;
    return Error::none;
}

/// 0 in all bytes.
bool all_zero(const uint8_t* bytes, uint64_t count);

}  // namespace chatmcp::program
