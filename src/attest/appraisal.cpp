#include "attest/appraisal.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/secret.h"

namespace chatmcp::attest {
namespace {

std::string kind_text(Kind kind) {
    return std::string(kind_name(kind));
}

Factor judge_kind(const AppraisalInput& input) {
    constexpr auto kId = FactorId::kind;
    if (rules_of(input) == nullptr) {
        return factor_fail(
            kId,
            {Errc::refused_by_policy, "ATT-74"},
            "The trust policy does not allow the kind " + kind_text(input.claims.kind) + ".",
            "If you trust this kind of hardware, add it to the policy's kinds "
            "(docs/policy.md).");
    }
    return factor_pass(kId,
                       "The trust policy allows the kind " + kind_text(input.claims.kind) + ".");
}

Factor judge_class(const AppraisalInput& input) {
    constexpr auto kId = FactorId::evidence_class;
    const Class found = class_of(input.claims.kind);
    if (found == Class::confidential) {
        return factor_pass(kId, "Hardware of class confidential can protect an assistant.");
    }
    const std::string meaning = "Hardware of class " + std::string(class_name(found)) +
                                " cannot protect what an assistant reads.";
    if (input.expectation != nullptr) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-274"},
                           meaning,
                           "Use an assistant that runs in confidential hardware.");
    }
    return factor_not_proven(kId, meaning);
}

Factor judge_measurement(const AppraisalInput& input) {
    constexpr auto kId = FactorId::measurement;
    const Claims& claims = input.claims;
    if (input.expectation != nullptr && input.expectation->measurement != claims.measurement) {
        return factor_fail(kId,
                           {Errc::untrusted_identity, "ATT-26"},
                           "Another program runs than the agent's credential names.",
                           "Remove the agent; a new version is a new grant.");
    }
    const HardwarePolicy* const rules = rules_of(input);
    const std::string name = to_hex(claims.measurement);
    if (rules != nullptr && rules->any_measurement) {
        return factor_not_proven(kId,
                                 "Which program this is was not compared: the trust policy accepts "
                                 "every one of this kind. It is " +
                                     name + ".",
                                 "To accept this one only, list it in the policy's measurements.");
    }
    if (rules == nullptr ||
        std::ranges::find(rules->measurements, claims.measurement) == rules->measurements.end()) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-19"},
                           "The trust policy does not allow the measurement " + name + ".",
                           "Compare it with that of a program that you built or trust, and list "
                           "it in the policy's measurements.");
    }
    return factor_pass(kId, "The trust policy allows this program: " + name + ".");
}

Factor judge_collateral_age(const AppraisalInput& input) {
    constexpr auto kId = FactorId::collateral_age;
    if (!input.claims.collateral_issued.has_value()) {
        return factor_not_applicable(kId, "There is no dated collateral.");
    }
    const UnixMs issued = *input.claims.collateral_issued;
    // Dates of documents that hold are far from the ends of the clock.
    const std::int64_t days = issued < input.at ? (input.at.value - issued.value) / kDayMs : 0;
    const std::string age =
        "The oldest document of the collateral is " + std::to_string(days) + " days old.";
    if (input.policy.collateral_age_days_max.has_value() &&
        days >= *input.policy.collateral_age_days_max) {
        return factor_fail(kId,
                           {Errc::expired, "ATT-276"},
                           age + " The policy allows less.",
                           "Take the collateral of today from the maker's provisioning service.");
    }
    return factor_pass(kId, age);
}

Factor judge_host_identity(const AppraisalInput& input) {
    constexpr auto kId = FactorId::host_identity;
    if (!input.claims.host.has_value()) {
        return factor_not_proven(kId, "The evidence does not say which machine it is.");
    }
    return factor_pass(kId, "The machine is " + to_hex(*input.claims.host) + ".");
}

