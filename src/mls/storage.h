#pragma once

#include <initializer_list>
#include <optional>

#include "base/bytes.h"
#include "base/key_value.h"
#include "base/result.h"
#include "mls/tree_math.h"
#include "mls/types.h"
#include "wire/tls.h"

namespace chatmcp::mls {

/// Where the state of a group lies. One record per thing that changes by itself, so that a message
/// or commit writes what it changes and nothing else.
///
/// Keys: "mls/" || length of the group id (1 byte) || group id || kind (1 byte) || rest. Numbers in
/// keys are big-endian, so that a scan gives them in order.
enum class RecordKind : std::uint8_t {
    header = 'h',           // Context, secrets, own leaf; one.
    node = 'n',             // uint32 node: a tree node that is not blank, with its hash.
    private_key = 'x',      // uint32 node: HPKE private key of the own leaf or direct path.
    proposal = 'q',         // ProposalRef: an open proposal.
    staged = 'c',           // The staged commit; at most one.
    past_epoch = 'p',       // uint64 epoch: what its late messages are checked with.
    secret_tree = 's',      // uint64 epoch, uint32 top node: secret_tree.h.
    ratchets = 'r',         // uint64 epoch, uint32 leaf.
    skipped_key = 'k',      // uint64 epoch, uint32 leaf, uint8 ratchet, uint32 generation.
    exporter_tree = 'e',    // What is left of the current epoch's: exporter_tree.h; one.
    received_ranges = 'a',  // uint32 leaf: of the current epoch, for AppAck (app_ack.h).
};

/// Start of all keys of one group. Precondition (checked): at most kGroupIdMaxBytes.
[[nodiscard]] Bytes group_prefix(ByteView group_id);
[[nodiscard]] Bytes record_key(ByteView group_id, RecordKind kind);
[[nodiscard]] Bytes record_key(ByteView group_id, RecordKind kind, NodeIndex node);
[[nodiscard]] Bytes record_key(ByteView group_id, RecordKind kind, ByteView rest);
[[nodiscard]] Bytes epoch_key(ByteView group_id, RecordKind kind, Epoch epoch);
[[nodiscard]] Bytes epoch_key(ByteView group_id, RecordKind kind, Epoch epoch, std::uint32_t index);

/// Not of a group: key packages of ours, by reference; marks of used Welcomes; external PSKs, and
/// those of components.
[[nodiscard]] Bytes key_package_key(ByteView reference);
[[nodiscard]] Bytes used_welcome_key(ByteView digest);
[[nodiscard]] Bytes external_psk_key(ByteView psk_id);
[[nodiscard]] Bytes component_psk_key(std::uint16_t component, ByteView psk_id);

/// Write a record that holds secrets; the buffer is wiped afterwards.
[[nodiscard]] Result<void> put_secret(Transaction& transaction,
                                      ByteView key,
                                      wire::Writer&& writer);
/// Visit every record whose key has the prefix, in order, in pages. `visit(key rest, value)`
/// returns Result<void>.
template <class Visit>
[[nodiscard]] Result<void> for_each_record(Transaction& transaction, ByteView prefix, Visit visit) {
    constexpr std::size_t kPage = 256;
    Bytes after;
    while (true) {
        CHATMCP_TRY(auto page, transaction.scan(prefix, after, kPage));
        for (const KeyValuePair& pair : page) {
            CHATMCP_TRY_VOID(
                visit(ByteView(pair.key).subspan(prefix.size()), ByteView(pair.value)));
        }
        if (page.size() < kPage) {
            return {};
        }
        after = std::move(page.back().key);
    }
}
/// Erase every record whose key has the prefix.
[[nodiscard]] Result<void> erase_prefix(Transaction& transaction, ByteView prefix);

/// What a store of ours gives back must be what was written: storage_corrupt (MLS-48) otherwise.
template <class T>
[[nodiscard]] Result<T> stored(Result<T> decoded) {
    if (!decoded.has_value()) {
        return fail(Errc::storage_corrupt, "MLS-48");
    }
    return decoded;
}

}  // namespace chatmcp::mls
