#include "attest/appraise.h"

#include <utility>

#include "attest/kind_steps.h"
#include "base/check.h"

namespace chatmcp::attest {
namespace {

/// The report of evidence that fell at one of the first two steps.
FactorReport early_report(FactorId id, Error error, std::optional<Kind> kind, UnixMs at) {
    FactorReport report;
    report.judged_at = at;
    report.kind = kind;
    if (id == FactorId::signature) {
        report.factors.push_back(factor_pass(FactorId::format, "The evidence can be read."));
        report.factors.push_back(
            factor_fail(id,
                        error,
                        "A signature, certificate, date or what they cover is wrong, so nothing "
                        "that the evidence says is shown.",
                        "Do not rely on it; ask for new evidence, with collateral of today."));
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

FactorReport full_report(const Claims& claims,
                         const Policy& policy,
                         const Expectation* expectation,
                         const Clues& clues,
                         const Roots& roots,
                         UnixMs at) {
    const AppraisalInput input{claims, policy, expectation, clues, roots, at};
    FactorReport report;
    report.judged_at = at;
    report.kind = claims.kind;
    report.claims = claims;
    report.factors = complete_factors(std::visit(
        [&](const auto& details) { return judge_details(details, input); }, claims.details));
    report.accepted = !report.first_error().has_value();
    return report;
}

FactorReport inspect_parsed(const Result<ParsedEvidence>& parsed,
                            std::optional<Kind> kind,
                            const Roots& roots,
                            const Policy& policy,
                            const Clues& clues,
                            UnixMs at) {
    if (!parsed.has_value()) {
        return early_report(FactorId::format, parsed.error(), kind, at);
    }
    const auto verified = SignedEvidence::verify(*parsed, roots, at);
    if (!verified.has_value()) {
        return early_report(FactorId::signature, verified.error(), parsed->kind(), at);
    }
    return full_report(verified->claims(), policy, nullptr, clues, roots, at);
}

}  // namespace

/// The only maker of AppraisedEvidence.
class Appraiser {
  public:
    static AppraisedEvidence accept(const Claims& claims) { return AppraisedEvidence(claims); }
};

Appraisal appraise(const SignedEvidence& evidence,
                   const Roots& roots,
                   const Policy& policy,
                   const Expectation& expectation) {
    Appraisal appraisal;
    appraisal.report =
        full_report(evidence.claims(), policy, &expectation, Clues{}, roots, expectation.judged_at);
    if (appraisal.report.accepted) {
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
    const UnixMs at = expectation.judged_at;
    const auto parsed = parse_unverified(conceptual_message);
    if (!parsed.has_value()) {
        return {early_report(FactorId::format, parsed.error(), std::nullopt, at), {}};
    }
    const auto verified = SignedEvidence::verify(*parsed, roots, at);
    if (!verified.has_value()) {
        return {early_report(FactorId::signature, verified.error(), parsed->kind(), at), {}};
    }
    return appraise(*verified, roots, policy, expectation);
}

FactorReport inspect(EvidenceBundle bundle,
                     const Roots& roots,
                     const Policy& policy,
                     const Clues& clues,
                     UnixMs at) {
    const Kind kind = bundle.kind;
    return inspect_parsed(ParsedEvidence::read(std::move(bundle)), kind, roots, policy, clues, at);
}

FactorReport inspect(ByteView conceptual_message,
                     const Roots& roots,
                     const Policy& policy,
                     UnixMs at) {
    return inspect_parsed(
        parse_unverified(conceptual_message), std::nullopt, roots, policy, Clues{}, at);
}

}  // namespace chatmcp::attest
