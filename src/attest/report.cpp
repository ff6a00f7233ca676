#include "attest/report.h"

#include <algorithm>

#include "attest/json_writer.h"
#include "attest/kind_steps.h"
#include "base/check.h"
#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

std::string_view replay_name(ReplayResult result) {
    switch (result) {
        case ReplayResult::explained:
            return "explained";
        case ReplayResult::not_in_log:
            return "not in log";
        case ReplayResult::untouched:
            return "untouched";
        case ReplayResult::contradicts:
            return "contradicts";
    }
    CHATMCP_CHECK(false && "a ReplayResult that has no enumerator");
    return {};
}

std::string_view proof_name(EventProof proof) {
    switch (proof) {
        case EventProof::nothing:
            return "nothing";
        case EventProof::value:
            return "value";
        case EventProof::all:
            return "all";
    }
    CHATMCP_CHECK(false && "an EventProof that has no enumerator");
    return {};
}

void write_log(JsonWriter& json, const ExplainedLog& log) {
    json.begin_object("event_log");
    json.begin_object("registers");
    for (const auto& [name, result] : log.registers) {
        json.text(name, replay_name(result));
    }
    json.end_object();
    json.begin_array("events");
    for (const EventDescription& event : log.events) {
        json.begin_object();
        json.text("register", event.register_name);
        json.text("type", event.type);
        json.text("measured", event.measured);
        json.text("proven", proof_name(event.proof));
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

/// What the registers stand for: one line for each event whose data says it.
std::string log_to_text(const ExplainedLog& log) {
    constexpr std::size_t kRegisterColumn = 8;
    std::string out = "measured\n";
    for (const EventDescription& event : log.events) {
        if (event.measured.empty()) {
            continue;
        }
        std::string name = event.register_name;
        name.resize(std::max(kRegisterColumn, name.size() + 1), ' ');
        out += "  " + name + event.measured;
        out += event.proof == EventProof::nothing ? " (nobody proves these words)\n" : "\n";
    }
    return out;
}

void write_claims(JsonWriter& json, const Claims& claims) {
    json.text("class", class_name(class_of(claims.kind)));
    json.hex("measurement", claims.measurement);
    if (claims.configuration_digest.has_value()) {
        json.hex("configuration_digest", *claims.configuration_digest);
    }
    json.hex("report_data", claims.report_data);
    json.hex("evidence_digest", claims.evidence_digest);
    json.optional_hex("host", claims.host);
    if (claims.issued.has_value()) {
        json.time("issued_ms", *claims.issued);
    }
    if (claims.collateral_issued.has_value()) {
        json.time("collateral_issued_ms", *claims.collateral_issued);
    }
    std::visit([&](const auto& details) { write_details(json, details); }, claims.details);
    if (claims.event_log.has_value()) {
        write_log(json, *claims.event_log);
    }
}

void write_factor(JsonWriter& json, const Factor& factor) {
    json.begin_object();
    json.text("id", factor_name(factor.id));
    json.text("result", verdict_name(factor.verdict));
    json.text("detail", factor.meaning);
    json.text("remedy", factor.remedy);
    json.end_object();
}

void write_refusal(JsonWriter& json, const Error& error, std::string_view meaning) {
    json.begin_object();
    json.text("check", error.check);
    json.text("error", errc_name(error.code));
    json.text("detail", meaning);
    json.end_object();
}

}  // namespace

const Factor* FactorReport::find(FactorId id) const {
    for (const Factor& factor : factors) {
        if (factor.id == id) {
            return &factor;
        }
    }
    return nullptr;
}

std::optional<Error> FactorReport::first_error() const {
    for (const Factor& factor : factors) {
        if (factor.verdict == Verdict::fail) {
            return factor.error;
        }
    }
    return std::nullopt;
}

std::string report_to_json(const FactorReport& report) {
    JsonWriter json;
    json.begin_object();
    if (report.kind.has_value()) {
        json.text("kind", kind_name(*report.kind));
    } else {
        json.null("kind");
    }
    json.flag("verifies", report.claims.has_value());
    json.flag("accepted", report.accepted);
    json.time("judged_at_ms", report.judged_at);
    json.begin_array("refusals");
    for (const Factor& factor : report.factors) {
        if (factor.error.has_value()) {
            write_refusal(json, *factor.error, factor.meaning);
        }
    }
    json.end_array();
    if (report.claims.has_value()) {
        json.begin_object("claims");
        write_claims(json, *report.claims);
        json.end_object();
    } else {
        json.null("claims");
    }
    json.begin_array("factors");
    for (const Factor& factor : report.factors) {
        write_factor(json, factor);
    }
    json.end_array();
    json.end_object();
    return json.take();
}

std::string report_to_text(const FactorReport& report) {
    constexpr std::size_t kVerdictColumn = 15;
    constexpr std::size_t kNameColumn = 24;
    const auto padded = [](std::string_view value, std::size_t width) {
        std::string out(value);
        out.resize(std::max(width, out.size() + 1), ' ');
        return out;
    };
    std::string out = report.accepted ? "accepted\n" : "not accepted\n";
    if (report.claims.has_value()) {
        out += "kind " + std::string(kind_name(report.claims->kind)) + ", class " +
               std::string(class_name(class_of(report.claims->kind))) + "\nmeasurement " +
               to_hex(report.claims->measurement) + "\n";
    }
    std::string without_meaning;
    for (const Factor& factor : report.factors) {
        if (factor.verdict == Verdict::not_applicable) {
            without_meaning += without_meaning.empty() ? "" : ", ";
            without_meaning += factor_name(factor.id);
            continue;
        }
        out += padded(verdict_name(factor.verdict), kVerdictColumn);
        out += padded(factor_name(factor.id), kNameColumn) + factor.meaning;
        if (factor.error.has_value()) {
            out += " (" + std::string(factor.error->check) + ")";
        }
        out += "\n";
        if (!factor.remedy.empty()) {
            out += std::string(kVerdictColumn + kNameColumn, ' ') + "-> " + factor.remedy + "\n";
        }
    }
    if (!without_meaning.empty()) {
        out +=
            padded(verdict_name(Verdict::not_applicable), kVerdictColumn) + without_meaning + "\n";
    }
    if (report.claims.has_value() && report.claims->event_log.has_value()) {
        out += log_to_text(*report.claims->event_log);
    }
    return out;
}

}  // namespace chatmcp::attest
