#include "client/rules.h"

#include <algorithm>

#include "base/check.h"

namespace chatmcp::client {
namespace {

using wire::ComponentId;

std::uint16_t number(ComponentId id) {
    return static_cast<std::uint16_t>(id);
}

const mls::Component* find(const std::vector<mls::Component>& components, ComponentId id) {
    for (const mls::Component& component : components) {
        if (component.id == number(id)) {
            return &component;
        }
    }
    return nullptr;
}

// Everything a leaf carries is declared, so that nobody can smuggle in a meaning that only some
// members understand.
Result<void> check_leaf_components(const mls::LeafView& leaf, bool agent) {
    for (const mls::Component& component : leaf.components) {
        const bool declared = agent ? component.id == number(ComponentId::evidence)
                                    : component.id == number(ComponentId::log_head) ||
                                          component.id == number(ComponentId::automation);
        if (!declared) {
            return fail(Errc::invalid_argument, "CLT-51");
        }
    }
    return {};
}

Result<void> check_device_leaf(const mls::LeafView& leaf,
                               const identity::DeviceCredential& credential,
                               const mls::GroupView& group) {
    CHATMCP_TRY_VOID(check_leaf_components(leaf, false));
    CHATMCP_TRY_VOID(component_of<wire::LogHead>(
        leaf.components,
        ComponentId::log_head,
        "CLT-52"));  // That it is there and reads whole; members compare heads as trust.
    // A key package from the directory is delegated to no group yet; one that was made for a group
    // (the creator's leaf, an agreement's package), and every leaf after its first renewal, is.
    const bool key_package =
        leaf.source == mls::LeafSource::key_package &&
        credential.delegation.purpose == identity::Delegation::Purpose::key_package;
    return identity::verify_device_credential(
        credential, leaf.signature_key, group.group_id(), key_package);
}

Result<void> check_agent_leaf(const mls::LeafView& leaf,
                              const identity::AgentCredential& credential,
                              const mls::GroupView& group) {
    const auto& components = group.components();
    const auto grant = component_of<wire::Grant>(components, ComponentId::grant, "CLT-53");
    if (!has_component(components, ComponentId::companion_of) || !grant.has_value() ||
        grant->agent_credential_digest != credential.digest()) {
        return fail(Errc::permission_denied, "CLT-53");
    }
    CHATMCP_TRY_VOID(check_leaf_components(leaf, true));
    CHATMCP_TRY(
        const auto evidence,
        component_of<wire::EvidenceComponent>(leaf.components, ComponentId::evidence, "CLT-54"));
    CHATMCP_TRY_VOID(identity::verify_agent_credential(credential));
    CHATMCP_TRY(const auto delegation, wire::decode<identity::Delegation>(evidence.delegation));
    return identity::verify_delegation(
        delegation, credential.enclave_key, leaf.signature_key, group.group_id());
}

bool is_companion(const mls::GroupView& view) {
    return has_component(view.components(), ComponentId::companion_of);
}

// A leaf renews itself and never becomes somebody else: an account stays the account, a device the
// device, and an agent the very same program, configuration and operator.
Result<void> check_same(const mls::LeafView& next,
                        const LeafIdentity& next_identity,
                        const mls::LeafView& current) {
    CHATMCP_TRY(const LeafIdentity current_identity, identity_of(current));
    const bool same = next_identity.agent == current_identity.agent &&
                      next_identity.account == current_identity.account &&
                      next_identity.root_key == current_identity.root_key &&
                      (!next_identity.agent || next.credential == current.credential);
    if (!same) {
        return fail(Errc::wrong_key, "CLT-56");
    }
    return {};
}

// The members and rights of the group that a commit changes.
class Before {
  public:
    explicit Before(const mls::GroupView& view) : view_(view) {}

    [[nodiscard]] bool companion() const { return is_companion(view_); }
    /// `check`: the row of what a stranger may not do here.
    [[nodiscard]] Result<LeafIdentity> member(const mls::Proposer& who, const char* check) const {
        const auto leaf = who.has_value() ? view_.member(*who) : std::nullopt;
        if (!leaf.has_value()) {
            return fail(Errc::permission_denied, check);
        }
        return identity_of(*leaf);
    }
    [[nodiscard]] Result<bool> admin(const LeafIdentity& who) const { return is_admin(view_, who); }