Factor judge_host_registry(const AppraisalInput& input) {
    constexpr auto kId = FactorId::host_registry;
    if (input.policy.hosts.empty()) {
        return factor_not_proven(
            kId,
            "Whether this machine is one that somebody vouches for was not asked: the trust "
            "policy names no machines.",
            "List machines that you know in the policy's hosts.");
    }
    if (!input.claims.host.has_value() ||
        std::ranges::find(input.policy.hosts, *input.claims.host) == input.policy.hosts.end()) {
        return factor_fail(kId,
                           {Errc::refused_by_policy, "ATT-275"},
                           "The machine is none of those that the trust policy names.",
                           "Compare the host identity with the machines that you know.");
    }
    return factor_pass(kId, "The trust policy names this machine.");
}

std::string hours_text(std::int64_t ms) {
    return std::to_string(ms / kHourMs) + " h " + std::to_string(ms % kHourMs / kMinuteMs) + " min";
}

Factor judge_age(UnixMs issued, const Policy& policy, UnixMs at) {
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

}  // namespace

const HardwarePolicy* rules_of(const AppraisalInput& input) {
    const auto found = input.policy.hardware.find(input.claims.kind);
    return found == input.policy.hardware.end() ? nullptr : &found->second;
}

const HardwarePolicy& rules_or_strictest(const AppraisalInput& input) {
    static const HardwarePolicy strictest;
    const HardwarePolicy* const rules = rules_of(input);
    return rules != nullptr ? *rules : strictest;
}

Factor judge_registers(const std::map<std::uint8_t, Bytes>& registers,
                       const HardwarePolicy& rules) {
    constexpr auto kId = FactorId::registers;
    if (rules.registers.empty()) {
        return factor_not_proven(kId, "The trust policy names no values of registers.");
    }
    for (const auto& [index, values] : rules.registers) {
        const auto found = registers.find(index);
        if (found == registers.end() || std::ranges::find(values, found->second) == values.end()) {
            return factor_fail(kId,
                               {Errc::refused_by_policy, "ATT-281"},
                               "Register " + std::to_string(index) +
                                   " has another value than the trust policy names.",
                               "Compare it with that of an image that you built or trust.");
        }
    }
    return factor_pass(kId, "The registers are those that the trust policy names.");
}

Factor judge_configuration(const AppraisalInput& input) {
    constexpr auto kId = FactorId::configuration;
    if (input.expectation == nullptr) {
        return factor_not_proven(kId, "No credential was given to compare the configuration with.");
    }
    if (!input.claims.configuration_digest.has_value()) {
        return factor_not_proven(
            kId, "The hardware does not measure it; the program says it in what it is bound to.");
    }
    if (input.expectation->binding.configuration_digest != *input.claims.configuration_digest) {
        return factor_fail(kId,
                           {Errc::untrusted_identity, "ATT-20"},
                           "Another configuration runs than the agent's credential names.",
                           "Remove the agent; a new configuration is a new grant.");
    }
    return factor_pass(kId, "The configuration is the one that the agent's credential names.");
}

// The host could hand on a true quote of some other enclave, or an old one of this enclave. Only
// the holder of these keys could have asked for a quote over them, for this group and this nonce.
Factor judge_binding(const AppraisalInput& input) {
    constexpr auto kId = FactorId::binding;
    constexpr Error kOther = {Errc::wrong_key, "ATT-21"};
    if (input.expectation != nullptr) {
        if (!equal_constant_time(input.claims.report_data,
                                 report_data(input.expectation->binding))) {
            return factor_fail(
                kId,
                kOther,
                "The evidence was made for other keys, another group or another question.",
                "Do not invite this agent; remove it if it is already in.");
        }
        return factor_pass(kId,
                           "The evidence was made for these keys, this group and this question.");
    }
    if (!input.clues.report_data.has_value()) {
        return factor_not_proven(
            kId,
            "No keys, group and nonce were given to hold the evidence against.",
            "Give the report data that you expect: --report-data.");
    }
    if (!equal(*input.clues.report_data, input.claims.report_data)) {
        return factor_fail(kId,
                           kOther,
                           "The evidence is bound to other report data.",
                           "Ask the enclave for evidence over your own nonce.");
    }
    return factor_pass(kId, "The evidence is bound to the report data that was given.");
}

