#include "simtee/landlock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "wire/evidence.h"

namespace chatmcp::simtee {
namespace {

// linux/landlock.h of kernel 6.12; the header of Debian 12 ends at ABI 3. Older kernels accept a
// longer structure whose unknown fields are zero.
struct RulesetAttributes {
    std::uint64_t handled_access_fs;
    std::uint64_t handled_access_net;
    std::uint64_t scoped;
};
constexpr std::uint32_t kCreateRulesetVersion = 1;
constexpr std::uint64_t kNetworkBindAndConnect = 3;
constexpr std::uint64_t kScopeAbstractSocketsAndSignals = 3;
constexpr long kAbiNetwork = 4;
constexpr long kAbiScope = 6;

/// Every right over files that this version knows; a right that is handled and not granted is
/// refused.
std::uint64_t all_file_rights(long abi) {
    if (abi >= 5) {
        return 0xFFFF;  // ioctl on devices
    }
    if (abi >= 3) {
        return 0x7FFF;  // truncate
    }
    return abi == 2 ? 0x3FFF : 0x1FFF;  // refer
}

}  // namespace

Result<std::uint32_t> landlock_nothing() {
    const long abi =
        ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, kCreateRulesetVersion);
    if (abi < 1) {
        return 0U;
    }
    RulesetAttributes attributes{all_file_rights(abi), 0, 0};
    std::uint32_t layers = wire::layer_bit(wire::SandboxLayer::landlock_files);
    if (abi >= kAbiNetwork) {
        attributes.handled_access_net = kNetworkBindAndConnect;
        layers |= wire::layer_bit(wire::SandboxLayer::landlock_network);
    }
    if (abi >= kAbiScope) {
        attributes.scoped = kScopeAbstractSocketsAndSignals;
        layers |= wire::layer_bit(wire::SandboxLayer::landlock_scope);
    }
    const long ruleset =
        ::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, std::uint32_t{0});
    if (ruleset < 0 || ::syscall(SYS_landlock_restrict_self, ruleset, std::uint32_t{0}) != 0) {
        return fail(Errc::internal, "TEE-36");
    }
    ::close(static_cast<int>(ruleset));
    return layers;
}

}  // namespace chatmcp::simtee
