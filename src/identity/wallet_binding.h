#pragma once

#include "base/result.h"
#include "identity/caip10.h"
#include "identity/credential.h"
#include "mls/types.h"
#include "wire/tls.h"

namespace chatmcp::identity {

/// A device and its account's wallet in one MLS leaf: a strong multi-credential
/// (mls/multi_credential.h) of two bindings. The device's is a DeviceCredential whose delegation is
/// to the binding's key; the wallet's is a WalletCredential, and the wallet itself signed this very
/// leaf key. Stronger than a DeviceCredential alone, at the price of one signature of the wallet
/// for each leaf key; our own groups do not use it.

/// MLS credential type (private use, RFC 9420 section 17.5) of a wallet's binding.
inline constexpr std::uint16_t kWalletCredentialType = 0xF0C3;

/// Content of a credential of that type: whose wallet signs.
///
/// Wire: opaque account<V> (CAIP-10 text).
struct WalletCredential {
    Caip10 account;

    /// Errors: ID-01 to ID-03, WIRE-01 to WIRE-03.
    static Result<WalletCredential> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// The account whose wallet made this binding. A wallet's key signs no transaction by it: what it
/// signs begins with 0x1c and "MLS 1.0", which as a Solana message would say 28 signers, 77 of them
/// read-only.
///
/// Trust:  the binding's signature was verified (mls::LeafView::bindings).
/// Errors: unsupported (ID-30) a credential of another type, or a key of another scheme than the
///         wallet's; wrong_key (ID-31) a key that is not the account's; those of
///         WalletCredential::read.
[[nodiscard]] Result<Caip10> verify_wallet_binding(const mls::CredentialBinding& binding);

/// A leaf of exactly one device and the wallet of its account; the credential of the device. Pure:
/// time and domains are for check_device_credential.
///
/// Errors: invalid_argument (ID-32) other bindings than these two; wrong_key (ID-33) the device is
///         another account's than the wallet; those of verify_wallet_binding,
///         DeviceCredential::read and verify_device_credential.
[[nodiscard]] Result<DeviceCredential> verify_account_leaf(const mls::LeafView& leaf,
                                                           ByteView group_id);

}  // namespace chatmcp::identity