Factor judge_nonce(const AppraisalInput& input) {
    constexpr auto kId = FactorId::nonce;
    if (input.expectation != nullptr) {
        return factor_not_applicable(kId, "The nonce is a part of what the evidence is bound to.");
    }
    if (!input.clues.nonce.has_value()) {
        return factor_not_proven(
            kId,
            "No nonce was given, so the evidence may have been made for another question.",
            "Give the nonce that you asked with: --nonce.");
    }
    // A kind without a place of its own has it at the beginning of the report data.
    const ByteView held = input.claims.nonce.has_value() ? ByteView(*input.claims.nonce)
                                                         : ByteView(input.claims.report_data);
    const Bytes& wanted = *input.clues.nonce;
    const bool is_there = !wanted.empty() && wanted.size() <= held.size() &&
                          equal(held.first(wanted.size()), wanted) &&
                          std::ranges::all_of(held.subspan(wanted.size()),
                                              [](std::uint8_t byte) { return byte == 0; });
    if (!is_there) {
        return factor_fail(kId,
                           {Errc::wrong_key, "ATT-282"},
                           "The evidence holds another nonce.",
                           "Ask the enclave anew, with a nonce of your own.");
    }
    return factor_pass(kId, "The evidence holds the nonce that was given.");
}

Factor judge_freshness(const AppraisalInput& input) {
    constexpr auto kId = FactorId::freshness;
    if (input.claims.issued.has_value()) {
        return judge_age(*input.claims.issued, input.policy, input.at);
    }
    if (input.expectation != nullptr) {
        return factor_pass(kId,
                           "It has no time of its own: it is as new as the nonce that it is bound "
                           "to, which this group chose.");
    }
    if (input.clues.nonce.has_value()) {
        return factor_pass(kId, "It has no time of its own: it is as new as the nonce.");
    }
    return factor_not_proven(kId,
                             "It has no time of its own: only a nonce shows that it is new.",
                             "Give the nonce that you asked with: --nonce.");
}

Factor judge_event_log(const ExplainedLog& log) {
    constexpr auto kId = FactorId::event_log;
    constexpr const char* kRemedy = "Take the log from the same start of the same machine.";
    if (log.error.has_value()) {
        return factor_fail(kId, *log.error, "The event log cannot be read.", kRemedy);
    }
    std::string names;
    for (const auto& [name, result] : log.registers) {
        if (result == ReplayResult::contradicts || result == ReplayResult::not_in_log) {
            names += (names.empty() ? "" : ", ") + name;
        }
    }
    if (log.contradicts()) {
        return factor_fail(
            kId,
            {Errc::bad_signature, "ATT-297"},
            "The log's events do not lead to the registers that were signed: " + names + ".",
            kRemedy);
    }
    const std::string count = std::to_string(log.events.size()) + " events";
    return log.is_whole()
               ? factor_pass(kId, count + " explain every register that has a value.")
               : factor_not_proven(kId, count + " explain the registers, but not " + names + ".");
}

std::vector<Factor> judge_hardware(const AppraisalInput& input) {
    std::vector<Factor> out;
    out.push_back(factor_pass(FactorId::format, "The evidence can be read, whole."));
    out.push_back(judge_kind(input));
    out.push_back(judge_class(input));
    out.push_back(judge_collateral_age(input));
    out.push_back(judge_host_identity(input));
    out.push_back(judge_host_registry(input));
    out.push_back(judge_measurement(input));
    out.push_back(judge_configuration(input));
    out.push_back(judge_binding(input));
    out.push_back(judge_nonce(input));
    out.push_back(judge_freshness(input));
    if (input.claims.event_log.has_value()) {
        out.push_back(judge_event_log(*input.claims.event_log));
    }
    out.push_back(factor_not_proven(
        FactorId::transparency,
        "Whether the measurement stands in a public log or registry was not looked up."));
    out.push_back(factor_not_proven(
        FactorId::weights,
        "Whether the measurement covers a model's weights, only its builder can say.",
        "Build the measured image yourself, with the weights in it."));
    out.push_back(factor_not_proven(
        FactorId::side_channels,
        "Nobody proves that secrets cannot be guessed from timing, power or caches."));
    out.push_back(
        factor_not_proven(FactorId::rollback,
                          "Whether old sealed state would be noticed, the evidence does not say."));
    return out;
}

}  // namespace chatmcp::attest
