#pragma once

#include <string>
#include <utility>

#include "crypto/sign.h"
#include "identity/credential.h"
#include "identity/device_log.h"
#include "identity/wallet_file.h"

// Accounts and devices for tests, made as real wallets and devices make them: from fixed seeds,
// with every signature right. The test program links chatmcp::identity itself.

namespace chatmcp::testing {

/// 2026-11-22T18:01:42Z, the present of tests.
inline constexpr UnixMs kTestNow{1'795'370'502'000};
inline const std::string kTestDomain = "chat.example";

/// The key whose seed is the SHA-256 of `name`.
[[nodiscard]] inline crypto::SigningKey key_named(std::string_view name) {
    return crypto::SigningKey::from_seed(crypto::sha256(as_bytes(name)));
}

/// The first entry of the wallet's log, signed by the wallet.
[[nodiscard]] inline identity::WalletProof make_wallet_proof(const crypto::SigningKey& wallet,
                                                             const crypto::SigningKey& root,
                                                             UnixMs now = kTestNow,
                                                             std::string domain = kTestDomain) {
    identity::WalletProof proof;
    proof.account = identity::Caip10::from_solana_key(wallet.public_key());
    proof.domain = std::move(domain);
    proof.root_key = root.public_key();
    proof.issued_at_s = static_cast<std::uint64_t>(now.seconds());
    proof.expires_at_s = static_cast<std::uint64_t>(now.plus_ms(365 * kDayMs).seconds());
    proof.signature = identity::sign_wallet_text(wallet, proof.text()).value();
    return proof;
}

/// For a key package if `group_id` is empty, else for this group.
[[nodiscard]] inline identity::DeviceCredential make_device_credential(
    const crypto::SigningKey& wallet,
    const crypto::SigningKey& root,
    const identity::PublicKey& leaf_key,
    ByteView group_id,
    UnixMs now = kTestNow) {
    const auto purpose = group_id.empty() ? identity::Delegation::Purpose::key_package
                                          : identity::Delegation::Purpose::group;
    return {make_wallet_proof(wallet, root, now),
            identity::delegate(root, leaf_key, purpose, group_id, now)};
}

[[nodiscard]] inline identity::AgentCredential make_agent_credential(
    const crypto::SigningKey& operator_wallet,
    const identity::PublicKey& enclave_key,
    UnixMs now = kTestNow,
    std::string domain = kTestDomain) {
    identity::AgentCredential credential;
    credential.measurement = crypto::sha256(as_bytes("measurement"));
    credential.configuration_digest = crypto::sha256(as_bytes("configuration"));
    credential.enclave_key = enclave_key;
    credential.operator_account = identity::Caip10::from_solana_key(operator_wallet.public_key());
    credential.domain = std::move(domain);
    credential.issued_at_s = static_cast<std::uint64_t>(now.seconds());
    credential.expires_at_s = static_cast<std::uint64_t>(now.plus_ms(365 * kDayMs).seconds());
    credential.signature = identity::sign_wallet_text(operator_wallet, credential.text()).value();
    return credential;
}

}  // namespace chatmcp::testing
