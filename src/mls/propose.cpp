// Making proposals (RFC 9420 sections 12.1 and 12.1.8).

#include <algorithm>

#include "mls/commit.h"
#include "mls/own_leaf.h"
#include "mls/sending.h"
#include "mls/tree_validation.h"

namespace chatmcp::mls {
namespace {

PreSharedKeyId external_psk_id(ByteView id) {
    PreSharedKeyId psk;
    psk.type = PreSharedKeyId::Type::external;
    psk.psk_id = to_bytes(id);
    return psk;
}

PreSharedKeyId component_psk_id(const ComponentPsk& component) {
    PreSharedKeyId psk;
    psk.type = PreSharedKeyId::Type::application;
    psk.component = component.component;
    psk.psk_id = component.psk_id;
    return psk;
}

PreSharedKeyId resumption_psk_id(const ResumptionPsk& resumption) {
    PreSharedKeyId psk;
    psk.type = PreSharedKeyId::Type::resumption;
    psk.resumption = resumption;
    return psk;
}

/// Whether the group's dictionary changes by AppDataUpdate alone.
Result<bool> dictionary_is_updated(const GroupContext& context) {
    CHATMCP_TRY(const auto required, required_capabilities_of(context.extensions));
    return contains(required.proposal_types,
                    static_cast<std::uint16_t>(ProposalType::app_data_update));
}

/// One AppDataUpdate for each component that differs.
void add_updates(const std::vector<Component>& before,
                 const std::vector<Component>& after,
                 std::vector<Proposal>& proposals) {
    for (const Component& component : after) {
        if (std::ranges::find(before, component) == before.end()) {
            proposals.push_back(Proposal{AppDataUpdate{component.id, component.data}});
        }
    }
    for (const Component& component : before) {
        if (std::ranges::find(after, component.id, &Component::id) == after.end()) {
            proposals.push_back(Proposal{AppDataUpdate{component.id, std::nullopt}});
        }
    }
}

/// A new leaf of ours, to be put in by somebody's commit (section 12.1.2).
Result<Update> make_update(const GroupState& state,
                           const LeafSetup& setup,
                           ByteView encryption_key) {
    const LeafPlace place{state.group_id(), state.epoch.own};
    LeafNode leaf = rotated_leaf(*state.tree.leaf(state.epoch.own), setup, state.suite());
    leaf.encryption_key = to_bytes(encryption_key);
    leaf.source = LeafSource::update;
    leaf.lifetime.reset();
    leaf.parent_hash.clear();
    sign_leaf(state.suite(), setup.signature_key, place, leaf);
    CHATMCP_TRY_VOID(
        check_leaf_in_group(state.suite(), leaf, place, state.epoch.context.extensions));
    return Update{std::move(leaf)};
}

/// PublicMessage of somebody who is no member: signed, with no context and no membership tag.
Bytes outside_message(const OutsideProposal& to,
                      const Sender& sender,
                      const Proposal& proposal,
                      const SignatureKey& key) {
    AuthenticatedContent content;
    content.wire_format = WireFormat::public_message;
    content.content.group_id = to_bytes(to.group_id);
    content.content.epoch = to.epoch;
    content.content.sender = sender;
    content.content.content_type = ContentType::proposal;
    content.content.body = wire::encode(proposal);
    content.content.authenticated_data = to_bytes(to.authenticated_data);
    sign_content(to.suite, key, {}, content);
    return encode_message(WireFormat::public_message,
                          protect_public(to.suite, {}, {}, std::move(content)));
}

}  // namespace

Result<std::vector<Proposal>> planned_proposals(const Plan& plan,
                                                const GroupContext& context,
                                                crypto::Random& random) {
    std::vector<Proposal> proposals;
    CHATMCP_TRY(const bool update, dictionary_is_updated(context));
    if ((plan.components.has_value() && !update) || plan.extensions.has_value()) {
        Extensions extensions = plan.extensions.value_or(context.extensions);
        if (plan.components.has_value() && !update) {
            set_extension(extensions,
                          ExtensionType::app_data_dictionary,
                          encode_dictionary(*plan.components));
        }
        proposals.push_back(Proposal{GroupContextExtensions{std::move(extensions)}});
    }
    if (plan.components.has_value() && update) {
        CHATMCP_TRY(const auto before, components_of(context.extensions));
        add_updates(before, *plan.components, proposals);
    }
    for (const Component& component : plan.attach) {
        proposals.push_back(Proposal{AppEphemeral{component}});
    }
    if (plan.self_remove) {
        proposals.push_back(Proposal{SelfRemove{}});
    }
    for (const LeafIndex leaf : plan.remove) {
        proposals.push_back(Proposal{Remove{leaf}});
    }
    for (const Bytes& bytes : plan.add) {
        CHATMCP_TRY(KeyPackage package, decode_key_package(bytes));
        proposals.push_back(Proposal{Add{std::move(package)}});
    }
    const auto add_psk = [&](PreSharedKeyId id) {
        id.psk_nonce.resize(hash_bytes(context.suite));
        random.fill(id.psk_nonce);
        proposals.push_back(Proposal{PreSharedKey{std::move(id)}});
    };
    for (const Bytes& id : plan.external_psks) {
        add_psk(external_psk_id(id));
    }
    for (const ComponentPsk& component : plan.component_psks) {
        add_psk(component_psk_id(component));
    }
    for (const ResumptionPsk& resumption : plan.resumption_psks) {
        add_psk(resumption_psk_id(resumption));
    }
    if (plan.reinit.has_value()) {
        proposals.push_back(Proposal{*plan.reinit});
    }
    return proposals;
}

Result<Bytes> Group::propose(Transaction& transaction, Plan plan) {
    CHATMCP_TRY_VOID(state_->check_active());
    const EpochState& epoch = state_->epoch;
    crypto::Random& random = state_->environment.random;
    CHATMCP_TRY(std::vector<Proposal> proposals, planned_proposals(plan, epoch.context, random));
    std::optional<OwnUpdateKeys> own_keys;
    if (plan.rotate.has_value()) {
        auto leaf_key = crypto::HpkePrivateKey::generate(kem_of(state_->suite()), random);
        CHATMCP_TRY(Update update, make_update(*state_, *plan.rotate, leaf_key.public_key()));
        own_keys.emplace(std::move(leaf_key), std::move(plan.rotate->signature_key));
        proposals.push_back(Proposal{std::move(update)});
    }
    if (proposals.size() != 1) {
        return fail(Errc::invalid_argument, "MLS-94");
    }
    AuthenticatedContent content =
        member_content(epoch, ContentType::proposal, wire::encode(proposals.front()));
    // Who joins by an external commit has to be able to read a SelfRemove.
    if (plan.public_message || plan.self_remove) {
        content.wire_format = WireFormat::public_message;
    }
    sign_content(state_->suite(), epoch.signature_key, epoch.encoded_context, content);
    CHATMCP_TRY(Bytes message, send_signed(*state_, transaction, content, 0));
    // Nobody decrypts its own messages: what we proposed is remembered when it is made.
    CHATMCP_TRY_VOID(remember_proposal(*state_, transaction, content, std::move(own_keys)));
    return message;
}

Result<Bytes> propose_as_external_sender(const OutsideProposal& to,
                                         const SignatureKey& key,
                                         std::uint32_t sender,
                                         crypto::Random& random,
                                         const Plan& plan) {
    GroupContext context;
    context.suite = to.suite;
    CHATMCP_TRY(const std::vector<Proposal> proposals, planned_proposals(plan, context, random));
    // The dictionary stands among extensions that only a member knows.
    if (proposals.size() != 1 || plan.rotate.has_value() || plan.components.has_value()) {
        return fail(Errc::invalid_argument, "MLS-94");
    }
    return outside_message(to, {SenderType::external, sender}, proposals.front(), key);
}

Result<Bytes> propose_as_new_member(Transaction& transaction,
                                    const OutsideProposal& to,
                                    ByteView key_package) {
    CHATMCP_TRY(KeyPackage package, decode_key_package(key_package));
    CHATMCP_TRY(const auto secrets, load_key_package(transaction, package.reference().view()));
    if (!secrets.has_value()) {
        return fail(Errc::not_found, "MLS-72");
    }
    return outside_message(to,
                           {SenderType::new_member_proposal, 0},
                           Proposal{Add{std::move(package)}},
                           secrets->signature_key);
}

Result<void> store_external_psk(Transaction& transaction, ByteView psk_id, ByteView secret) {
    return transaction.put(external_psk_key(psk_id), secret);
}

Result<void> store_component_psk(Transaction& transaction,
                                 const ComponentPsk& psk,
                                 ByteView secret) {
    return transaction.put(component_psk_key(psk.component, psk.psk_id), secret);
}

}  // namespace chatmcp::mls
