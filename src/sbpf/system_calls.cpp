#include "sbpf/system_calls.h"

#include <algorithm>
#include <array>
#include <bit>

namespace chatmcp::sbpf {
namespace {

// Runtime of Agave 4, with what features may still switch on. `sol_alloc_free_` is left out, as
// later loaders refuse it, and so are the forms of calls for Rust alone and of sysvars that are
// gone.
constexpr auto kNames = std::to_array<std::string_view>({
    "abort",
    "sol_alt_bn128_compression",
    "sol_alt_bn128_group_op",
    "sol_big_mod_exp",
    "sol_blake3",
    "sol_create_program_address",
    "sol_curve_decompress",
    "sol_curve_group_op",
    "sol_curve_multiscalar_mul",
    "sol_curve_pairing_map",
    "sol_curve_validate_point",
    "sol_get_clock_sysvar",
    "sol_get_epoch_rewards_sysvar",
    "sol_get_epoch_schedule_sysvar",
    "sol_get_epoch_stake",
    "sol_get_last_restart_slot",
    "sol_get_processed_sibling_instruction",
    "sol_get_rent_sysvar",
    "sol_get_return_data",
    "sol_get_stack_height",
    "sol_get_sysvar",
    "sol_invoke_signed_c",
    "sol_keccak256",
    "sol_log_",
    "sol_log_64_",
    "sol_log_compute_units_",
    "sol_log_data",
    "sol_log_pubkey",
    "sol_memcmp_",
    "sol_memcpy_",
    "sol_memmove_",
    "sol_memset_",
    "sol_panic_",
    "sol_poseidon",
    "sol_remaining_compute_units",
    "sol_secp256k1_recover",
    "sol_set_return_data",
    "sol_sha256",
    "sol_sha512",
    "sol_try_find_program_address",
});
static_assert(std::ranges::is_sorted(kNames));

// The constants of MurmurHash3_x86_32.
constexpr std::uint32_t kFirstFactor = 0xcc9e2d51;
constexpr std::uint32_t kSecondFactor = 0x1b873593;
constexpr std::uint32_t kBlockFactor = 5;
constexpr std::uint32_t kBlockSum = 0xe6546b64;
constexpr std::uint32_t kFirstMix = 0x85ebca6b;
constexpr std::uint32_t kSecondMix = 0xc2b2ae35;
constexpr std::size_t kBlockBytes = 4;

constexpr std::uint32_t block_hash(std::string_view block) {
    std::uint32_t value = 0;
    for (std::size_t i = block.size(); i-- > 0;) {
        value = (value << 8) | static_cast<std::uint8_t>(block[i]);
    }
    return std::rotl(value * kFirstFactor, 15) * kSecondFactor;
}

constexpr std::uint32_t hash_of(std::string_view data) {
    std::uint32_t hash = 0;
    std::string_view rest = data;
    for (; rest.size() >= kBlockBytes; rest.remove_prefix(kBlockBytes)) {
        hash ^= block_hash(rest.substr(0, kBlockBytes));
        hash = std::rotl(hash, 13) * kBlockFactor + kBlockSum;
    }
    hash ^= block_hash(rest);
    hash ^= static_cast<std::uint32_t>(data.size());
    hash = (hash ^ (hash >> 16)) * kFirstMix;
    hash = (hash ^ (hash >> 13)) * kSecondMix;
    return hash ^ (hash >> 16);
}

constexpr auto kNumbers = [] {
    std::array<std::uint32_t, kNames.size()> numbers{};
    std::ranges::transform(kNames, numbers.begin(), hash_of);
    return numbers;
}();

}  // namespace

std::uint32_t murmur3_32(ByteView data) {
    return hash_of(as_text(data));
}

std::span<const std::string_view> system_call_names() {
    return kNames;
}

std::optional<std::uint32_t> system_call_number(std::string_view name) {
    const auto found = std::ranges::lower_bound(kNames, name);
    if (found == kNames.end() || *found != name) {
        return std::nullopt;
    }
    return kNumbers[static_cast<std::size_t>(found - kNames.begin())];
}

std::optional<std::string_view> system_call_name(std::uint32_t number) {
    const auto found = std::ranges::find(kNumbers, number);
    if (found == kNumbers.end()) {
        return std::nullopt;
    }
    return kNames[static_cast<std::size_t>(found - kNumbers.begin())];
}

}  // namespace chatmcp::sbpf
