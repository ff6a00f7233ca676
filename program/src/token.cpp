#include "token.h"

#include "lifecycle.h"

namespace chatmcp::program {
namespace {

// Spec: spl-token-2022-interface, TokenInstruction.
constexpr uint8_t kSetAuthority = 6;
constexpr uint8_t kMintTo = 7;
constexpr uint8_t kTransferChecked = 12;
constexpr uint8_t kBurnChecked = 15;
constexpr uint8_t kInitializeAccount3 = 18;
constexpr uint8_t kInitializeMint2 = 20;
constexpr uint8_t kMetadataPointerExtension = 39;
constexpr uint8_t kAuthorityMintTokens = 0;

// Spec: spl-token-metadata-interface: the first 8 bytes of SHA-256 of
// "spl_token_metadata_interface:initialize_account".
constexpr uint8_t kInitializeMetadata[8] = {210, 225, 30, 162, 88, 184, 77, 141};

template <uint64_t N>
struct Text {
    uint32_t size_bytes = N - 1;
    char characters[N - 1];

    constexpr Text(const char (&text)[N]) {
        for (uint64_t i = 0; i < N - 1; ++i) {
            characters[i] = text[i];
        }
    }
};
constexpr Text kName("ChatMCP");
constexpr Text kSymbol("CHAT");

// In an extension of the mint: type and length, two keys, three texts and an empty list behind
// their lengths.
constexpr uint64_t kMetadataBytes =
    4 + 64 + 3 * 4 + sizeof kName.characters + sizeof kSymbol.characters + 4;

struct AmountData {
    uint8_t bytes[10];
};

AmountData amount_data(uint8_t instruction, uint64_t amount) {
    AmountData data{};
    data.bytes[0] = instruction;
    *reinterpret_cast<uint64_t*>(data.bytes + 1) = amount;
    data.bytes[9] = kChatDecimals;
    return data;
}

// The config account is the owner of the vaults: its seeds sign.
struct ConfigSigner {
    uint8_t bump;
    Slice seeds[2] = {seed(Config::kSeed), {&bump, 1}};
    SignerSeeds signer{seeds, 2};

