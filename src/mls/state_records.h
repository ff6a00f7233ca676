#pragma once

#include "mls/group_state.h"

namespace chatmcp::mls {

/// Encodings of the records of a group's state (storage.h), each written in one place and read in
/// one.

/// Wire: opaque hash[Nh]; Node node.
[[nodiscard]] Result<void> put_node(Transaction& transaction,
                                    ByteView group_id,
                                    NodeIndex index,
                                    const TreeNode& node,
                                    const Hash& hash);
/// Wire: the private key's bytes.
[[nodiscard]] Result<void> put_private_key(Transaction& transaction,
                                           ByteView group_id,
                                           NodeIndex node,
                                           const crypto::HpkePrivateKey& key);
/// Wire: opaque context<V>; opaque sender_data_secret<V>;
///       opaque resumption_psk<V>; uint32 width;
///       struct { uint32 leaf; optional<LeafNode> before; } changed<V>.
[[nodiscard]] Result<void> put_past_epoch(Transaction& transaction,
                                          ByteView group_id,
                                          Epoch epoch,
                                          const PastEpoch& past);
[[nodiscard]] Result<PastEpoch> read_past_epoch(CipherSuite suite,
                                                ByteView group_id,
                                                Epoch epoch,
                                                ByteView record);
/// The resumption PSK of an epoch of a stored group; none if it is not kept (any more).
/// Errors: storage_corrupt (MLS-48).
[[nodiscard]] Result<std::optional<SecretBytes>> load_resumption_psk(Transaction& transaction,
                                                                     ByteView group_id,
                                                                     Epoch epoch);
/// Wire: NextEpoch without what can be looked up in the tree again.
[[nodiscard]] Bytes write_staged(const NextEpoch& next);
[[nodiscard]] Result<NextEpoch> read_staged(const RatchetTree& tree,
                                            const EpochState& now,
                                            ByteView record);

}  // namespace chatmcp::mls
