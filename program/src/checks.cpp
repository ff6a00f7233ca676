#include "checks.h"

namespace chatmcp::program {
namespace {

// Spec: spl-token-2022-interface, Account.
constexpr uint64_t kTokenAccountBytes = 165;
constexpr uint64_t kTokenOwnerOffset = 32;

}  // namespace

// TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb
const Key kTokenProgram{{0x06, 0xdd, 0xf6, 0xe1, 0xee, 0x75, 0x8f, 0xde, 0x18, 0x42, 0x5d,
                         0xbc, 0xe4, 0x6c, 0xcd, 0xda, 0xb6, 0x1a, 0xfc, 0x4d, 0x83, 0xb9,
                         0x0d, 0x27, 0xfe, 0xbd, 0xf9, 0x28, 0xd8, 0xa1, 0x8b, 0xfc}};
// BPFLoaderUpgradeab1e11111111111111111111111
const Key kLoader{{0x02, 0xa8, 0xf6, 0x91, 0x4e, 0x88, 0xa1, 0xb0, 0xe2, 0x10, 0x15,
                   0x3e, 0xf7, 0x63, 0xae, 0x2b, 0x00, 0xc2, 0xb9, 0x3d, 0x16, 0xc1,
                   0x24, 0xd2, 0xc0, 0x53, 0x7a, 0x10, 0x04, 0x80, 0x00, 0x00}};
// Sysvar1nstructions1111111111111111111111111
const Key kInstructionsSysvar{{0x06, 0xa7, 0xd5, 0x17, 0x18, 0x7b, 0xd1, 0x66, 0x35, 0xda, 0xd4,
                               0x04, 0x55, 0xfd, 0xc2, 0xc0, 0xc1, 0x24, 0xc6, 0x8f, 0x21, 0x56,
                               0x75, 0xa5, 0xdb, 0xba, 0xcb, 0x5f, 0x08, 0x00, 0x00, 0x00}};
// Ed25519SigVerify111111111111111111111111111
const Key kEd25519Program{{0x03, 0x7d, 0x46, 0xd6, 0x7c, 0x93, 0xfb, 0xbe, 0x12, 0xf9, 0x42,
                           0x8f, 0x83, 0x8d, 0x40, 0xff, 0x05, 0x70, 0x74, 0x49, 0x27, 0xf4,
                           0x8a, 0x64, 0xfc, 0xca, 0x70, 0x44, 0x80, 0x00, 0x00, 0x00}};

bool is_zero(const Key& key) {
    return same(key, kSystemProgram);
}

bool all_zero(const uint8_t* bytes, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

Error check_kind(const AccountInfo& account,
                 const Key& program,
                 AccountKind kind,
                 uint64_t size_bytes) {
    CHATMCP_CHECKED(check_owner(account, program));
    CHATMCP_REQUIRE(account.data_bytes >= sizeof(AccountHeader), wrong_size);
    const auto& header = *reinterpret_cast<const AccountHeader*>(account.data);
    // The kind before the size: an account that was never made is refused as that.
    CHATMCP_REQUIRE(header.discriminator == kind, wrong_discriminator);
    CHATMCP_REQUIRE(header.version == kAccountVersion, wrong_version);
    // A proposal has its payload behind it.
    CHATMCP_REQUIRE(kind == AccountKind::proposal ? account.data_bytes >= size_bytes
                                                  : account.data_bytes == size_bytes,
                    wrong_size);
    return Error::none;
}

Error check_seeds(const AccountInfo& account,
                  const Key& program,
                  const Slice* seeds,
                  uint64_t count) {
    Key address{};
    CHATMCP_REQUIRE(sol_create_program_address(seeds, count, &program, &address) == 0, wrong_seeds);
    CHATMCP_REQUIRE(same(address, *account.key), wrong_seeds);
    return Error::none;
}

Error check_system_program(const AccountInfo& account) {
    CHATMCP_REQUIRE(same(*account.key, kSystemProgram), wrong_program);
    return Error::none;
}

Error check_token_program(const AccountInfo& account) {
    CHATMCP_REQUIRE(same(*account.key, kTokenProgram), wrong_program);
    return Error::none;
}

Error check_loader(const AccountInfo& account) {
    CHATMCP_REQUIRE(same(*account.key, kLoader), wrong_program);
    return Error::none;
}

Error check_token_account(const AccountInfo& account, const Key& mint, const Key& owner) {
    CHATMCP_CHECKED(check_owner(account, kTokenProgram));
    CHATMCP_REQUIRE(account.data_bytes >= kTokenAccountBytes, wrong_size);
    CHATMCP_REQUIRE(same(*reinterpret_cast<const Key*>(account.data), mint), wrong_mint);
    CHATMCP_REQUIRE(same(*reinterpret_cast<const Key*>(account.data + kTokenOwnerOffset), owner),
                    wrong_token_owner);
    return Error::none;
}

Error check_not_paused(const Config& config, uint64_t slot) {
    CHATMCP_REQUIRE(slot >= config.paused_until_slot, paused);
    return Error::none;
}

}  // namespace chatmcp::program
