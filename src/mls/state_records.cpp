#include "mls/state_records.h"

#include <algorithm>

#include "base/check.h"

namespace chatmcp::mls {
namespace {

constexpr std::uint8_t kHeaderVersion = 2;
constexpr std::size_t kSecretMaxBytes = 64;

Result<SecretBytes> read_secret(wire::Reader& reader) {
    CHATMCP_TRY(const ByteView view, reader.vector(kSecretMaxBytes));
    return SecretBytes(view);
}

Result<void> read_secrets(wire::Reader& reader, EpochSecrets& secrets) {
    for (SecretBytes* secret : {&secrets.sender_data_secret,
                                &secrets.exporter_secret,
                                &secrets.external_secret,
                                &secrets.confirmation_key,
                                &secrets.membership_key,
                                &secrets.resumption_psk,
                                &secrets.epoch_authenticator,
                                &secrets.init_secret}) {
        CHATMCP_TRY(*secret, read_secret(reader));
    }
    return {};
}

void write_secrets(wire::Writer& writer, const EpochSecrets& secrets) {
    for (const SecretBytes* secret : {&secrets.sender_data_secret,
                                      &secrets.exporter_secret,
                                      &secrets.external_secret,
                                      &secrets.confirmation_key,
                                      &secrets.membership_key,
                                      &secrets.resumption_psk,
                                      &secrets.epoch_authenticator,
                                      &secrets.init_secret}) {
        writer.vector(secret->view());
    }
}

void write_proposer(wire::Writer& writer, const Proposer& proposer) {
    writer.presence(proposer.has_value());
    if (proposer.has_value()) {
        writer.u32(proposer->value);
    }
}

Result<Proposer> read_proposer(wire::Reader& reader) {
    CHATMCP_TRY(const bool is_member, reader.presence());
    if (!is_member) {
        return Proposer();
    }
    CHATMCP_TRY(const std::uint32_t leaf, reader.u32());
    return Proposer(LeafIndex{leaf});
}

/// What a change did, by position; the leaves themselves are in the trees.
void write_change(wire::Writer& writer, const Change& change) {
    writer.u32(change.committer.value);
    writer.presence(change.has_path);
    writer.presence(change.public_message);
    writer.presence(change.components.has_value());
    if (change.components.has_value()) {
        writer.vector_of([&](wire::Writer& inner) {
            for (const Proposer& proposer : change.components->proposers) {
                write_proposer(inner, proposer);
            }
        });
    }
    writer.vector_of([&](wire::Writer& inner) {
        for (const Attached& attached : change.attached) {
            inner.u16(attached.component.id);
            inner.vector(attached.component.data);
            write_proposer(inner, attached.proposer);
        }
    });
    writer.vector_of([&](wire::Writer& inner) {
        for (std::size_t i = 0; i < change.added.size(); ++i) {
            inner.u32(change.added[i].index.value);
            write_proposer(inner, change.added_by[i]);
        }
    });
    writer.vector_of([&](wire::Writer& inner) {
        for (const MemberUpdate& updated : change.updated) {
            inner.u32(updated.after.index.value);
        }
    });
    writer.vector_of([&](wire::Writer& inner) {
        for (const MemberRemoval& removal : change.removed) {
            inner.u32(removal.leaf.index.value);
            write_proposer(inner, removal.proposer);
        }
    });
}

Result<Change> read_change(wire::Reader& reader,
                           const TreeDraft& draft,
                           const EpochState& now,
                           const EpochState& next) {
    ProposalEffect effect;
    effect.extensions = next.context.extensions;
    effect.reinit = next.reinit;
    LeafIndex committer;
    CHATMCP_TRY(committer.value, reader.u32());
    CHATMCP_TRY(const bool has_path, reader.presence());
    CHATMCP_TRY(const bool public_message, reader.presence());
    CHATMCP_TRY(effect.has_context_extensions, reader.presence());
    if (effect.has_context_extensions) {
        CHATMCP_TRY(wire::Reader proposers, reader.sub(wire::kVectorMaxBytes));
        while (!proposers.empty()) {
            CHATMCP_TRY(const Proposer proposer, read_proposer(proposers));
            effect.context_extensions_by.push_back(proposer);
        }
    }
    CHATMCP_TRY(wire::Reader attached, reader.sub(wire::kVectorMaxBytes));
    while (!attached.empty()) {
        Attached each;
        CHATMCP_TRY(each.component.id, attached.u16());
        CHATMCP_TRY(const ByteView data, attached.vector(kExtensionMaxBytes));
        each.component.data = to_bytes(data);
        CHATMCP_TRY(each.proposer, read_proposer(attached));
        effect.attached.push_back(std::move(each));
    }
    CHATMCP_TRY(wire::Reader added, reader.sub(wire::kVectorMaxBytes));
    while (!added.empty()) {
        ProposalEffect::Added each{};
        CHATMCP_TRY(each.leaf.value, added.u32());
        CHATMCP_TRY(each.by, read_proposer(added));
        if (draft.leaf(each.leaf) == nullptr) {
            return fail(Errc::storage_corrupt, "MLS-48");
        }
        effect.added.push_back(each);
    }
    CHATMCP_TRY(wire::Reader updated, reader.sub(wire::kVectorMaxBytes));
    while (!updated.empty()) {
        LeafIndex leaf;
        CHATMCP_TRY(leaf.value, updated.u32());
        if (draft.leaf(leaf) == nullptr || draft.base().leaf(leaf) == nullptr) {
            return fail(Errc::storage_corrupt, "MLS-48");
        }
        if (!has_path || leaf != committer) {
            effect.updated.push_back(leaf);
        }
    }
    CHATMCP_TRY(wire::Reader removed, reader.sub(wire::kVectorMaxBytes));
    while (!removed.empty()) {
        ProposalEffect::Removed each{};
        CHATMCP_TRY(each.leaf.value, removed.u32());
        CHATMCP_TRY(each.by, read_proposer(removed));
        if (draft.base().leaf(each.leaf) == nullptr) {
            return fail(Errc::storage_corrupt, "MLS-48");
        }
        effect.removed.push_back(each);
    }
    return describe_change(
        draft, now.context, now.own, ChangeSource{effect, committer, has_path, public_message});
}

void write_draft(wire::Writer& writer, const TreeDraft& draft) {
    writer.u32(draft.width().value);
    writer.vector_of([&](wire::Writer& inner) {
        for (const auto& [index, slot] : draft.slots()) {
            if (!slot.replaced) {
                continue;
            }
            inner.u32(index.value);
            inner.presence(!slot.node.blank());
            if (!slot.node.blank()) {
                slot.node.write(inner);
            }
        }
    });
}

Result<TreeDraft> read_draft(wire::Reader& reader, const RatchetTree& tree) {
    TreeDraft draft(tree);
    CHATMCP_TRY(const std::uint32_t leaves, reader.u32());
    CHATMCP_TRY(const LeafCount width, leaf_count(leaves));
    draft.restore_width(width);
    CHATMCP_TRY(wire::Reader nodes, reader.sub(wire::kVectorMaxBytes));
    while (!nodes.empty()) {
        NodeIndex index;
        CHATMCP_TRY(index.value, nodes.u32());
        CHATMCP_TRY(const bool filled, nodes.presence());
        if (!in_tree(index, LeafCount{kLeafCountMax})) {
            return fail(Errc::storage_corrupt, "MLS-48");
        }
        TreeNode node;
        if (filled) {
            CHATMCP_TRY(node, TreeNode::read(nodes, index));
        }
        draft.restore(index, std::move(node));
    }
    return draft;
}

}  // namespace

Result<EpochState> EpochState::read(wire::Reader& reader) {
    CHATMCP_TRY(const std::uint8_t version, reader.u8());
    if (version != kHeaderVersion) {
        return fail(Errc::unsupported_version, "MLS-48");
    }
    CHATMCP_TRY(SignatureKey signature_key, SignatureKey::read(reader));
    EpochState state{.context = {},
                     .encoded_context = {},
                     .interim_transcript_hash = {},
                     .secrets = {},
                     .own = {},
                     .signature_key = std::move(signature_key),
                     .own_commit_hash = {}};
    CHATMCP_TRY(state.removed, reader.presence());
    CHATMCP_TRY(const bool ended, reader.presence());
    if (ended) {
        CHATMCP_TRY(state.reinit, ReInit::read(reader));
    }
    CHATMCP_TRY(state.own.value, reader.u32());
    CHATMCP_TRY(const ByteView context, reader.vector(wire::kVectorMaxBytes));
    state.encoded_context = to_bytes(context);
    CHATMCP_TRY(state.context, wire::decode<GroupContext>(context));
    CHATMCP_TRY_VOID(check_known_extensions(state.context.extensions));
    CHATMCP_TRY(const ByteView interim, reader.vector(kHashMaxBytes));
    state.interim_transcript_hash = to_bytes(interim);
    CHATMCP_TRY(const ByteView own_commit, reader.vector(kHashMaxBytes));
    state.own_commit_hash = to_bytes(own_commit);
    CHATMCP_TRY_VOID(read_secrets(reader, state.secrets));
    return state;
}

void EpochState::write(wire::Writer& writer) const {
    writer.u8(kHeaderVersion);
    signature_key.write(writer);
    writer.presence(removed);
    writer.presence(reinit.has_value());
    if (reinit.has_value()) {
        reinit->write(writer);
    }
    writer.u32(own.value);
    if (encoded_context.empty()) {
        writer.vector(wire::encode(context));
    } else {
        writer.vector(encoded_context);
    }
    writer.vector(interim_transcript_hash);
    writer.vector(own_commit_hash);
    write_secrets(writer, secrets);
}

Result<void> put_node(Transaction& transaction,
                      ByteView group_id,
                      NodeIndex index,
                      const TreeNode& node,
                      const Hash& hash) {
    wire::Writer writer;
    writer.fixed(hash.view());
    node.write(writer);
    return transaction.put(record_key(group_id, RecordKind::node, index), writer.view());
}

Result<void> put_private_key(Transaction& transaction,
                             ByteView group_id,
                             NodeIndex node,
                             const crypto::HpkePrivateKey& key) {
    return transaction.put(record_key(group_id, RecordKind::private_key, node), key.bytes());
}

Result<void> put_past_epoch(Transaction& transaction,
                            ByteView group_id,
                            Epoch epoch,
                            const PastEpoch& past) {
    wire::Writer writer;
    writer.reserve(past.encoded_context.size() + 4096);
    writer.vector(past.encoded_context);
    writer.vector(past.sender_data_secret.view());
    writer.vector(past.resumption_psk.view());
    writer.u32(past.keys.width().value);
    writer.vector_of([&](wire::Writer& inner) {
        for (const auto& [leaf, before] : past.changed_leaves) {
            inner.u32(leaf.value);
            inner.presence(before.has_value());
            if (before.has_value()) {
                before->write(inner);
            }
        }
    });
    return put_secret(
        transaction, epoch_key(group_id, RecordKind::past_epoch, epoch), std::move(writer));
}

Result<PastEpoch> read_past_epoch(CipherSuite suite,
                                  ByteView group_id,
                                  Epoch epoch,
                                  ByteView record) {
    wire::Reader reader(record);
    CHATMCP_TRY(const ByteView context, reader.vector(wire::kVectorMaxBytes));
    CHATMCP_TRY(SecretBytes sender_data_secret, read_secret(reader));
    CHATMCP_TRY(SecretBytes resumption_psk, read_secret(reader));
    CHATMCP_TRY(const std::uint32_t leaves, reader.u32());
    CHATMCP_TRY(const LeafCount width, leaf_count(leaves));
    PastEpoch past{to_bytes(context),
                   std::move(sender_data_secret),
                   std::move(resumption_psk),
                   {},
                   SecretTree(suite, group_id, epoch, width)};
    CHATMCP_TRY(wire::Reader changed, reader.sub(wire::kVectorMaxBytes));
    while (!changed.empty()) {
        LeafIndex leaf;
        CHATMCP_TRY(leaf.value, changed.u32());
        CHATMCP_TRY(const bool filled, changed.presence());
        std::optional<LeafNode> before;
        if (filled) {
            CHATMCP_TRY(before, LeafNode::read(changed));
        }
        past.changed_leaves.emplace(leaf, std::move(before));
    }
    CHATMCP_TRY_VOID(reader.finish());
    return past;
}

Bytes write_staged(const NextEpoch& next) {
    wire::Writer writer;
    writer.reserve(std::size_t{16} * 1024 + next.epoch.encoded_context.size());
    next.epoch.write(writer);
    write_draft(writer, next.tree);
    writer.vector(next.encryption_secret.view());
    writer.vector(next.epoch.secrets.application_export_secret.view());
    writer.vector_of([&](wire::Writer& inner) {
        for (const auto& [node, key] : next.private_keys) {
            inner.u32(node.value);
            inner.vector(key.bytes());
        }
    });
    write_change(writer, next.change);
    return writer.take();
}

Result<NextEpoch> read_staged(const RatchetTree& tree, const EpochState& now, ByteView record) {
    wire::Reader reader(record);
    CHATMCP_TRY(EpochState epoch, EpochState::read(reader));
    CHATMCP_TRY(TreeDraft draft, read_draft(reader, tree));
    const crypto::KemId kem = kem_of(epoch.context.suite);
    NextEpoch next{std::move(epoch), std::move(draft), {}, {}, {}};
    CHATMCP_TRY(next.encryption_secret, read_secret(reader));
    CHATMCP_TRY(next.epoch.secrets.application_export_secret, read_secret(reader));
    CHATMCP_TRY(wire::Reader keys, reader.sub(wire::kVectorMaxBytes));
    while (!keys.empty()) {
        NodeIndex node;
        CHATMCP_TRY(node.value, keys.u32());
        CHATMCP_TRY(const ByteView bytes, keys.vector(kPrivateKeyMaxBytes));
        CHATMCP_TRY(auto key, crypto::HpkePrivateKey::from_bytes(kem, bytes));
        next.private_keys.emplace(node, std::move(key));
    }
    CHATMCP_TRY(next.change, read_change(reader, next.tree, now, next.epoch));
    CHATMCP_TRY_VOID(reader.finish());
    return next;
}

Result<std::optional<SecretBytes>> load_resumption_psk(Transaction& transaction,
                                                       ByteView group_id,
                                                       Epoch epoch) {
    if (group_id.size() > kGroupIdMaxBytes) {
        return std::nullopt;
    }
    CHATMCP_TRY(auto header, transaction.get(record_key(group_id, RecordKind::header)));
    if (!header.has_value()) {
        return std::nullopt;
    }
    wire::Reader reader(*header);
    CHATMCP_TRY_VOID(stored(reader.u32()));
    auto now = stored(EpochState::read(reader));
    wipe(*header);
    if (!now.has_value()) {
        return fail(now.error());
    }
    if (now->removed) {
        return std::nullopt;
    }
    if (now->context.epoch == epoch) {
        return std::move(now->secrets.resumption_psk);
    }
    CHATMCP_TRY(auto record, transaction.get(epoch_key(group_id, RecordKind::past_epoch, epoch)));
    if (!record.has_value()) {
        return std::nullopt;
    }
    auto past = stored(read_past_epoch(now->context.suite, group_id, epoch, *record));
    wipe(*record);
    if (!past.has_value()) {
        return fail(past.error());
    }
    return std::move(past->resumption_psk);
}

Result<PastEpoch*> GroupState::past_epoch(Transaction& transaction, Epoch at) {
    if (const auto kept = past_epochs.find(at); kept != past_epochs.end()) {
        return &kept->second;
    }
    CHATMCP_TRY(const auto record,
                transaction.get(epoch_key(group_id(), RecordKind::past_epoch, at)));
    if (!record.has_value()) {
        return nullptr;
    }
    CHATMCP_TRY(PastEpoch past, stored(read_past_epoch(suite(), group_id(), at, *record)));
    return &past_epochs.emplace(at, std::move(past)).first->second;
}

Result<void> GroupState::store_proposal(Transaction& transaction, const OpenProposal& proposal) {
    wire::Writer writer;
    writer.u32(static_cast<std::uint32_t>(proposals.size()));
    proposal.sender.write(writer);
    proposal.proposal.write(writer);
    const auto& own_keys = proposal.own_keys;
    writer.presence(own_keys.has_value());
    if (own_keys.has_value()) {
        writer.vector(own_keys->encryption_key.bytes());
        own_keys->signature_key.write(writer);
    }
    return put_secret(transaction,
                      record_key(group_id(), RecordKind::proposal, ByteView(proposal.reference)),
                      std::move(writer));
}

Result<void> GroupState::store_staged(Transaction& transaction) const {
    CHATMCP_CHECK(staged.has_value());
    Bytes record = write_staged(*staged);
    const auto written = transaction.put(record_key(group_id(), RecordKind::staged), record);
    wipe(record);
    return written;
}

Result<std::unique_ptr<GroupState>> GroupState::load(const Environment& environment,
                                                     Transaction& transaction,
                                                     ByteView group_id) {
    if (group_id.size() > kGroupIdMaxBytes) {
        return fail(Errc::not_found, "MLS-86");
    }
    CHATMCP_TRY(auto header, transaction.get(record_key(group_id, RecordKind::header)));
    if (!header.has_value()) {
        return fail(Errc::not_found, "MLS-86");
    }
    const auto read = [&]() -> Result<std::unique_ptr<GroupState>> {
        wire::Reader reader(*header);
        CHATMCP_TRY(const std::uint32_t leaves, reader.u32());
        CHATMCP_TRY(const LeafCount width, leaf_count(leaves));
        CHATMCP_TRY(EpochState epoch, EpochState::read(reader));
        CHATMCP_TRY_VOID(reader.finish());
        RatchetTree tree(epoch.context.suite);
        tree.restore_width(width);
        return std::make_unique<GroupState>(environment, std::move(epoch), std::move(tree));
    };
    auto state = stored(read());
    wipe(*header);
    if (!state.has_value()) {
        return fail(state.error());
    }
    (*state)->may_send = !environment.own_keys_in_memory_only;
    CHATMCP_TRY_VOID((*state)->load_records(transaction));
    return state;
}

Result<void> GroupState::load_records(Transaction& transaction) {
    const auto read_node = [&](ByteView key, ByteView value) -> Result<void> {
        wire::Reader key_reader(key);
        NodeIndex index;
        CHATMCP_TRY(index.value, key_reader.u32());
        wire::Reader reader(value);
        CHATMCP_TRY(const ByteView hash, reader.fixed(hash_bytes(suite())));
        CHATMCP_TRY(TreeNode node, TreeNode::read(reader, index));
        CHATMCP_TRY_VOID(reader.finish());
        if (!in_tree(index, tree.width())) {
            return fail(Errc::storage_corrupt, "MLS-48");
        }
        tree.restore(index, std::move(node), Hash(hash));
        return {};
    };
    CHATMCP_TRY_VOID(
        stored(for_each_record(transaction, record_key(group_id(), RecordKind::node), read_node)));
    const auto read_key = [&](ByteView key, ByteView value) -> Result<void> {
        wire::Reader reader(key);
        NodeIndex index;
        CHATMCP_TRY(index.value, reader.u32());
        CHATMCP_TRY(auto private_key, crypto::HpkePrivateKey::from_bytes(kem_of(suite()), value));
        private_keys.emplace(index, std::move(private_key));
        return {};
    };
    CHATMCP_TRY_VOID(stored(
        for_each_record(transaction, record_key(group_id(), RecordKind::private_key), read_key)));
    std::map<std::uint32_t, OpenProposal> in_order;
    const auto read_proposal = [&](ByteView key, ByteView value) -> Result<void> {
        wire::Reader reader(value);
        CHATMCP_TRY(const std::uint32_t order, reader.u32());
        OpenProposal proposal;
        proposal.reference = to_bytes(key);
        CHATMCP_TRY(proposal.sender, Sender::read(reader));
        CHATMCP_TRY(proposal.proposal, Proposal::read(reader));
        CHATMCP_TRY(const bool own_update, reader.presence());
        if (own_update) {
            CHATMCP_TRY(const ByteView bytes, reader.vector(kPrivateKeyMaxBytes));
            CHATMCP_TRY(auto encryption_key,
                        crypto::HpkePrivateKey::from_bytes(kem_of(suite()), bytes));
            CHATMCP_TRY(auto signature_key, SignatureKey::read(reader));
            proposal.own_keys = OwnUpdateKeys{std::move(encryption_key), std::move(signature_key)};
        }
        CHATMCP_TRY_VOID(reader.finish());
        in_order.emplace(order, std::move(proposal));
        return {};
    };
    CHATMCP_TRY_VOID(stored(
        for_each_record(transaction, record_key(group_id(), RecordKind::proposal), read_proposal)));
    for (auto& [order, proposal] : in_order) {
        proposals.push_back(std::move(proposal));
    }
    CHATMCP_TRY(auto record, transaction.get(record_key(group_id(), RecordKind::staged)));
    if (record.has_value()) {
        auto next = stored(read_staged(tree, epoch, *record));
        wipe(*record);
        if (!next.has_value()) {
            return fail(next.error());
        }
        staged = *std::move(next);
    }
    return {};
}

}  // namespace chatmcp::mls
