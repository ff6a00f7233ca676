#pragma once

#include "checks.h"

namespace chatmcp::program {

/// Calls of Token-2022. A call that fails ends the transaction; what follows one has succeeded.

/// CHAT from a token account to another. With `config_bump` the program signs as the owner of the
/// vaults, without it the wallet has signed.
struct TokenMove {
    const AccountInfo& source;
    const AccountInfo& mint;
    const AccountInfo& destination;
    const AccountInfo& authority;
    uint64_t amount;
};
void transfer_chat(const TokenMove& move);
void transfer_chat_of_program(const TokenMove& move, uint8_t config_bump);

/// Burn CHAT of a vault.
void burn_chat_of_program(const AccountInfo& vault,
                          const AccountInfo& mint,
                          const AccountInfo& config,
                          uint64_t amount,
                          uint8_t config_bump);

/// Make `account`, which is empty and belongs to Token-2022, a token account of `owner`.
void initialize_token_account(const AccountInfo& account,
                              const AccountInfo& mint,
                              const Key& owner);

/// Make `mint` the mint of CHAT, with its name in itself, all of it in `treasury`, and no authority
/// who could make more.
void initialize_mint(AccountInfo& mint, const AccountInfo& config, uint8_t config_bump);
void mint_supply(const AccountInfo& mint,
                 const AccountInfo& treasury,
                 const AccountInfo& config,
                 uint8_t config_bump);

/// Size that the mint is made with, and the size that it has with its metadata.
inline constexpr uint64_t kMintBytes = 234;
extern const uint64_t kMintWithMetadataBytes;
inline constexpr uint64_t kTokenAccountBytes = 165;

}  // namespace chatmcp::program