  private:
    const mls::GroupView& view_;
};

Result<std::vector<LeafIdentity>> identities(const std::vector<mls::LeafView>& leaves) {
    std::vector<LeafIdentity> out;
    for (const mls::LeafView& leaf : leaves) {
        CHATMCP_TRY(LeafIdentity who, identity_of(leaf));
        out.push_back(std::move(who));
    }
    return out;
}

Result<void> check_adds(const mls::Change& change,
                        const std::vector<LeafIdentity>& added,
                        const std::vector<LeafIdentity>& removed,
                        const Before& before) {
    for (std::size_t i = 0; i < added.size(); ++i) {
        const mls::Proposer proposer =
            i < change.added_by.size() ? change.added_by[i] : change.committer;
        CHATMCP_TRY(const LeafIdentity who, before.member(proposer, "CLT-64"));
        CHATMCP_TRY(const bool admin, before.admin(who));
        // Repair: any person may bring a device back in the commit that takes it out.
        const auto same = [&](const LeafIdentity& leaf) { return same_device(leaf, added[i]); };
        const bool readd = !who.agent && std::ranges::any_of(removed, same) &&
                           std::ranges::count_if(added, same) == 1;
        if (!admin && !readd) {
            return fail(Errc::permission_denied, "CLT-64");
        }
    }
    return {};
}

Result<void> check_removes(const mls::Change& change,
                           const std::vector<LeafIdentity>& added,
                           const std::vector<LeafIdentity>& removed,
                           const Before& before) {
    for (std::size_t i = 0; i < removed.size(); ++i) {
        const mls::MemberRemoval& removal = change.removed[i];
        if (removal.proposer == removal.leaf.index && !removed[i].agent) {
            continue;
        }
        CHATMCP_TRY(const LeafIdentity who, before.member(removal.proposer, "CLT-65"));
        CHATMCP_TRY(const bool admin, before.admin(who));
        const bool readd = std::ranges::any_of(
            added, [&](const auto& leaf) { return same_device(leaf, removed[i]); });
        if (who.agent || !(admin || removed[i].agent || readd)) {
            return fail(Errc::permission_denied, "CLT-65");
        }
    }
    return {};
}

Result<void> check_components_change(const mls::Change& change, const Before& before) {
    if (!change.components.has_value()) {
        return {};
    }
    CHATMCP_TRY_VOID(check_group_components(change.components->after));
    // Who proposed it counts: whoever commits takes up what others proposed.
    for (const mls::Proposer& proposer : change.components->proposers) {
        CHATMCP_TRY(const LeafIdentity who, before.member(proposer, "CLT-66"));
        CHATMCP_TRY(const bool admin, before.admin(who));
        if (!admin || before.companion()) {
            return fail(Errc::permission_denied, "CLT-66");
        }
    }
    constexpr ComponentId kFixed[] = {ComponentId::sequencer,
                                      ComponentId::development,
                                      ComponentId::companion_of,
                                      ComponentId::grant,
                                      ComponentId::successor_of,
                                      ComponentId::handshakes};
    for (const ComponentId id : kFixed) {
        const mls::Component* was = find(change.components->before, id);
        const mls::Component* is = find(change.components->after, id);
        if ((was == nullptr) != (is == nullptr) || (was != nullptr && was->data != is->data)) {
            return fail(Errc::invalid_argument, "CLT-63");
        }
    }
    return {};
}

template <class T>
Result<void> check_decodes(ByteView data) {
    CHATMCP_TRY_VOID(wire::decode<T>(data));
    return {};
}

Result<void> check_declared(const mls::Component& component) {
    switch (static_cast<ComponentId>(component.id)) {
        case ComponentId::roles:
            return check_decodes<wire::Roles>(component.data);
        case ComponentId::sequencer:
            return check_decodes<wire::Sequencer>(component.data);
        case ComponentId::development:
            return check_decodes<wire::Development>(component.data);
        case ComponentId::companion_of:
        case ComponentId::successor_of:  // Both name a group.
            return check_decodes<wire::CompanionOf>(component.data);
        case ComponentId::grant:
            return check_decodes<wire::Grant>(component.data);
        case ComponentId::title:
            return check_decodes<wire::Title>(component.data);
        case ComponentId::handshakes:
            return check_decodes<wire::Handshakes>(component.data);
        default:
            return fail(Errc::invalid_argument, "CLT-61");
    }
}

// From an agent: only its own Update, as the PublicMessage that spends no ratchet key.
Result<void> check_agent_commit(const mls::Change& change) {
    if (!change.public_message) {
        return fail(Errc::permission_denied, "CLT-69");
    }
    const bool renewal = change.has_path && change.added.empty() && change.removed.empty() &&
                         !change.components.has_value() && change.updated.size() == 1 &&
                         change.updated.front().after.index == change.committer;
    if (!renewal) {
        return fail(Errc::permission_denied, "CLT-67");
    }
    return {};
}

}  // namespace

Result<LeafIdentity> identity_of(const mls::LeafView& leaf) {
    LeafIdentity out;
    if (leaf.credential.type == identity::kDeviceCredentialType) {
        CHATMCP_TRY(auto credential,
                    wire::decode<identity::DeviceCredential>(leaf.credential.data));
        out.account = credential.wallet.account.text();
        out.root_key = credential.wallet.root_key;
        out.device = std::move(credential);
        return out;
    }
    if (leaf.credential.type == identity::kAgentCredentialType) {
        CHATMCP_TRY(auto credential, wire::decode<identity::AgentCredential>(leaf.credential.data));
        out.agent = true;
        out.account = credential.operator_account.text();
        out.root_key = credential.enclave_key;
        out.agent_credential = std::move(credential);
        return out;
    }
    return fail(Errc::unsupported, "CLT-50");
}

bool has_component(const std::vector<mls::Component>& components, ComponentId id) {
    return find(components, id) != nullptr;
}

bool has_public_handshakes(const mls::GroupView& view) {
    return has_component(view.components(), ComponentId::handshakes);
}

bool same_device(const LeafIdentity& a, const LeafIdentity& b) {
    return !a.agent && !b.agent && a.account == b.account && a.root_key == b.root_key;
}

Result<bool> is_admin(const mls::GroupView& view, const LeafIdentity& who) {
    if (who.agent || is_companion(view)) {
        return !who.agent;
    }
    CHATMCP_TRY(const auto roles,
                component_of<wire::Roles>(view.components(), ComponentId::roles, "CLT-60"));
    return std::ranges::find(roles.admins, who.account) != roles.admins.end();
}

Result<void> check_group_components(const std::vector<mls::Component>& components) {
    if (!has_component(components, ComponentId::roles) ||
        !has_component(components, ComponentId::sequencer)) {
        return fail(Errc::not_found, "CLT-60");
    }
    for (const mls::Component& component : components) {
        CHATMCP_TRY_VOID(check_declared(component));
    }
    const bool companion = has_component(components, ComponentId::companion_of);
    if (companion != has_component(components, ComponentId::grant) ||
        (!companion && has_component(components, ComponentId::development)) ||
        (companion && has_component(components, ComponentId::handshakes))) {
        return fail(Errc::invalid_argument, "CLT-62");
    }
    return {};
}

Result<void> ConversationRules::check_leaf(const mls::LeafView& next,
                                           const mls::LeafView* current,
                                           const mls::GroupView& group) const {
    CHATMCP_TRY(const LeafIdentity who, identity_of(next));
    if (current != nullptr) {
        CHATMCP_TRY_VOID(check_same(next, who, *current));
    }
    if (who.agent_credential.has_value()) {
        return check_agent_leaf(next, *who.agent_credential, group);
    }
    CHATMCP_CHECK(who.device.has_value());
    return check_device_leaf(next, *who.device, group);
}

mls::Limits group_limits() {
    mls::Limits limits;
    limits.past_epochs_max = 0;
    return limits;
}

Result<void> ConversationRules::check_commit(const mls::Change& change,
                                             const mls::GroupView& view) const {
    // A resumption key splits a group: who joined later lacks it. Nobody joins uninvited, and a
    // group that is over is followed by a successor, not by a ReInit.
    if (change.has_pre_shared_keys || change.other_extensions_changed || change.external ||
        !change.attached.empty() || change.reinit.has_value()) {
        return fail(Errc::permission_denied, "CLT-98");
    }
    // While a group is created or joined there is nobody before, and only what it says of itself
    // can be judged.
    if (view.member_count() == 0) {
        return check_group_components(change.components.has_value() ? change.components->after
                                                                    : view.components());
    }
    const Before before(view);
    CHATMCP_TRY(const LeafIdentity committer, before.member(change.committer, "CLT-64"));
    if (committer.agent) {
        return check_agent_commit(change);
    }
    if (change.public_message != has_public_handshakes(view)) {
        return fail(Errc::permission_denied, "CLT-69");
    }
    std::vector<LeafIdentity> removed;
    for (const mls::MemberRemoval& removal : change.removed) {
        CHATMCP_TRY(LeafIdentity who, identity_of(removal.leaf));
        removed.push_back(std::move(who));
    }
    CHATMCP_TRY(const auto added, identities(change.added));
    CHATMCP_TRY_VOID(check_adds(change, added, removed, before));
    CHATMCP_TRY_VOID(check_removes(change, added, removed, before));
    return check_components_change(change, before);
}

}  // namespace chatmcp::client
