// Decoders of everything that identity puts on the wire, and the verifiers behind them with clock
// and policy from the input as well. The first byte picks the structure.

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "identity/credential.h"
#include "identity/device_log.h"
#include "identity/wallet_binding.h"

namespace chatmcp::identity {
namespace {

// What decodes encodes to the same bytes, and its text can be written.
template <class T>
void decode_and_verify(ByteView input, const std::vector<std::string>& domains, UnixMs at);

template <>
void decode_and_verify<DeviceCredential>(ByteView input,
                                         const std::vector<std::string>& domains,
                                         UnixMs at) {
    const auto credential = wire::decode<DeviceCredential>(input);
    if (!credential.has_value()) {
        return;
    }
    CHATMCP_CHECK(equal(wire::encode(*credential), input));
    CHATMCP_CHECK(credential->wallet.text().size() <= kWalletTextMaxBytes);
    CHATMCP_CHECK(input.size() <= DeviceCredential::kMaxBytes);
    const auto& delegation = credential->delegation;
    const bool is_key_package = delegation.purpose == Delegation::Purpose::key_package;
    static_cast<void>(verify_device_credential(
        *credential, delegation.leaf_key, delegation.group_id, is_key_package));
    // No credential is ever good both in a key package and in a group.
    CHATMCP_CHECK(!verify_device_credential(
                       *credential, delegation.leaf_key, delegation.group_id, !is_key_package)
                       .has_value());
    static_cast<void>(check_device_credential(*credential, domains, at));
    CHATMCP_CHECK(!check_device_credential(*credential, {}, at).has_value());
}

template <>
void decode_and_verify<AgentCredential>(ByteView input,
                                        const std::vector<std::string>& domains,
                                        UnixMs at) {
    const auto credential = wire::decode<AgentCredential>(input);
    if (!credential.has_value()) {
        return;
    }
    CHATMCP_CHECK(equal(wire::encode(*credential), input));
    CHATMCP_CHECK(credential->text().size() <= kWalletTextMaxBytes);
    CHATMCP_CHECK(input.size() <= AgentCredential::kMaxBytes);
    static_cast<void>(verify_agent_credential(*credential));
    static_cast<void>(check_agent_credential(*credential, domains, at));
    CHATMCP_CHECK(!check_agent_credential(*credential, {}, at).has_value());
}

template <>
void decode_and_verify<DeviceLogEntry>(ByteView input,
                                       const std::vector<std::string>& domains,
                                       UnixMs at) {
    const auto entry = wire::decode<DeviceLogEntry>(input);
    if (!entry.has_value()) {
        return;
    }
    CHATMCP_CHECK(equal(wire::encode(*entry), input));
    static_cast<void>(verify_device_log({*entry}, entry->proof.account));
    // One entry twice is never a log.
    CHATMCP_CHECK(!verify_device_log({*entry, *entry}, entry->proof.account).has_value());
    static_cast<void>(check_wallet_proof(entry->proof, domains, at));
}

template <>
void decode_and_verify<WalletCredential>(ByteView input,
                                         const std::vector<std::string>& /*domains*/,
                                         UnixMs /*at*/) {
    const auto credential = wire::decode<WalletCredential>(input);
    if (!credential.has_value()) {
        return;
    }
    CHATMCP_CHECK(equal(wire::encode(*credential), input));
    // Of its own key it is good, of no other.
    mls::CredentialBinding binding;
    binding.credential = {kWalletCredentialType, to_bytes(input)};
    CHATMCP_CHECK(!verify_wallet_binding(binding).has_value());
    binding.credential_key = to_bytes(credential->account.public_key());
    CHATMCP_CHECK(verify_wallet_binding(binding).has_value());
}

void run(ByteView input) {
    wire::Reader reader(input);
    const auto kind = reader.u8();
    const auto at = reader.u64();
    const auto domain = reader.vector(kDomainMaxBytes);
    if (!kind.has_value() || !at.has_value() || !domain.has_value()) {
        return;
    }
    const std::vector<std::string> domains = {to_text(*domain)};
    const UnixMs time{static_cast<std::int64_t>(*at)};
    const ByteView rest = input.subspan(reader.position());
    switch (*kind % 4) {
        case 0:
            return decode_and_verify<DeviceCredential>(rest, domains, time);
        case 1:
            return decode_and_verify<AgentCredential>(rest, domains, time);
        case 2:
            return decode_and_verify<DeviceLogEntry>(rest, domains, time);
        default:
            return decode_and_verify<WalletCredential>(rest, domains, time);
    }
}

}  // namespace
}  // namespace chatmcp::identity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chatmcp::identity::run({data, size});
    return 0;
}
