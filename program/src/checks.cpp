#include "checks.h"

namespace chatmcp::program {
namespace {

// Spec: spl-token-2022-interface, Account.
constexpr uint64_t kTokenAccountBytes = 165;
constexpr uint64_t kTokenOwnerOffset = 32;

}  // namespace

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

Error check_first_address(const AccountInfo& account,
                          const Key& program,
                          const Slice* seeds,
                          uint64_t count) {
    Key address{};
    uint8_t bump = 0;
    CHATMCP_REQUIRE(sol_try_find_program_address(seeds, count - 1, &program, &address, &bump) == 0,
                    wrong_seeds);
    CHATMCP_REQUIRE(bump == *static_cast<const uint8_t*>(seeds[count - 1].data), wrong_seeds);
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

Error check_sysvar(const AccountInfo& account, const Key& expected) {
    CHATMCP_REQUIRE(same(*account.key, expected), wrong_program);
    return Error::none;
}

Error check_program_data(const AccountInfo& account, uint8_t bump, const Key& program) {
    CHATMCP_CHECKED(check_owner(account, kLoader));
    const Slice seeds[] = {{&program, sizeof program}, {&bump, sizeof bump}};
    return check_seeds(account, kLoader, seeds, 2);
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
