#include "client/trust.h"

#include "base/check.h"

namespace chatmcp::client {
// Lifetimes are seconds in MLS and times are milliseconds here; compared in seconds, so that
// nothing overflows whatever a stranger wrote.
Result<void> check_lifetime(const mls::LeafView& leaf, UnixMs at) {
    if (leaf.source != mls::LeafSource::key_package) {
        return {};
    }
    if (!leaf.lifetime.has_value()) {
        return fail(Errc::expired, "CLT-70");
    }
    const mls::Lifetime& lifetime = *leaf.lifetime;
    const auto at_s = static_cast<std::uint64_t>(at.seconds());
    if (at_s < lifetime.not_before_s) {
        return fail(Errc::not_yet_valid, "CLT-70");
    }
    if (at_s > lifetime.not_after_s ||
        lifetime.not_after_s - lifetime.not_before_s > kKeyPackageLifetimeMaxMs / kSecondMs) {
        return fail(Errc::expired, "CLT-70");
    }
    return {};
}

Result<attest::Appraisal> appraise_agent(const mls::LeafView& leaf,
                                         const AgentSurroundings& surroundings,
                                         const TrustSettings& settings,
                                         UnixMs judged_at) {
    CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
    const auto& agent = who.agent_credential;
    if (!agent.has_value() || leaf.signature_key.size() != crypto::kEd25519PublicBytes) {
        return fail(Errc::untrusted_identity, "CLT-54");
    }
    CHATMCP_TRY(const auto component,
                component_of<wire::EvidenceComponent>(
                    leaf.components, wire::ComponentId::evidence, "CLT-54"));
    const attest::Expectation expectation{
        .binding = {.enclave_key = agent->enclave_key,
                    .leaf_signature_key = to_array<crypto::kEd25519PublicBytes>(leaf.signature_key),
                    .configuration_digest = agent->configuration_digest,
                    .group_id = surroundings.group_id,
                    .nonce = component.nonce},
        .measurement = agent->measurement,
        .judged_at = judged_at,
        .development = surroundings.development};
    return attest::examine(component.evidence, settings.roots, settings.policy, expectation);
}

Result<void> ClientTrust::check(const mls::LeafView& next,
                                const mls::LeafView* /*current*/,
                                const mls::GroupView& group,
                                const mls::Arrival& arrival) const {
    // Expiry is judged once, when a leaf enters. Of one that is found nobody can tell a newcomer
    // when that was.
    const auto in_time = [&](const Result<void>& judged) {
        const bool late = !judged.has_value() && judged.error().code == Errc::expired;
        return arrival.found && late ? Result<void>() : judged;
    };
    CHATMCP_TRY_VOID(in_time(check_lifetime(next, arrival.accepted_at)));
    CHATMCP_TRY(const LeafIdentity who, identity_of(next));
    if (who.device.has_value()) {
        return in_time(identity::check_device_credential(
            *who.device, settings_.accepted_domains, arrival.accepted_at));
    }
    CHATMCP_CHECK(who.agent_credential.has_value());
    CHATMCP_TRY_VOID(in_time(identity::check_agent_credential(
        *who.agent_credential, settings_.accepted_domains, arrival.accepted_at)));
    AgentSurroundings surroundings;
    surroundings.group_id = to_array<wire::kGroupIdBytes>(group.group_id());
    const auto development = component_of<wire::Development>(
        group.components(), wire::ComponentId::development, "CLT-54");
    if (development.has_value()) {
        surroundings.development = *development;
    }
    CHATMCP_TRY(const attest::Appraisal appraisal,
                appraise_agent(next, surroundings, settings_, arrival.accepted_at));
    CHATMCP_TRY_VOID(appraisal.evidence());
    return {};
}

}  // namespace chatmcp::client
