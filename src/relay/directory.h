#pragma once

#include <mutex>

#include "base/result.h"
#include "identity/caip10.h"
#include "relay/admit.h"
#include "relay/context.h"
#include "wire/delivery.h"

namespace chatmcp::relay {

inline constexpr std::int64_t kKeyPackageLifetimeMs = 30 * kDayMs;
inline constexpr std::size_t kKeyPackagesPerDeviceMax = 200;
inline constexpr std::size_t kDeviceLogEntryMaxBytes = 2048;
inline constexpr std::size_t kAgentEntryMaxBytes = 2048;
/// The list is given whole, so kAgentsMax * kAgentEntryMaxBytes is what an answer may hold.
inline constexpr std::size_t kAgentsMax = 1000;
inline constexpr std::size_t kAgentsPerOperatorMax = 50;
/// By the relay's clock since it was put; an enclave puts it again every hour.
inline constexpr std::int64_t kAgentEntryLifetimeMs = kDayMs;

/// What can be looked up about others: key packages, device logs, assistants.
class Directory {
  public:
    explicit Directory(const Context& context) : context_(context) {}

    /// Errors: too_large (RLY-11, RLY-22), malformed (RLY-12); resource_exhausted (RLY-23) more
    /// than
    ///         kKeyPackagesPerDeviceMax would lie there.
    [[nodiscard]] Result<wire::UploadKeyPackages::Reply> upload(
        const wire::Ed25519Key& root_key, const wire::UploadKeyPackages& request) const;
    /// A device that was asked for too often lately, by anybody, counts as having only its
    /// last-resort package left; asked for too often by this source, as having none.
    /// Errors: invalid_argument (RLY-24) no key or too many; rate_limited (RLY-25) this source
    ///         asked for each of them too often.
    [[nodiscard]] Result<wire::ClaimKeyPackages::Reply> claim(const wire::ClaimKeyPackages& request,
                                                              const Peer& peer) const;

    /// Errors: those of identity::Caip10::parse.
    [[nodiscard]] Result<wire::GetDeviceLog::Reply> device_log(
        const wire::GetDeviceLog& request) const;
    /// Errors: rate_limited (RLY-26); too_large (RLY-11); those of identity::verify_device_log;
    ///         conflict (RLY-33) its place in the log is taken by another entry.
    [[nodiscard]] Result<wire::AppendDeviceLog::Reply> append_device_log(
        const wire::AppendDeviceLog& request, const Peer& peer) const;

    /// A new entry takes the place of its operator's oldest when the operator has
    /// kAgentsPerOperatorMax, or when the list is full.
    /// Errors: rate_limited (RLY-36); too_large (RLY-11); those of decoding and of
    ///         identity::verify_agent_credential; permission_denied (RLY-31) another key than the
    ///         login's; bad_signature (RLY-32); resource_exhausted (RLY-34) the list is full and
    ///         none of it is the operator's.
    [[nodiscard]] Result<wire::PutAgentEntry::Reply> put_agent(const wire::Ed25519Key& enclave_key,
                                                               ByteView entry,
                                                               const Peer& peer) const;
    [[nodiscard]] Result<wire::ListAgents::Reply> agents() const;

  private:
    Result<void> make_room_for_agent(const identity::Caip10& operator_account, UnixMs now) const;

    const Context& context_;
    mutable std::mutex new_agents_;  // One at a time, or the list could grow above its limit.
};

}  // namespace chatmcp::relay
