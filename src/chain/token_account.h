#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "chain/address.h"

namespace chatmcp::chain {

/// Extensions of mints and accounts of Token-2022. Spec: spl-token-2022-interface, ExtensionType.
enum class TokenExtensionType : std::uint16_t {
    transfer_fee_config = 1,
    transfer_fee_amount = 2,
    mint_close_authority = 3,
    confidential_transfer_mint = 4,
    confidential_transfer_account = 5,
    default_account_state = 6,
    immutable_owner = 7,
    memo_transfer = 8,
    non_transferable = 9,
    interest_bearing_config = 10,
    cpi_guard = 11,
    permanent_delegate = 12,
    non_transferable_account = 13,
    transfer_hook = 14,
    transfer_hook_account = 15,
    confidential_transfer_fee_config = 16,
    confidential_transfer_fee_amount = 17,
    metadata_pointer = 18,
    token_metadata = 19,
    group_pointer = 20,
    token_group = 21,
    group_member_pointer = 22,
    token_group_member = 23,
    confidential_mint_burn = 24,
    scaled_ui_amount = 25,
    pausable = 26,
    pausable_account = 27,
};

struct TokenExtension {
    TokenExtensionType type{};
    ByteView value;  // Borrowed from the account's data.
};

/// A mint: what tokens are, and how many there are.
struct Mint {
    static constexpr std::size_t kBytes = 82;

    std::optional<Address> mint_authority;  // Who can make more of them.
    std::uint64_t supply = 0;
    std::uint8_t decimals = 0;
    std::optional<Address> freeze_authority;
    std::vector<TokenExtension> extensions;
};

enum class TokenAccountState : std::uint8_t { initialized = 1, frozen = 2 };

/// Some tokens of one mint that belong to one owner.
struct TokenAccount {
    static constexpr std::size_t kBytes = 165;

    Address mint;
    Address owner;
    std::uint64_t amount = 0;
    std::optional<Address> delegate;  // Who may also take delegated_amount of them.
    TokenAccountState state{};
    std::optional<std::uint64_t> native_reserve_lamports;  // There for wrapped SOL alone.
    std::uint64_t delegated_amount = 0;
    std::optional<Address> close_authority;
    std::vector<TokenExtension> extensions;
};

/// Decode the data of an account that `program` owns. What an absent optional value leaves behind
/// is not looked at: the programs do not erase it.
///
/// Trust:  as much as the one who said what the account holds.
/// Wire:   little-endian, fixed offsets. Token-2022: zeros up to byte 165, kind of account, then
///         extensions as type, length and value.
/// Errors: wrong_key (CHN-60) not an account of a token program; malformed (CHN-61) a size that the
///         program does not make; malformed (CHN-62) a flag or state that does not exist; malformed
///         (CHN-63) the other kind of account, or something in its padding; malformed (CHN-64) an
///         extension of another size or of the other kind of account, twice, or followed by
///         something else; unsupported (CHN-65) an unknown extension; not_found (CHN-66) not
///         initialised.
[[nodiscard]] Result<Mint> decode_mint(const Address& program, ByteView data);
[[nodiscard]] Result<TokenAccount> decode_token_account(const Address& program, ByteView data);

/// Null if there is none of this type.
[[nodiscard]] const TokenExtension* find_extension(const std::vector<TokenExtension>& extensions,
                                                   TokenExtensionType type);

}  // namespace chatmcp::chain
