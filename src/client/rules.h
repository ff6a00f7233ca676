#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "identity/credential.h"
#include "mls/environment.h"
#include "mls/group.h"
#include "wire/components.h"

namespace chatmcp::client {

/// Whom a leaf stands for, read out of its credential.
///
/// Trust:  of a leaf that is in a group, ConversationRules has verified all of it.
struct LeafIdentity {
    bool agent = false;
    std::string account;             // CAIP-10; of an agent its operator's.
    identity::PublicKey root_key{};  // Of the device; of an agent the enclave key.
    std::optional<identity::DeviceCredential> device;
    std::optional<identity::AgentCredential> agent_credential;
};
/// Errors: unsupported (CLT-50) a credential of another type; those of the credential's read().
[[nodiscard]] Result<LeafIdentity> identity_of(const mls::LeafView& leaf);
/// One account's one device, in whatever leaves.
[[nodiscard]] bool same_device(const LeafIdentity& a, const LeafIdentity& b);
/// Whether somebody may do what only admins may: in a companion every person.
/// Errors: not_found (CLT-60) a group without roles; those of wire::Roles::read.
[[nodiscard]] Result<bool> is_admin(const mls::GroupView& view, const LeafIdentity& who);

/// Limits of our groups: messages are accepted in the current epoch alone, so no key of an ended
/// one is kept.
[[nodiscard]] mls::Limits group_limits();

/// One component of a list, decoded. Errors: not_found (`absent`) without it; those of T::read.
template <class T>
[[nodiscard]] Result<T> component_of(const std::vector<mls::Component>& components,
                                     wire::ComponentId id,
                                     const char* absent) {
    for (const mls::Component& component : components) {
        if (component.id == static_cast<std::uint16_t>(id)) {
            return wire::decode<T>(component.data);
        }
    }
    return fail(Errc::not_found, absent);
}
[[nodiscard]] bool has_component(const std::vector<mls::Component>& components,
                                 wire::ComponentId id);
/// Whether proposals and commits of people are PublicMessages, which the relay follows.
[[nodiscard]] bool has_public_handshakes(const mls::GroupView& view);
template <class T>
[[nodiscard]] mls::Component make_component(wire::ComponentId id, const T& value) {
    return {static_cast<std::uint16_t>(id), wire::encode(value)};
}

/// What a group may say about itself: roles and sequencer always; companion_of and grant together
/// or not at all; development only beside them, handshakes never; title and successor_of; each in
/// its one form.
///
/// Errors: not_found (CLT-60) roles or sequencer; invalid_argument (CLT-61) a component that is not
///         declared for groups, (CLT-62) companion_of without grant, grant without companion_of,
///         development without both or handshakes beside them; those of the components' read().
[[nodiscard]] Result<void> check_group_components(const std::vector<mls::Component>& components);

/// Validity in groups of ours (DESIGN 3): a pure function of the group before and of the commit,
/// the same for every member, whatever its clock, settings and policy.
///
/// Errors of check_leaf: unsupported (CLT-50); invalid_argument (CLT-51) a component that is not
///         declared for this kind of leaf; not_found (CLT-52) a device without log_head;
///         permission_denied (CLT-53) an agent outside a companion whose grant names it; not_found
///         (CLT-54) an agent without evidence; wrong_key (CLT-56) a leaf that becomes somebody
///         else; those of identity::verify_….
/// Errors of check_commit: check_group_components'; invalid_argument (CLT-63) a component that
/// never
///         changes; permission_denied (CLT-64) who adds, (CLT-65) who removes, (CLT-66) who changes
///         components, (CLT-67) an agent that does more than renew itself, (CLT-69) a person's
///         commit as PublicMessage where handshakes are private, or as PrivateMessage where they
///         are public, or an agent's in another form than PublicMessage.
class ConversationRules final : public mls::Rules {
  public:
    [[nodiscard]] Result<void> check_leaf(const mls::LeafView& next,
                                          const mls::LeafView* current,
                                          const mls::GroupView& group) const override;
    [[nodiscard]] Result<void> check_commit(const mls::Change& change,
                                            const mls::GroupView& before) const override;
};

}  // namespace chatmcp::client
