#pragma once

#include "checks.h"

namespace chatmcp::program {

/// How an account of the program comes to be, and how it ends.

/// Lamports that keep an account of this size for ever.
///
/// Errors: overflow: the cluster counts rent in a way that this program does not know.
Error rent_exempt_lamports(uint64_t size_bytes, uint64_t& lamports);

struct NewAccount {
    const AccountInfo& payer;
    AccountInfo& account;
    const Key& program;  // Whose address it has.
    const Slice* seeds;  // The last of them is the bump.
    uint64_t seeds_count;
    uint64_t lamports_more = 0;  // Besides its rent.
    // Whether there may be several accounts of these seeds (check_first_address).
    bool any_bump = false;
};

/// Make the account of these seeds, which belongs to the program `owner`. Whoever sends lamports to
/// the address before cannot prevent it.
///
/// Errors: wrong_seeds, already_exists, those of the system program.
Error create_account(const NewAccount& wanted, const Key& owner, uint64_t size_bytes);

inline uint8_t bump_of(const NewAccount& wanted) {
    return *static_cast<const uint8_t*>(wanted.seeds[wanted.seeds_count - 1].data);
}

/// The same for a state of the program, with its header written.
template <class State>
Error create(const NewAccount& wanted, State*& state) {
    CHATMCP_CHECKED(create_account(wanted, wanted.program, sizeof(State)));
    state = reinterpret_cast<State*>(wanted.account.data);
    state->header = {State::kKind, kAccountVersion, bump_of(wanted), {}};
    return Error::none;
}

/// Give an account back to the system program, empty: what made it can make it again from nothing,
/// and no later instruction of the transaction finds it as it was. Its lamports go to
/// `beneficiary`.
///
/// Errors: overflow.
Error close_account(AccountInfo& account, const AccountInfo& beneficiary);

/// What an account of the program has besides its rent.
///
/// Errors: overflow.
Error move_spare_lamports(const AccountInfo& from, const AccountInfo& to);

/// Lamports from an account of the program to any other.
///
/// Errors: overflow.
Error move_lamports(const AccountInfo& from, const AccountInfo& to, uint64_t lamports);
/// Lamports from a signer, by the system program.
Error transfer_lamports(const AccountInfo& from, const AccountInfo& to, uint64_t lamports);

template <uint64_t N>
Slice seed(const char (&text)[N]) {
    return {text, N - 1};
}
inline Slice seed(const Key& key) {
    return {&key, sizeof key};
}
inline Slice seed(const uint8_t& byte) {
    return {&byte, 1};
}

}  // namespace chatmcp::program
