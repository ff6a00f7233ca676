#pragma once

#include <functional>
#include <utility>

#include "mls/commit.h"
#include "mls/framing.h"
#include "mls/group_state.h"
#include "mls/own_leaf.h"
#include "mls/welcome.h"
#include "support/mls_member.h"

namespace chatmcp::mls {

/// The inside of a group, so that tests can act as a member that breaks the rules but holds true
/// keys.
struct GroupAccess {
    static GroupState& state(Group& group) { return *group.state_; }
    static Group make(std::unique_ptr<GroupState> state) { return Group(std::move(state)); }
};

}  // namespace chatmcp::mls

namespace chatmcp::testing {

inline mls::GroupState& state_of(MlsMember& member) {
    return mls::GroupAccess::state(*member.group);
}

/// A content signed by the member, for a PublicMessage.
inline mls::AuthenticatedContent signed_content(MlsMember& member,
                                                mls::ContentType type,
                                                Bytes body) {
    const mls::GroupState& state = state_of(member);
    mls::AuthenticatedContent content;
    content.wire_format = mls::WireFormat::public_message;
    content.content.group_id = to_bytes(state.group_id());
    content.content.epoch = state.epoch.context.epoch;
    content.content.sender = {mls::SenderType::member, state.epoch.own.value};
    content.content.content_type = type;
    content.content.body = std::move(body);
    mls::sign_content(
        state.suite(), state.epoch.signature_key, state.epoch.encoded_context, content);
    return content;
}

/// The PublicMessage around it, with the membership tag that every member can make.
inline Bytes public_message(MlsMember& member, mls::AuthenticatedContent content) {
    const mls::GroupState& state = state_of(member);
    return mls::encode_message(mls::WireFormat::public_message,
                               mls::protect_public(state.suite(),
                                                   state.epoch.secrets.membership_key.view(),
                                                   state.epoch.encoded_context,
                                                   std::move(content)));
}

inline Bytes public_proposal(MlsMember& member, const mls::Proposal& proposal) {
    return public_message(
        member, signed_content(member, mls::ContentType::proposal, wire::encode(proposal)));
}

/// A commit of the member that was changed after it was made, signed and tagged again. Only the
/// confirmation tag does not fit, which members look at last.
inline Bytes hostile_commit(MlsMember& member,
                            mls::Plan plan,
                            const std::function<void(mls::Commit&)>& edit) {
    plan.public_message = true;
    const auto bundle = member.stage(plan).value();
    static_cast<void>(member.discard());
    wire::Reader reader(bundle.commit);
    static_cast<void>(mls::read_message_header(reader));
    const auto message = mls::PublicMessage::read(reader).value();
    auto commit = wire::decode<mls::Commit>(message.content.body).value();
    edit(commit);
    auto content = signed_content(member, mls::ContentType::commit, wire::encode(commit));
    content.auth.confirmation_tag = message.auth.confirmation_tag;
    return public_message(member, std::move(content));
}

/// A commit of nothing but these proposals, without path.
inline Bytes hostile_proposals(MlsMember& member, const std::vector<mls::Proposal>& proposals) {
    mls::Commit commit;
    for (const mls::Proposal& proposal : proposals) {
        commit.proposals.push_back(mls::ProposalOrRef{proposal});
    }
    auto content = signed_content(member, mls::ContentType::commit, wire::encode(commit));
    content.auth.confirmation_tag = Bytes(32, 0);
    return public_message(member, std::move(content));
}

/// An Update of the member's own leaf, valid unless `edit` makes it otherwise; signed last.
inline mls::Proposal update_of(MlsMember& member,
                               const std::function<void(mls::LeafNode&)>& edit = {}) {
    const mls::GroupState& state = state_of(member);
    mls::LeafNode leaf = *state.tree.leaf(state.epoch.own);
    leaf.encryption_key = to_bytes(
        crypto::HpkePrivateKey::generate(mls::kem_of(state.suite()), member.random).public_key());
    leaf.source = mls::LeafSource::update;
    leaf.lifetime.reset();
    leaf.parent_hash.clear();
    if (edit) {
        edit(leaf);
    }
    mls::sign_leaf(state.suite(),
                   state.epoch.signature_key,
                   mls::LeafPlace{state.group_id(), state.epoch.own},
                   leaf);
    return mls::Proposal{mls::Update{std::move(leaf)}};
}

/// What a Welcome says, opened with its receiver's keys, so that it can be said differently.
struct OpenedWelcome {
    mls::Welcome welcome;
    mls::KeyPackage package;
    mls::GroupSecrets secrets;
    mls::GroupInfo info;
    SecretBytes welcome_secret;
};

inline OpenedWelcome open_welcome_of(MlsMember& receiver, ByteView bytes) {
    wire::Reader reader(bytes);
    static_cast<void>(mls::read_message_header(reader));
    OpenedWelcome opened;
    opened.welcome = mls::Welcome::read(reader).value();
    MemoryTransaction transaction(receiver.store);
    const auto keys =
        mls::load_key_package(transaction, opened.welcome.secrets.at(0).new_member).value();
    opened.package = wire::decode<mls::KeyPackage>(keys->encoded_package).value();
    opened.secrets = mls::open_group_secrets(opened.welcome.suite,
                                             keys->init_key,
                                             opened.welcome.secrets[0],
                                             opened.welcome.encrypted_group_info)
                         .value();
    opened.welcome_secret =
        mls::derive_welcome_secret(opened.welcome.suite, opened.secrets.joiner_secret.view(), {});
    opened.info =
        mls::open_group_info(
            opened.welcome.suite, opened.welcome_secret.view(), opened.welcome.encrypted_group_info)
            .value();
    return opened;
}

/// Encrypt it again; `signer` signs the GroupInfo unless null.
inline Bytes close_welcome(OpenedWelcome& opened,
                           const mls::SignatureKey* signer,
                           crypto::Random& random) {
    if (signer != nullptr) {
        opened.info.sign(*signer);
    }
    const auto suite = opened.welcome.suite;
    opened.welcome.encrypted_group_info =
        mls::seal_group_info(suite, opened.welcome_secret.view(), opened.info);
    opened.welcome.secrets = {
        mls::seal_group_secrets(mls::group_secrets_info(suite, opened.welcome.encrypted_group_info),
                                opened.package,
                                opened.secrets,
                                random)
            .value()};
    return mls::encode_message(mls::WireFormat::welcome, opened.welcome);
}

}  // namespace chatmcp::testing
