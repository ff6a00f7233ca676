#include "identity/wallet_binding.h"

#include <algorithm>

#include "mls/cipher_suite.h"

namespace chatmcp::identity {

Result<WalletCredential> WalletCredential::read(wire::Reader& reader) {
    CHATMCP_TRY(Caip10 account, read_account(reader));
    return WalletCredential{std::move(account)};
}

void WalletCredential::write(wire::Writer& writer) const {
    writer.vector(as_bytes(account.text()));
}

Result<Caip10> verify_wallet_binding(const mls::CredentialBinding& binding) {
    const auto scheme = mls::algorithms_of(binding.suite).signature;
    if (binding.credential.type != kWalletCredentialType ||
        scheme != crypto::SignatureScheme::ed25519) {
        return fail(Errc::unsupported, "ID-30");
    }
    CHATMCP_TRY(auto credential, wire::decode<WalletCredential>(binding.credential.data));
    if (!equal(credential.account.public_key(), binding.credential_key)) {
        return fail(Errc::wrong_key, "ID-31");
    }
    return std::move(credential.account);
}

Result<DeviceCredential> verify_account_leaf(const mls::LeafView& leaf, ByteView group_id) {
    const auto of_type = [&](std::uint16_t type) {
        return std::ranges::find(leaf.bindings, type, [](const mls::CredentialBinding& binding) {
            return binding.credential.type;
        });
    };
    const auto device = of_type(kDeviceCredentialType);
    const auto wallet = of_type(kWalletCredentialType);
    if (leaf.bindings.size() != 2 || device == leaf.bindings.end() ||
        wallet == leaf.bindings.end()) {
        return fail(Errc::invalid_argument, "ID-32");
    }
    CHATMCP_TRY(const Caip10 account, verify_wallet_binding(*wallet));
    CHATMCP_TRY(auto credential, wire::decode<DeviceCredential>(device->credential.data));
    if (credential.wallet.account != account) {
        return fail(Errc::wrong_key, "ID-33");
    }
    CHATMCP_TRY_VOID(verify_device_credential(
        credential, device->credential_key, group_id, leaf.source == mls::LeafSource::key_package));
    return credential;
}

}  // namespace chatmcp::identity
