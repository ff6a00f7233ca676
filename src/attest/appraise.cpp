#include "attest/appraise.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "attest/simulated.h"
#include "base/check.h"
#include "base/secret.h"

namespace chatmcp::attest {
namespace {

Factor judge_configuration(const Claims& claims, const Expectation* expectation) {
    constexpr auto kId = FactorId::configuration;
    if (expectation == nullptr) {
        return factor_not_proven(
            kId, "No credential was given to compare the configuration with.", {});
    }
    if (expectation->binding.configuration_digest != claims.configuration_digest) {
        return factor_fail(kId,
                           {Errc::untrusted_identity, "ATT-20"},
                           "Another configuration runs than the agent's credential names.",
                           "Remove the agent; a new configuration is a new grant.");
    }
    return factor_pass(kId, "The configuration is the one that the agent's credential names.");
}

// The host could hand on a true quote of some other enclave, or an old one of this enclave. Only
// the holder of these keys could have asked for a quote over them, for this group and this nonce.
Factor judge_binding(const Claims& claims, const Expectation* expectation) {
    constexpr auto kId = FactorId::binding;
    if (expectation == nullptr) {
        return factor_not_proven(
            kId, "No keys, group and nonce were given to hold the evidence against.", {});
    }
    if (!equal_constant_time(claims.report_data, report_data(expectation->binding))) {
        return factor_fail(
            kId,
            {Errc::wrong_key, "ATT-21"},
            "The evidence was made for other keys, another group or another question.",
            "Do not invite this agent; remove it if it is already in.");
    }
    return factor_pass(kId, "The evidence was made for these keys, this group and this question.");
}

std::string hours_text(std::int64_t ms) {
    return std::to_string(ms / kHourMs) + " h " + std::to_string(ms % kHourMs / kMinuteMs) + " min";
}

Factor judge_freshness(UnixMs issued, const Policy& policy, UnixMs at) {
    constexpr auto kId = FactorId::freshness;
    constexpr const char* kRenew = "Ask the agent for new evidence; it renews it every 24 hours.";
    if (!policy.evidence_age_seconds_max.has_value()) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-24"},
                           "The trust policy does not say how old evidence may be.",
                           "Set evidence_age_seconds_max in the policy file.");
    }
    // Both times are not negative and the limits are small, so nothing here can overflow.
    if (at.value < 0 || issued.value - kClockSkewMsMax > at.value) {
        return factor_fail(kId,
                           {Errc::not_yet_valid, "ATT-22"},
                           "The evidence comes from the future.",
                           "Compare this machine's clock with the assistant's.");
    }
    const std::int64_t age_ms = std::max<std::int64_t>(0, at.value - issued.value);
    if (age_ms / kSecondMs >= *policy.evidence_age_seconds_max) {
        return factor_fail(
            kId,
            {Errc::expired, "ATT-23"},
            "The evidence is " + hours_text(age_ms) + " old, more than the policy allows.",
            kRenew);
    }
    return factor_pass(kId, "The evidence is " + hours_text(age_ms) + " old.");
}

std::vector<Factor> judge(const Claims& claims,
                          const Policy& policy,
                          const Expectation* expectation,
                          UnixMs at) {
    std::vector<Factor> factors;
    factors.push_back(factor_pass(FactorId::format, "The evidence can be read."));
    factors.push_back(factor_pass(FactorId::signature, "The root that it names signed it."));
    // A conceptual message holds no other kind yet (evidence.cpp: parse_unverified).
    const auto* const details = std::get_if<SimulatedClaims>(&claims.details);
    CHATMCP_CHECK(details != nullptr && claims.issued.has_value());
    std::ranges::move(judge_simulated(claims, *details, policy, expectation),
                      std::back_inserter(factors));
    factors.push_back(judge_configuration(claims, expectation));
    factors.push_back(judge_binding(claims, expectation));
    factors.push_back(judge_freshness(*claims.issued, policy, at));
    std::ranges::sort(factors, {}, &Factor::id);
    return factors;
}

/// The report of evidence that fell at one of the first two steps.
FactorReport early_report(FactorId id, Error error, UnixMs at) {
    FactorReport report;
    report.judged_at = at;
    if (id == FactorId::signature) {
        report.factors.push_back(factor_pass(FactorId::format, "The evidence can be read."));
        report.factors.push_back(
            factor_fail(id,
                        error,
                        "The signature or what it covers is wrong, so nothing that "
                        "the evidence says is shown.",
                        "Do not use this agent."));
    } else {
        report.factors.push_back(
            factor_fail(id,
                        error,
                        "The evidence cannot be read, or is of a kind that this "
                        "version does not know.",
                        "Compare the versions of client and assistant."));
    }
    return report;
}

}  // namespace

/// The only maker of AppraisedEvidence.
class Appraiser {
  public:
    static AppraisedEvidence accept(const Claims& claims) { return AppraisedEvidence(claims); }
};

Appraisal appraise(const SignedEvidence& evidence,
                   const Policy& policy,
                   const Expectation& expectation) {
    Appraisal appraisal;
    FactorReport& report = appraisal.report;
    report.judged_at = expectation.judged_at;
    report.claims = evidence.claims();
    report.factors = judge(evidence.claims(), policy, &expectation, expectation.judged_at);
    if (!report.first_error().has_value()) {
        report.accepted = true;
        appraisal.accepted = Appraiser::accept(evidence.claims());
    }
    return appraisal;
}

Result<AppraisedEvidence> Appraisal::evidence() const {
    if (accepted.has_value()) {
        return *accepted;
    }
    const std::optional<Error> error = report.first_error();
    CHATMCP_CHECK(error.has_value());
    return fail(*error);
}

Appraisal examine(ByteView conceptual_message,
                  const Roots& roots,
                  const Policy& policy,
                  const Expectation& expectation) {
    const auto parsed = parse_unverified(conceptual_message);
    if (!parsed.has_value()) {
        return {early_report(FactorId::format, parsed.error(), expectation.judged_at), {}};
    }
    const auto verified = SignedEvidence::verify(*parsed, roots);
    if (!verified.has_value()) {
        return {early_report(FactorId::signature, verified.error(), expectation.judged_at), {}};
    }
    return appraise(*verified, policy, expectation);
}

FactorReport inspect(ByteView conceptual_message,
                     const Roots& roots,
                     const Policy& policy,
                     UnixMs at) {
    const auto parsed = parse_unverified(conceptual_message);
    if (!parsed.has_value()) {
        return early_report(FactorId::format, parsed.error(), at);
    }
    const auto verified = SignedEvidence::verify(*parsed, roots);
    if (!verified.has_value()) {
        return early_report(FactorId::signature, verified.error(), at);
    }
    FactorReport report;
    report.judged_at = at;
    report.claims = verified->claims();
    report.factors = judge(verified->claims(), policy, nullptr, at);
    return report;
}

}  // namespace chatmcp::attest
