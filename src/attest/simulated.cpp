// The simulated platform: a sandbox without hardware.
#include <algorithm>
#include <string>

#include "attest/kind_steps.h"
#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

std::string allow_command(const SimulatedClaims& details) {
    return "If this is your own development machine: chatmcp policy allow-simulated " +
           to_hex(details.root);
}

Factor judge_kind(const SimulatedClaims& details, const Policy& policy) {
    if (!policy.simulated.has_value()) {
        return factor_fail(
            FactorId::kind,
            {Errc::simulated_refused, "ATT-15"},
            "The platform is simulated: a sandbox without hardware. The trust policy does "
            "not allow this kind.",
            allow_command(details));
    }
    return factor_pass(
        FactorId::kind,
        "The platform is simulated, for development, and the trust policy allows this kind.");
}

Factor judge_development(const SimulatedClaims& details, const Expectation* expectation) {
    constexpr auto kId = FactorId::development;
    if (expectation == nullptr) {
        return factor_not_proven(
            kId,
            "No companion was looked at, so it is not known whether it names this "
            "development root.",
            {});
    }
    if (!expectation->development.has_value()) {
        return factor_fail(
            kId,
            {Errc::simulated_refused, "ATT-16"},
            "A simulated agent stands in a companion that does not say that it is for "
            "development.",
            "Leave this companion; an honest client does not make such a one.");
    }
    if (expectation->development->root_key != details.root_key) {
        return factor_fail(kId,
                           {Errc::wrong_key, "ATT-17"},
                           "The companion names another development root than the one that signed.",
                           "Remove the agent and invite it anew.");
    }
    return factor_pass(kId, "The companion says that it is for development and names this root.");
}

Factor judge_root(const SimulatedClaims& details, const Policy& policy) {
    if (!policy.simulated.has_value() || policy.find_simulated_root(details.root) == nullptr) {
        return factor_fail(
            FactorId::root,
            {Errc::untrusted_identity, "ATT-18"},
            "The trust policy does not name the development root " + to_hex(details.root) + ".",
            allow_command(details));
    }
    return factor_pass(FactorId::root,
                       "The trust policy names the development root " + to_hex(details.root) + ".");
}

Factor judge_measurement(const Claims& claims,
                         const SimulatedClaims& details,
                         const Policy& policy,
                         const Expectation* expectation) {
    constexpr auto kId = FactorId::measurement;
    if (expectation != nullptr && expectation->measurement != claims.measurement) {
        return factor_fail(kId,
                           {Errc::untrusted_identity, "ATT-26"},
                           "Another program runs than the agent's credential names.",
                           "Remove the agent; a new version is a new grant.");
    }
    const SimulatedRoot* root = policy.find_simulated_root(details.root);
    if (root == nullptr ||
        (!root->any_measurement &&
         std::ranges::find(root->measurements, claims.measurement) == root->measurements.end())) {
        return factor_fail(
            kId,
            {Errc::refused_by_policy, "ATT-19"},
            "The trust policy does not allow the measurement " + to_hex(claims.measurement) + ".",
            "Compare it with what `chatmcp-simtee measure` prints for a program that you "
            "built or trust: chatmcp policy allow-simulated " +
                to_hex(details.root) + " --measurement " + to_hex(claims.measurement));
    }
    if (root->any_measurement) {
        return factor_not_proven(
            kId,
            "Which program this is was not compared: the trust policy accepts every "
            "program of this root.",
            "To accept this one only: chatmcp policy allow-simulated " + to_hex(details.root) +
                " --measurement " + to_hex(claims.measurement));
    }
    return factor_pass(
        kId, "The trust policy allows this program, model, configuration and command line.");
}

/// The names of the layers in `mask` that `layers` lacks.
std::string missing_layers(std::uint32_t layers, std::uint32_t mask) {
    std::string names;
    for (std::uint8_t i = 0; i < wire::kSandboxLayers; ++i) {
        const auto layer = static_cast<wire::SandboxLayer>(i);
        if ((wire::layer_bit(layer) & mask & ~layers) != 0) {
            names += names.empty() ? "" : ", ";
            names += wire::layer_name(layer);
        }
    }
    return names;
}

Factor judge_sandbox(const SimulatedClaims& details) {
    const std::string missing =
        missing_layers(details.sandbox_layers, wire::kRequiredSandboxLayers);
    if (!missing.empty()) {
        return factor_fail(FactorId::sandbox,
                           {Errc::refused_by_policy, "ATT-25"},
                           "The sandbox lacks: " + missing + ".",
                           "Start the assistant with chatmcp-simtee of this version.");
    }
    return factor_pass(
        FactorId::sandbox,
        "The program has no network, no files, no environment, no privileges and a list of "
        "allowed system calls.");
}

