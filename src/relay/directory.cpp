#include "relay/directory.h"

#include <algorithm>
#include <utility>

#include "crypto/hash.h"
#include "identity/credential.h"
#include "identity/device_log.h"
#include "relay/records.h"
#include "wire/labelled_sign.h"

namespace chatmcp::relay {
namespace {

constexpr std::size_t kDeviceLogMaxBytes =
    identity::kDeviceLogEntriesMax * kDeviceLogEntryMaxBytes + 1;

Result<void> check_key_package(ByteView package) {
    if (package.empty()) {
        return fail(Errc::malformed, "RLY-12");
    }
    return package.size() <= wire::kKeyPackageMaxBytes ? Result<void>{}
                                                       : fail(Errc::too_large, "RLY-11");
}

Result<std::vector<store::Entry>> read_log(const Context& context, std::string_view account) {
    return context.store.read_after(device_log_partition(account),
                                    0,
                                    identity::kDeviceLogEntriesMax + 1,
                                    kDeviceLogMaxBytes,
                                    context.clock.now());
}

}  // namespace

Result<wire::UploadKeyPackages::Reply> Directory::upload(
    const wire::Ed25519Key& root_key, const wire::UploadKeyPackages& request) const {
    if (request.key_packages.size() > wire::kKeyPackagesPerUploadMax) {
        return fail(Errc::too_large, "RLY-22");
    }
    for (const Bytes& package : request.key_packages) {
        CHATMCP_TRY_VOID(check_key_package(package));
    }
    if (request.last_resort.has_value()) {
        CHATMCP_TRY_VOID(check_key_package(*request.last_resort));
    }
    const store::Partition pool = key_package_partition(root_key);
    const UnixMs now = context_.clock.now();
    const UnixMs expires_at = now.plus_ms(kKeyPackageLifetimeMs);
    CHATMCP_TRY(const auto before, context_.store.offer(pool, {}, {}, expires_at, now));
    if (before.available + request.key_packages.size() > kKeyPackagesPerDeviceMax) {
        return fail(Errc::resource_exhausted, "RLY-23");
    }
    CHATMCP_TRY(
        const auto state,
        context_.store.offer(pool, request.key_packages, request.last_resort, expires_at, now));
    return wire::UploadKeyPackages::Reply{.available = state.available,
                                          .last_resort_used = state.last_resort_used};
}

Result<wire::ClaimKeyPackages::Reply> Directory::claim(const wire::ClaimKeyPackages& request,
                                                       const Peer& peer) const {
    if (request.root_keys.empty() ||
        request.root_keys.size() > wire::ClaimKeyPackages::kRootKeysMax) {
        return fail(Errc::invalid_argument, "RLY-24");
    }
    const UnixMs now = context_.clock.now();
    const Limits& limits = context_.options.limits;
    using Kind = RateLimiter::Kind;
    wire::ClaimKeyPackages::Reply reply;
    reply.key_packages.resize(request.root_keys.size());
    std::size_t refused = 0;
    std::vector<store::Partition> pools;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < request.root_keys.size(); ++i) {
        const wire::Ed25519Key& target = request.root_keys[i];
        if (!context_.limiter.take(Kind::claim_target_source,
                                   limits.claims_per_target_and_source,
                                   peer.source,
                                   target,
                                   now)) {
            ++refused;
        } else if (context_.limiter.take(
                       Kind::claim_target, limits.claims_per_target, target, {}, now)) {
            pools.push_back(key_package_partition(target));
            places.push_back(i);
        } else {
            // Whoever wants this device to be out of reach must not be able to ask for so many.
            CHATMCP_TRY(reply.key_packages[i],
                        context_.store.claim_last_resort(key_package_partition(target)));
        }
    }
    if (refused == request.root_keys.size()) {
        return fail(Errc::rate_limited, "RLY-25");
    }
    CHATMCP_TRY(auto claimed, context_.store.claim(pools, now));
    for (std::size_t i = 0; i < places.size(); ++i) {
        reply.key_packages[places[i]] = std::move(claimed.at(i));
    }
    return reply;
}

Result<wire::GetDeviceLog::Reply> Directory::device_log(const wire::GetDeviceLog& request) const {
    CHATMCP_TRY(const auto account, identity::Caip10::parse(request.account));
    CHATMCP_TRY(auto entries, read_log(context_, account.text()));
    wire::GetDeviceLog::Reply reply;
    for (store::Entry& entry : entries) {
        reply.entries.push_back(std::move(entry.value));
    }
    return reply;
}

