#include "wasm/core.h"

#include <nlohmann/json.hpp>

#include "attest/appraise.h"
#include "base/encoding.h"
#include "identity/credential.h"
#include "mls_peer/fields.h"

namespace chatmcp::wasm {
namespace {

using mls_peer::Fields;
using mls_peer::Json;

template <std::size_t N>
Result<ByteArray<N>> array_of(const Fields& fields, const char* name) {
    CHATMCP_TRY(const Bytes bytes, fields.bytes(name));
    if (bytes.size() != N) {
        return fail(Errc::malformed, "WASM-02");
    }
    return to_array<N>(bytes);
}

Result<UnixMs> time_of(const Fields& fields, const char* name) {
    CHATMCP_TRY(const std::uint32_t seconds, fields.number(name));
    return UnixMs{std::int64_t{seconds} * kSecondMs};
}

template <class Credential>
Result<Credential> credential_of(const Fields& fields) {
    CHATMCP_TRY(const Bytes bytes, fields.bytes("credential"));
    return wire::decode<Credential>(bytes);
}

Result<Json> verify_device(const Fields& fields) {
    CHATMCP_TRY(const auto credential, credential_of<identity::DeviceCredential>(fields));
    CHATMCP_TRY(const Bytes leaf_key, fields.bytes("leaf_key"));
    CHATMCP_TRY(const Bytes group_id, fields.bytes("group", {}));
    CHATMCP_TRY(const auto domains, fields.texts("accepted_domains"));
    CHATMCP_TRY(const UnixMs at, time_of(fields, "at_s"));
    CHATMCP_TRY_VOID(
        identity::verify_device_credential(credential, leaf_key, group_id, group_id.empty()));
    CHATMCP_TRY_VOID(identity::check_device_credential(credential, domains, at));
    return Json{{"account", credential.wallet.account.text()},
                {"domain", credential.wallet.domain},
                {"root_key", to_hex(credential.wallet.root_key)},
                {"expires_at_s", credential.wallet.expires_at_s}};
}

Result<Json> verify_agent(const Fields& fields) {
    CHATMCP_TRY(const auto credential, credential_of<identity::AgentCredential>(fields));
    CHATMCP_TRY(const auto domains, fields.texts("accepted_domains"));
    CHATMCP_TRY(const UnixMs at, time_of(fields, "at_s"));
    CHATMCP_TRY_VOID(identity::verify_agent_credential(credential));
    CHATMCP_TRY_VOID(identity::check_agent_credential(credential, domains, at));
    return Json{{"operator", credential.operator_account.text()},
                {"domain", credential.domain},
                {"enclave_key", to_hex(credential.enclave_key)},
                {"measurement", to_hex(credential.measurement)},
                {"configuration_digest", to_hex(credential.configuration_digest)},
                {"digest", to_hex(credential.digest())},
                {"expires_at_s", credential.expires_at_s}};
}

Result<attest::Expectation> expectation_of(const Fields& fields) {
    attest::Expectation expected;
    CHATMCP_TRY(expected.binding.enclave_key, array_of<32>(fields, "enclave_key"));
    CHATMCP_TRY(expected.binding.leaf_signature_key, array_of<32>(fields, "leaf_key"));
    CHATMCP_TRY(expected.binding.configuration_digest,
                array_of<32>(fields, "configuration_digest"));
    CHATMCP_TRY(expected.binding.group_id, array_of<wire::kGroupIdBytes>(fields, "group"));
    CHATMCP_TRY(expected.binding.nonce, array_of<attest::kNonceBytes>(fields, "nonce"));
    CHATMCP_TRY(expected.measurement, array_of<32>(fields, "measurement"));
    CHATMCP_TRY(expected.judged_at, time_of(fields, "at_s"));
    if (fields.has("development")) {
        CHATMCP_TRY(const auto root, array_of<32>(fields, "development"));
        expected.development = wire::Development{root};
    }
    return expected;
}

Result<Json> examine_evidence(const Fields& fields) {
    CHATMCP_TRY(const Bytes evidence, fields.bytes("evidence"));
    CHATMCP_TRY(const std::string policy_text, fields.text("policy"));
    CHATMCP_TRY(const attest::Policy policy, attest::parse_policy(policy_text));
    CHATMCP_TRY(const attest::Expectation expected, expectation_of(fields));
    const attest::Appraisal appraisal =
        attest::examine(evidence, attest::builtin_roots(), policy, expected);
    return Json{{"accepted", appraisal.evidence().has_value()},
                {"report", Json::parse(attest::report_to_json(appraisal.report))}};
}

}  // namespace

std::string Core::handle(std::string_view line) {
    return mls_peer::answer(line, [this](const Json& request) { return run(request); });
}

Result<Json> Core::run(const Json& request) {
    const Fields fields(request);
    CHATMCP_TRY(const std::string command, fields.text("cmd"));
    if (command == "verify_device_credential") {
        return verify_device(fields);
    }
    if (command == "verify_agent_credential") {
        return verify_agent(fields);
    }
    if (command == "examine_evidence") {
        return examine_evidence(fields);
    }
    if (command == "init") {
        // The peer program may accept everybody without a word. A page that forgets to say whom it
        // trusts gets no client.
        CHATMCP_TRY(const std::string trust, fields.text("trust", ""));
        if (trust != "anybody") {
            return fail(Errc::unsupported, "WASM-01");
        }
    }
    return peer_.run(request);
}

}  // namespace chatmcp::wasm
