#include "chain/token_account.h"

#include <algorithm>

#include "chain/codec.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

// Both kinds of Token-2022 accounts say at the same place which they are.
enum class AccountKind : std::uint8_t { mint = 1, account = 2 };
constexpr std::size_t kKindOffset = TokenAccount::kBytes;
constexpr std::size_t kExtensionsOffset = kKindOffset + 1;
// An account of this size is a multisignature; the program never makes another one of it.
constexpr std::size_t kMultisigBytes = 355;
constexpr std::size_t kExtensionTypeBytes = 2;
constexpr std::size_t kAnySize = SIZE_MAX;

struct ExtensionForm {
    AccountKind kind;
    std::size_t size_bytes;
};

// By number of the type, which begin with 1.
constexpr std::array<ExtensionForm, 27> kForms = {{
    {AccountKind::mint, 108},       // transfer_fee_config
    {AccountKind::account, 8},      // transfer_fee_amount
    {AccountKind::mint, 32},        // mint_close_authority
    {AccountKind::mint, 65},        // confidential_transfer_mint
    {AccountKind::account, 295},    // confidential_transfer_account
    {AccountKind::mint, 1},         // default_account_state
    {AccountKind::account, 0},      // immutable_owner
    {AccountKind::account, 1},      // memo_transfer
    {AccountKind::mint, 0},         // non_transferable
    {AccountKind::mint, 52},        // interest_bearing_config
    {AccountKind::account, 1},      // cpi_guard
    {AccountKind::mint, 32},        // permanent_delegate
    {AccountKind::account, 0},      // non_transferable_account
    {AccountKind::mint, 64},        // transfer_hook
    {AccountKind::account, 1},      // transfer_hook_account
    {AccountKind::mint, 129},       // confidential_transfer_fee_config
    {AccountKind::account, 64},     // confidential_transfer_fee_amount
    {AccountKind::mint, 64},        // metadata_pointer
    {AccountKind::mint, kAnySize},  // token_metadata
    {AccountKind::mint, 64},        // group_pointer
    {AccountKind::mint, 80},        // token_group
    {AccountKind::mint, 64},        // group_member_pointer
    {AccountKind::mint, 72},        // token_group_member
    {AccountKind::mint, 196},       // confidential_mint_burn
    {AccountKind::mint, 56},        // scaled_ui_amount
    {AccountKind::mint, 33},        // pausable
    {AccountKind::account, 0},      // pausable_account
}};