Result<wire::AppendDeviceLog::Reply> Directory::append_device_log(
    const wire::AppendDeviceLog& request, const Peer& peer) const {
    const UnixMs now = context_.clock.now();
    if (!context_.limiter.take(RateLimiter::Kind::device_log_source,
                               context_.options.limits.device_logs_per_source,
                               peer.source,
                               {},
                               now)) {
        return fail(Errc::rate_limited, "RLY-26");
    }
    if (request.entry.size() > kDeviceLogEntryMaxBytes) {
        return fail(Errc::too_large, "RLY-11");
    }
    CHATMCP_TRY(auto entry, wire::decode<identity::DeviceLogEntry>(request.entry));
    const identity::Caip10 account = entry.proof.account;
    CHATMCP_TRY(const auto entries, read_log(context_, account.text()));
    const std::uint64_t sequence = entry.proof.log_sequence;
    if (sequence < entries.size()) {
        // Repeated, or a second entry for one place: the log never changes what it said.
        return equal(entries[sequence].value, request.entry)
                   ? Result<wire::AppendDeviceLog::Reply>(
                         wire::AppendDeviceLog::Reply{.sequence = sequence})
                   : fail(Errc::conflict, "RLY-33");
    }
    std::vector<identity::DeviceLogEntry> log;
    for (const store::Entry& stored : entries) {
        CHATMCP_TRY(log.emplace_back(), decode_record<identity::DeviceLogEntry>(stored.value));
    }
    log.push_back(std::move(entry));
    CHATMCP_TRY_VOID(identity::verify_device_log(log, account));
    CHATMCP_TRY_VOID(context_.store.update(
        device_log_partition(account.text()),
        crypto::sha256(request.entry),
        now,
        [&](const std::optional<store::Head>& head) -> Result<store::Change> {
            // Verified against the log that was read: it must still be that one.
            if ((head.has_value() ? head->sequence : 0) != entries.size()) {
                return fail(Errc::conflict, "RLY-33");
            }
            store::Change change;
            change.entry = store::NewEntry{.expires_at = store::kNever, .value = request.entry};
            return change;
        }));
    return wire::AppendDeviceLog::Reply{.sequence = sequence};
}

Result<void> Directory::make_room_for_agent(const identity::Caip10& operator_account,
                                            UnixMs now) const {
    const store::Partition list = agents_partition();
    CHATMCP_TRY(const auto all, context_.store.list_blobs(list, {}, kAgentsMax, now));
    std::size_t own = 0;
    const store::Blob* oldest = nullptr;
    for (const store::Blob& blob : all) {
        CHATMCP_TRY(const auto entry, decode_record<wire::AgentEntry>(blob.value));
        CHATMCP_TRY(const auto credential,
                    decode_record<identity::AgentCredential>(entry.credential));
        if (credential.operator_account != operator_account) {
            continue;
        }
        ++own;
        if (oldest == nullptr || blob.expires_at < oldest->expires_at) {
            oldest = &blob;
        }
    }
    if (all.size() < kAgentsMax && own < kAgentsPerOperatorMax) {
        return {};
    }
    if (oldest == nullptr) {
        return fail(Errc::resource_exhausted, "RLY-34");
    }
    return context_.store.put_blob(list, {.name = oldest->name, .expires_at = now, .value = {}});
}

Result<wire::PutAgentEntry::Reply> Directory::put_agent(const wire::Ed25519Key& enclave_key,
                                                        ByteView entry,
                                                        const Peer& peer) const {
    const UnixMs now = context_.clock.now();
    const Limits& limits = context_.options.limits;
    using Kind = RateLimiter::Kind;
    if (!context_.limiter.take(
            Kind::agent_entry_source, limits.agent_entries_per_source, peer.source, {}, now)) {
        return fail(Errc::rate_limited, "RLY-36");
    }
    if (entry.size() > kAgentEntryMaxBytes) {
        return fail(Errc::too_large, "RLY-11");
    }
    CHATMCP_TRY(const auto decoded, wire::decode<wire::AgentEntry>(entry));
    CHATMCP_TRY(const auto credential, wire::decode<identity::AgentCredential>(decoded.credential));
    if (credential.enclave_key != enclave_key) {
        return fail(Errc::permission_denied, "RLY-31");
    }
    if (!wire::verify(enclave_key, decoded, decoded.signature).has_value()) {
        return fail(Errc::bad_signature, "RLY-32");
    }
    CHATMCP_TRY_VOID(identity::verify_agent_credential(credential));

    const store::Partition list = agents_partition();
    const std::lock_guard lock(new_agents_);
    CHATMCP_TRY(const auto known, context_.store.get_blob(list, enclave_key, now));
    if (!known.has_value()) {
        if (!context_.limiter.take(
                Kind::new_agent_source, limits.new_agents_per_source, peer.source, {}, now)) {
            return fail(Errc::rate_limited, "RLY-36");
        }
        CHATMCP_TRY_VOID(make_room_for_agent(credential.operator_account, now));
    }
    CHATMCP_TRY_VOID(context_.store.put_blob(list,
                                             {.name = to_bytes(enclave_key),
                                              .expires_at = now.plus_ms(kAgentEntryLifetimeMs),
                                              .value = to_bytes(entry)}));
    return wire::PutAgentEntry::Reply{};
}

Result<wire::ListAgents::Reply> Directory::agents() const {
    CHATMCP_TRY(
        auto blobs,
        context_.store.list_blobs(agents_partition(), {}, kAgentsMax, context_.clock.now()));
    wire::ListAgents::Reply reply;
    for (store::Blob& blob : blobs) {
        reply.entries.push_back(std::move(blob.value));
    }
    return reply;
}

}  // namespace chatmcp::relay
