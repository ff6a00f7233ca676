#include "enclave/agent_state.h"

#include <utility>

#include "attest/report_data.h"
#include "base/check.h"
#include "identity/delegation.h"
#include "wire/components.h"

namespace chatmcp::enclave {
namespace {

Bytes big_endian(std::uint64_t number) {
    wire::Writer writer;
    writer.u64(number);
    return writer.take();
}

mls::Limits limits_of_enclave() {
    mls::Limits limits = client::group_limits();
    limits.members_max = 1000;
    return limits;
}

}  // namespace

Bytes table_prefix(std::string_view table, ByteView id) {
    return concat({as_bytes("agent/"), as_bytes(table), as_bytes("/"), id});
}
Bytes identity_record() {
    return table_prefix("identity");
}
Bytes offer_record(const GroupId& group, ByteView reference) {
    return concat({table_prefix("offer", group), reference});
}
Bytes companion_record(const GroupId& companion) {
    return table_prefix("companion", companion);
}
Bytes copy_record(const GroupId& companion, std::uint64_t position, const wire::MessageId& id) {
    return concat({table_prefix("copy", companion), big_endian(position), id});
}
Bytes question_record(const GroupId& companion, std::uint64_t position) {
    return concat({table_prefix("question", companion), big_endian(position)});
}

AgentState::AgentState(tee::Platform& tee_platform,
                       SealedMemory sealed,
                       Configuration settings,
                       const MeasuredFacts& measured,
                       const AgentLimits& agent_limits)
    : platform(tee_platform),
      configuration(std::move(settings)),
      facts(measured),
      limits(agent_limits),
      environment{.rules = rules,
                  .trust = trust,
                  .random = tee_platform.random(),
                  .limits = limits_of_enclave(),
                  .own_keys_in_memory_only = true},
      memory(std::move(sealed)) {}

const crypto::SigningKey& AgentState::own_key() const {
    CHATMCP_CHECK(enclave_key.has_value());
    return *enclave_key;
}

const crypto::HpkePrivateKey& AgentState::own_directory_key() const {
    CHATMCP_CHECK(directory_key.has_value());
    return *directory_key;
}

const identity::AgentCredential& AgentState::own_credential() const {
    CHATMCP_CHECK(credential.has_value());
    return *credential;
}

std::uint64_t AgentStep::send(Purpose purpose, const GroupId& companion, client::DoorRequest body) {
    const std::uint64_t id = ++state.last_request;
    state.tasks.emplace(id, Task{purpose, companion});
    effects.requests.push_back({id, std::move(body)});
    return id;
}

void AgentStep::note(const Error& error, wire::LogLine::Severity severity) {
    effects.notes.push_back({severity, error.check});
}

Result<AgentLeaf> make_agent_leaf(AgentState& state,
                                  const GroupId& group,
                                  const ByteArray<32>& nonce,
                                  UnixMs now) {
    auto key = crypto::SigningKey::generate(state.platform.random());
    const identity::AgentCredential& credential = state.own_credential();
    const auto report_data =
        attest::report_data({.enclave_key = state.own_key().public_key(),
                             .leaf_signature_key = key.public_key(),
                             .configuration_digest = credential.configuration_digest,
                             .group_id = group,
                             .nonce = nonce});
    wire::EvidenceComponent evidence;
    evidence.delegation = wire::encode(identity::delegate(
        state.own_key(), key.public_key(), identity::Delegation::Purpose::group, group, now));
    evidence.nonce = nonce;
    CHATMCP_TRY(evidence.evidence, state.platform.evidence(report_data));
    const auto seed = to_array<32>(key.seed());
    return AgentLeaf{
        mls::LeafSetup{
            .credential = {identity::kAgentCredentialType, wire::encode(credential)},
            .signature_key = std::move(key),
            .components = {client::make_component(wire::ComponentId::evidence, evidence)}},
        seed};
}

}  // namespace chatmcp::enclave