    explicit ConfigSigner(uint8_t config_bump) : bump(config_bump) {}
    ConfigSigner(const ConfigSigner&) = delete;
};

template <uint64_t accounts>
void call_token(const AccountMeta (&metas)[accounts],
                const AccountInfo (&infos)[accounts],
                const Slice& data,
                const SignerSeeds* signer) {
    const Call call{
        &kTokenProgram, metas, accounts, static_cast<const uint8_t*>(data.data), data.size_bytes};
    sol_invoke_signed_c(&call, infos, accounts, signer, signer == nullptr ? 0 : 1);
}

void transfer(const TokenMove& move, const SignerSeeds* signer) {
    const AmountData data = amount_data(kTransferChecked, move.amount);
    const AccountMeta metas[] = {{move.source.key, true, false},
                                 {move.mint.key, false, false},
                                 {move.destination.key, true, false},
                                 {move.authority.key, false, true}};
    const AccountInfo infos[] = {move.source, move.mint, move.destination, move.authority};
    call_token(metas, infos, {data.bytes, sizeof data.bytes}, signer);
}

void initialize_metadata_pointer(const AccountInfo& mint) {
    uint8_t data[2 + 2 * sizeof(Key)] = {kMetadataPointerExtension, 0};
    // No authority, and the mint itself holds the metadata.
    *reinterpret_cast<Key*>(data + 2 + sizeof(Key)) = *mint.key;
    const AccountMeta metas[] = {{mint.key, true, false}};
    const AccountInfo infos[] = {mint};
    call_token(metas, infos, {data, sizeof data}, nullptr);
}

template <class T>
uint8_t* put(uint8_t* at, const T& text) {
    *reinterpret_cast<uint32_t*>(at) = text.size_bytes;
    for (uint32_t i = 0; i < text.size_bytes; ++i) {
        at[4 + i] = static_cast<uint8_t>(text.characters[i]);
    }
    return at + 4 + text.size_bytes;
}

void initialize_metadata(const AccountInfo& mint,
                         const AccountInfo& config,
                         const SignerSeeds& signer) {
    uint8_t data[64];
    for (uint64_t i = 0; i < sizeof kInitializeMetadata; ++i) {
        data[i] = kInitializeMetadata[i];
    }
    uint8_t* end = put(data + sizeof kInitializeMetadata, kName);
    end = put(end, kSymbol);
    *reinterpret_cast<uint32_t*>(end) = 0;  // No place outside with more.
    end += sizeof(uint32_t);
    const AccountMeta metas[] = {{mint.key, true, false},
                                 {config.key, false, false},
                                 {mint.key, false, false},
                                 {config.key, false, true}};
    const AccountInfo infos[] = {mint, config, mint, config};
    call_token(metas, infos, {data, static_cast<uint64_t>(end - data)}, &signer);
}

}  // namespace

const uint64_t kMintWithMetadataBytes = kMintBytes + kMetadataBytes;

void transfer_chat(const TokenMove& move) {
    transfer(move, nullptr);
}

void transfer_chat_of_program(const TokenMove& move, uint8_t config_bump) {
    const ConfigSigner config(config_bump);
    transfer(move, &config.signer);
}

void burn_chat_of_program(const AccountInfo& vault,
                          const AccountInfo& mint,
                          const AccountInfo& config,
                          uint64_t amount,
                          uint8_t config_bump) {
    const ConfigSigner signs(config_bump);
    const AmountData data = amount_data(kBurnChecked, amount);
    const AccountMeta metas[] = {
        {vault.key, true, false}, {mint.key, true, false}, {config.key, false, true}};
    const AccountInfo infos[] = {vault, mint, config};
    call_token(metas, infos, {data.bytes, sizeof data.bytes}, &signs.signer);
}

void initialize_token_account(const AccountInfo& account,
                              const AccountInfo& mint,
                              const Key& owner) {
    uint8_t data[1 + sizeof(Key)] = {kInitializeAccount3};
    *reinterpret_cast<Key*>(data + 1) = owner;
    const AccountMeta metas[] = {{account.key, true, false}, {mint.key, false, false}};
    const AccountInfo infos[] = {account, mint};
    call_token(metas, infos, {data, sizeof data}, nullptr);
}

void initialize_mint(AccountInfo& mint, const AccountInfo& config, uint8_t config_bump) {
    initialize_metadata_pointer(mint);
    // Decimals, the authority, and no authority to freeze.
    uint8_t data[2 + sizeof(Key) + 1] = {kInitializeMint2, kChatDecimals};
    *reinterpret_cast<Key*>(data + 2) = *config.key;
    const AccountMeta metas[] = {{mint.key, true, false}};
    const AccountInfo infos[] = {mint};
    call_token(metas, infos, {data, sizeof data}, nullptr);
    const ConfigSigner signs(config_bump);
    initialize_metadata(mint, config, signs.signer);
    refresh_size(mint);
}

void mint_supply(const AccountInfo& mint,
                 const AccountInfo& treasury,
                 const AccountInfo& config,
                 uint8_t config_bump) {
    const ConfigSigner signs(config_bump);
    const AmountData data = amount_data(kMintTo, kChatSupply);
    const AccountMeta metas[] = {
        {mint.key, true, false}, {treasury.key, true, false}, {config.key, false, true}};
    const AccountInfo infos[] = {mint, treasury, config};
    call_token(metas, infos, {data.bytes, 1 + sizeof(uint64_t)}, &signs.signer);

    const uint8_t nobody[] = {kSetAuthority, kAuthorityMintTokens, 0};
    const AccountMeta authority_metas[] = {{mint.key, true, false}, {config.key, false, true}};
    const AccountInfo authority_infos[] = {mint, config};
    call_token(authority_metas, authority_infos, {nobody, sizeof nobody}, &signs.signer);
}

}  // namespace chatmcp::program