Factor judge_extra_sandbox(const SimulatedClaims& details) {
    constexpr std::uint32_t kAll = (std::uint32_t{1} << wire::kSandboxLayers) - 1;
    const std::string missing =
        missing_layers(details.sandbox_layers, kAll & ~wire::kRequiredSandboxLayers);
    if (!missing.empty()) {
        return factor_not_proven(
            FactorId::extra_sandbox,
            "The machine does not have: " + missing + ".",
            "A kernel from 6.12 with Landlock, and swap switched off, have them all.");
    }
    return factor_pass(FactorId::extra_sandbox,
                       "Landlock stands as a second wall, and nothing is swapped.");
}

}  // namespace

Result<Claims> verify_content(const wire::SimulatedQuote& quote, const VerificationInput& input) {
    const Roots& roots = input.roots;
    // Whoever reads the standards can sign with these, so their signature says nothing.
    if (std::ranges::find(roots.published_keys, quote.root_key) != roots.published_keys.end()) {
        return fail(Errc::untrusted_identity, "ATT-13");
    }
    if (!wire::verify(quote.root_key, quote, quote.signature).has_value()) {
        return fail(Errc::bad_signature, "ATT-12");
    }
    if (wire::measurement_of(quote.digests) != quote.measurement) {
        return fail(Errc::malformed, "ATT-14");
    }
    Claims claims;
    claims.kind = Kind::simulated;
    claims.measurement = quote.measurement;
    claims.configuration_digest = quote.digests.configuration;
    claims.report_data = to_bytes(quote.report_data);
    claims.issued = quote.issued;
    claims.details = SimulatedClaims{.digests = quote.digests,
                                     .sandbox_layers = quote.sandbox_layers,
                                     .root_key = quote.root_key,
                                     .root = wire::root_fingerprint(quote.root_key)};
    return claims;
}

std::vector<Factor> judge_details(const SimulatedClaims& details, const AppraisalInput& input) {
    const Policy& policy = input.policy;
    const Expectation* const expectation = input.expectation;
    std::vector<Factor> factors;
    factors.push_back(factor_pass(FactorId::format, "The evidence can be read."));
    factors.push_back(factor_pass(FactorId::signature, "The root that it names signed it."));
    factors.push_back(
        factor_pass(FactorId::published_key, "The root is none whose private key is published."));
    factors.push_back(judge_kind(details, policy));
    factors.push_back(factor_not_proven(
        FactorId::evidence_class, "A simulated platform protects nothing: it is for development."));
    for (const FactorId id : {FactorId::revocation, FactorId::tcb, FactorId::debug}) {
        factors.push_back(factor_not_applicable(
            id, "A simulated platform has no maker, no firmware and no debug mode."));
    }
    factors.push_back(judge_development(details, expectation));
    factors.push_back(judge_root(details, policy));
    factors.push_back(judge_measurement(input.claims, details, policy, expectation));
    factors.push_back(judge_sandbox(details));
    factors.push_back(judge_extra_sandbox(details));
    factors.push_back(
        factor_not_proven(FactorId::memory,
                          "The owner of the machine can read everything that the assistant "
                          "sees: no hardware protects its memory.",
                          "Use an assistant of class confidential for real conversations."));
    factors.push_back(
        factor_not_proven(FactorId::physical,
                          "Whoever holds the machine can read its memory.",
                          "Use an assistant of class confidential for real conversations."));
    factors.push_back(
        factor_not_proven(FactorId::rollback,
                          "The host can give the assistant old sealed state back: no counter "
                          "is bound to it.",
                          {}));
    factors.push_back(factor_not_proven(
        FactorId::unmeasured,
        "Not measured: the launcher chatmcp-simtee itself, the kernel, the processor and its "
        "microcode, and everything else on that machine.",
        {}));
    factors.push_back(factor_pass(FactorId::weights,
                                  "The measurement covers program, model, configuration and "
                                  "command line."));
    factors.push_back(judge_configuration(input));
    factors.push_back(judge_binding(input));
    factors.push_back(judge_nonce(input));
    factors.push_back(judge_freshness(input));
    return factors;
}

void write_details(JsonWriter& json, const SimulatedClaims& details) {
    json.hex("root", details.root);
    json.hex("root_key", details.root_key);
    json.hex("program_digest", details.digests.program);
    json.hex("model_digest", details.digests.model);
    json.hex("command_line_digest", details.digests.command_line);
    json.begin_array("sandbox_layers");
    for (std::uint8_t i = 0; i < wire::kSandboxLayers; ++i) {
        const auto layer = static_cast<wire::SandboxLayer>(i);
        if ((details.sandbox_layers & wire::layer_bit(layer)) != 0) {
            json.string(wire::layer_name(layer));
        }
    }
    json.end_array();
}

}  // namespace chatmcp::attest