bool all_zero(ByteView bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// Four bytes of presence, then the value, which has its place either way.
Result<bool> read_presence(Reader& reader) {
    CHATMCP_TRY(const std::uint32_t tag, reader.u32());
    if (tag > 1) {
        return fail(Errc::malformed, "CHN-62");
    }
    return tag == 1;
}

Result<std::optional<Address>> read_optional_address(Reader& reader) {
    CHATMCP_TRY(const bool present, read_presence(reader));
    CHATMCP_TRY(const auto bytes, reader.array<Address::kBytes>());
    return present ? std::optional<Address>(Address{bytes}) : std::nullopt;
}

Result<Address> read_address(Reader& reader) {
    CHATMCP_TRY(const auto bytes, reader.array<Address::kBytes>());
    return Address{bytes};
}

Result<void> check_extension(AccountKind kind, std::uint16_t type, ByteView value) {
    if (type > kForms.size()) {
        return fail(Errc::unsupported, "CHN-65");
    }
    const ExtensionForm& form = kForms[type - 1];
    if (form.kind != kind || (form.size_bytes != kAnySize && form.size_bytes != value.size())) {
        return fail(Errc::malformed, "CHN-64");
    }
    return {};
}

Result<std::vector<TokenExtension>> read_extensions(AccountKind kind, ByteView data) {
    std::vector<TokenExtension> out;
    Reader reader(data);
    while (reader.remaining() >= kExtensionTypeBytes) {
        const ByteView here = reader.rest();
        CHATMCP_TRY(const std::uint16_t type, reader.u16());
        if (type == 0) {
            reader = Reader(here);
            break;
        }
        CHATMCP_TRY(const std::uint16_t size, reader.u16());
        CHATMCP_TRY(const ByteView value, reader.fixed(size));
        CHATMCP_TRY_VOID(check_extension(kind, type, value));
        if (find_extension(out, TokenExtensionType{type}) != nullptr) {
            return fail(Errc::malformed, "CHN-64");
        }
        out.push_back({TokenExtensionType{type}, value});
    }
    if (!all_zero(reader.rest())) {
        return fail(Errc::malformed, "CHN-64");
    }
    return out;
}

// What follows the `base_bytes` that Token and Token-2022 have in common.
Result<std::vector<TokenExtension>> read_tail(const Address& program,
                                              AccountKind kind,
                                              std::size_t base_bytes,
                                              ByteView data) {
    if (program != kTokenProgram && program != kToken2022Program) {
        return fail(Errc::wrong_key, "CHN-60");
    }
    if (data.size() == base_bytes) {
        return std::vector<TokenExtension>{};
    }
    if (program == kTokenProgram || data.size() < kExtensionsOffset ||
        data.size() == kMultisigBytes) {
        return fail(Errc::malformed, "CHN-61");
    }
    if (data[kKindOffset] != static_cast<std::uint8_t>(kind) ||
        !all_zero(data.subspan(base_bytes, kKindOffset - base_bytes))) {
        return fail(Errc::malformed, "CHN-63");
    }
    return read_extensions(kind, data.subspan(kExtensionsOffset));
}

}  // namespace

Result<Mint> decode_mint(const Address& program, ByteView data) {
    Mint mint;
    CHATMCP_TRY(mint.extensions, read_tail(program, AccountKind::mint, Mint::kBytes, data));
    Reader reader(data);
    CHATMCP_TRY(mint.mint_authority, read_optional_address(reader));
    CHATMCP_TRY(mint.supply, reader.u64());
    CHATMCP_TRY(mint.decimals, reader.u8());
    CHATMCP_TRY(const std::uint8_t initialized, reader.u8());
    CHATMCP_TRY(mint.freeze_authority, read_optional_address(reader));
    if (initialized > 1) {
        return fail(Errc::malformed, "CHN-62");
    }
    if (initialized == 0) {
        return fail(Errc::not_found, "CHN-66");
    }
    return mint;
}

Result<TokenAccount> decode_token_account(const Address& program, ByteView data) {
    TokenAccount account;
    CHATMCP_TRY(account.extensions,
                read_tail(program, AccountKind::account, TokenAccount::kBytes, data));
    Reader reader(data);
    CHATMCP_TRY(account.mint, read_address(reader));
    CHATMCP_TRY(account.owner, read_address(reader));
    CHATMCP_TRY(account.amount, reader.u64());
    CHATMCP_TRY(account.delegate, read_optional_address(reader));
    CHATMCP_TRY(const std::uint8_t state, reader.u8());
    CHATMCP_TRY(const bool native, read_presence(reader));
    CHATMCP_TRY(const std::uint64_t reserve, reader.u64());
    CHATMCP_TRY(account.delegated_amount, reader.u64());
    CHATMCP_TRY(account.close_authority, read_optional_address(reader));
    if (state > static_cast<std::uint8_t>(TokenAccountState::frozen)) {
        return fail(Errc::malformed, "CHN-62");
    }
    if (state == 0) {
        return fail(Errc::not_found, "CHN-66");
    }
    account.state = TokenAccountState{state};
    if (native) {
        account.native_reserve_lamports = reserve;
    }
    return account;
}

const TokenExtension* find_extension(const std::vector<TokenExtension>& extensions,
                                     TokenExtensionType type) {
    const auto found = std::find_if(
        extensions.begin(), extensions.end(), [&](const auto& each) { return each.type == type; });
    return found == extensions.end() ? nullptr : &*found;
}

}  // namespace chatmcp::chain
