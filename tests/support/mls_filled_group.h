#pragma once

#include <memory>
#include <vector>

#include "mls/commit.h"
#include "mls/transcript_hash.h"
#include "support/mls_hostile.h"

namespace chatmcp::testing {

struct FilledGroupSpec {
    std::uint32_t members = 0;
    mls::CipherSuite suite = kTestSuite;
    std::size_t credential_bytes = 300;  // As large as a device's.
    std::size_t component_bytes = 200;   // Of the group's dictionary; 0: no dictionary.
    bool receiver_is_neighbour = false;  // Leaf 1, which learns the most of a path; else the last.
    crypto::Random* random = nullptr;    // Of both members, instead of seeded ones.
};

/// Two real members in a group of `members`, every parent of whose tree is filled: as after all
/// have committed once. Nobody plays the others' part, so it costs O(members) and not O(members²).
struct FilledGroup {
    explicit FilledGroup(std::uint32_t members, mls::CipherSuite suite = kTestSuite)
        : FilledGroup(FilledGroupSpec{.members = members, .suite = suite}) {}

    explicit FilledGroup(const FilledGroupSpec& how)
        : spec(how),
          maker("maker", 77),
          tree(how.suite),
          sender("sender", 78, {}, how.random),
          receiver("receiver", 79, {}, how.random) {
        const std::uint32_t members = how.members;
        std::vector<mls::SignatureKey> signers;
        mls::TreeDraft all(tree);
        mls::PrivateKeys keys;
        for (std::uint32_t i = 0; i < members; ++i) {
            signers.push_back(add_leaf(all, mls::LeafIndex{i}));
        }
        for (std::uint32_t i = 0; i < members; ++i) {
            const mls::LeafIndex leaf{i};
            auto path = mls::create_path(
                all, leaf, *all.leaf(leaf), signers[i], kFilledGroupId, maker.random);
            for (auto& [node, key] : path.private_keys) {
                keys.insert_or_assign(node, std::move(key));
            }
        }
        tree.merge(std::move(all));
        const mls::LeafIndex other{how.receiver_is_neighbour ? 1 : members - 1};
        make_member(sender, mls::LeafIndex{0}, signers[0], keys);
        make_member(receiver, other, signers[other.value], keys);
    }

    static const Bytes kFilledGroupId;
    const FilledGroupSpec spec;
    MlsMember maker;
    mls::RatchetTree tree;
    MlsMember sender;
    MlsMember receiver;

  private:
    mls::SignatureKey add_leaf(mls::TreeDraft& draft, mls::LeafIndex index) {
        mls::LeafSetup setup = maker.setup(draft.suite());
        setup.credential.data = Bytes(spec.credential_bytes, 0x63);
        const auto key = crypto::HpkePrivateKey::generate(mls::kem_of(draft.suite()), maker.random);
        mls::LeafNode leaf = mls::unsigned_leaf(setup, tree.suite(), key.public_key());
        leaf.source = mls::LeafSource::update;
        if (index.value == 0) {
            draft.set_leaf(index, std::move(leaf));
        } else {
            static_cast<void>(draft.add(std::move(leaf), 1u << 20).value());
        }
        return std::move(setup.signature_key);
    }

    void make_member(MlsMember& member,
                     mls::LeafIndex own,
                     const mls::SignatureKey& signer,
                     const mls::PrivateKeys& keys) {
        mls::GroupContext context;
        context.suite = tree.suite();
        context.group_id = kFilledGroupId;
        context.epoch = mls::Epoch{1000};
        context.tree_hash = tree.root_hash().to_bytes();
        context.confirmed_transcript_hash = Bytes(32, 5);
        if (spec.component_bytes > 0) {
            mls::set_extension(context.extensions,
                               mls::ExtensionType::app_data_dictionary,
                               mls::encode_dictionary({{0x8001, Bytes(spec.component_bytes, 1)}}));
        }
        auto derived =
            mls::next_epoch(tree.suite(), Bytes(32, 6), Bytes(32, 7), {}, wire::encode(context));
        mls::EpochState epoch{.context = context,
                              .encoded_context = wire::encode(context),
                              .interim_transcript_hash = Bytes(32, 8),
                              .secrets = std::move(derived.secrets),
                              .own = own,
                              .signature_key = signer.clone(),
                              .own_commit_hash = {}};
        auto copy = mls::RatchetTree::decode(tree.suite(), tree.encode(), 1u << 20).value();
        auto state = std::make_unique<mls::GroupState>(
            member.environment, std::move(epoch), std::move(copy));
        for (const auto& [node, key] : keys) {
            if (mls::is_in_subtree(mls::node_of(own), node)) {
                state->private_keys.emplace(node, key.clone());
            }
        }
        MemoryTransaction transaction(member.store);
        static_cast<void>(
            state->store_all(transaction, std::move(derived.encryption_secret)).has_value());
        static_cast<void>(transaction.commit());
        member.group = mls::GroupAccess::make(std::move(state));
    }
};
inline const Bytes FilledGroup::kFilledGroupId = Bytes(32, 0x46);

}  // namespace chatmcp::testing
