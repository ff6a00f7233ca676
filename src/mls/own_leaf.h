#pragma once

#include <optional>

#include "base/key_value.h"
#include "mls/group.h"
#include "mls/key_package.h"

namespace chatmcp::mls {

/// Errors: unsupported (PQ-01) an experimental suite that was not asked for.
[[nodiscard]] Result<void> check_enabled(const Environment& environment, CipherSuite suite);

/// What our leaves say they can do, in a group of this suite.
[[nodiscard]] Capabilities capabilities_of(const LeafSetup& setup, CipherSuite suite);

/// A leaf of ours before its source is known and it is signed.
[[nodiscard]] LeafNode unsigned_leaf(const LeafSetup& setup,
                                     CipherSuite suite,
                                     ByteView encryption_key);

/// Our leaf in a group with what a rotation changes: signature key, credential, components and
/// capabilities; not signed yet.
[[nodiscard]] LeafNode rotated_leaf(LeafNode leaf, const LeafSetup& setup, CipherSuite suite);

/// Private half of a key package of ours, stored under its reference.
struct KeyPackageSecrets {
    CipherSuite suite;
    Bytes encoded_package;
    crypto::HpkePrivateKey init_key;
    crypto::HpkePrivateKey encryption_key;
    SignatureKey signature_key;
    bool last_resort = false;

    static Result<KeyPackageSecrets> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

[[nodiscard]] Result<void> store_key_package(Transaction& transaction,
                                             ByteView reference,
                                             const KeyPackageSecrets& secrets);
/// None if no key package of ours has this reference.
/// Errors: replayed (MLS-73) it was used before; storage_corrupt (MLS-48).
[[nodiscard]] Result<std::optional<KeyPackageSecrets>> load_key_package(Transaction& transaction,
                                                                        ByteView reference);
/// A package is used once: its secrets go, a mark stays. One of last resort stays whole.
[[nodiscard]] Result<void> use_up_key_package(Transaction& transaction,
                                              ByteView reference,
                                              const KeyPackageSecrets& secrets);

}  // namespace chatmcp::mls
