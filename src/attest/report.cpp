#include "attest/report.h"

#include "attest/rapidjson.h"
#include "base/check.h"
#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

void text(JsonWriter& json, std::string_view value) {
    json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void member(JsonWriter& json, std::string_view name, std::string_view value) {
    json.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    text(json, value);
}

void write_details(JsonWriter& json, const SimulatedClaims& details) {
    member(json, "root", to_hex(details.root));
    member(json, "root_key", to_hex(details.root_key));
    member(json, "program_digest", to_hex(details.digests.program));
    member(json, "model_digest", to_hex(details.digests.model));
    member(json, "command_line_digest", to_hex(details.digests.command_line));
    json.Key("sandbox_layers");
    json.StartArray();
    for (std::uint8_t i = 0; i < wire::kSandboxLayers; ++i) {
        const auto layer = static_cast<wire::SandboxLayer>(i);
        if ((details.sandbox_layers & wire::layer_bit(layer)) != 0) {
            text(json, wire::layer_name(layer));
        }
    }
    json.EndArray();
}

void write_details(JsonWriter& json, const DcapClaims& details) {
    member(json, "fmspc", to_hex(details.pck.fmspc));
    if (details.tcb.has_value()) {
        member(json, "tcb_status", tcb_status_name(details.tcb->status));
    }
}

void write_claims(JsonWriter& json, const Claims& claims) {
    member(json, "kind", kind_name(claims.kind));
    member(json, "class", class_name(class_of(claims.kind)));
    member(json, "measurement", to_hex(claims.measurement));
    member(json, "configuration_digest", to_hex(claims.configuration_digest));
    member(json, "report_data", to_hex(claims.report_data));
    member(json, "evidence_digest", to_hex(claims.evidence_digest));
    if (claims.issued.has_value()) {
        json.Key("issued_unix_ms");
        json.Int64(claims.issued->value);
    }
    std::visit([&](const auto& details) { write_details(json, details); }, claims.details);
}

void write_factor(JsonWriter& json, const Factor& factor) {
    json.StartObject();
    member(json, "id", factor_name(factor.id));
    member(json, "verdict", verdict_name(factor.verdict));
    if (factor.error.has_value()) {
        member(json, "check", factor.error->check);
        member(json, "error", errc_name(factor.error->code));
    }
    member(json, "meaning", factor.meaning);
    if (!factor.remedy.empty()) {
        member(json, "remedy", factor.remedy);
    }
    json.EndObject();
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
    switch (verdict) {
        case Verdict::pass:
            return "pass";
        case Verdict::fail:
            return "fail";
        case Verdict::not_proven:
            return "not proven";
        case Verdict::not_applicable:
            return "not applicable";
    }
    CHATMCP_CHECK(false && "a Verdict that has no enumerator");
    return {};
}

std::string_view factor_name(FactorId id) {
    switch (id) {
        case FactorId::format:
            return "format";
        case FactorId::signature:
            return "signature";
        case FactorId::revocation:
            return "revocation";
        case FactorId::tcb:
            return "tcb";
        case FactorId::debug:
            return "debug";
        case FactorId::kind:
            return "kind";
        case FactorId::development:
            return "development";
        case FactorId::root:
            return "root";
        case FactorId::measurement:
            return "measurement";
        case FactorId::configuration:
            return "configuration";
        case FactorId::binding:
            return "binding";
        case FactorId::freshness:
            return "freshness";
        case FactorId::sandbox:
            return "sandbox";
        case FactorId::extra_sandbox:
            return "extra sandbox";
        case FactorId::memory:
            return "memory";
        case FactorId::physical:
            return "physical attack";
        case FactorId::rollback:
            return "rollback";
        case FactorId::unmeasured:
            return "unmeasured";
    }
    CHATMCP_CHECK(false && "a FactorId that has no enumerator");
    return {};
}

Factor factor_pass(FactorId id, std::string meaning) {
    return {.id = id,
            .verdict = Verdict::pass,
            .error = std::nullopt,
            .meaning = std::move(meaning),
            .remedy = {}};
}

Factor factor_fail(FactorId id, Error error, std::string meaning, std::string remedy) {
    return {.id = id,
            .verdict = Verdict::fail,
            .error = error,
            .meaning = std::move(meaning),
            .remedy = std::move(remedy)};
}

Factor factor_not_proven(FactorId id, std::string meaning, std::string remedy) {
    return {.id = id,
            .verdict = Verdict::not_proven,
            .error = std::nullopt,
            .meaning = std::move(meaning),
            .remedy = std::move(remedy)};
}

Factor factor_not_applicable(FactorId id, std::string meaning) {
    return {.id = id,
            .verdict = Verdict::not_applicable,
            .error = std::nullopt,
            .meaning = std::move(meaning),
            .remedy = {}};
}

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
    rapidjson::StringBuffer buffer;
    JsonWriter json(buffer);
    json.StartObject();
    json.Key("accepted");
    json.Bool(report.accepted);
    json.Key("judged_at_unix_ms");
    json.Int64(report.judged_at.value);
    if (report.claims.has_value()) {
        write_claims(json, *report.claims);
    }
    json.Key("factors");
    json.StartArray();
    for (const Factor& factor : report.factors) {
        write_factor(json, factor);
    }
    json.EndArray();
    json.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

std::string report_to_text(const FactorReport& report) {
    constexpr std::size_t kVerdictColumn = 15;
    constexpr std::size_t kNameColumn = 17;
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
    for (const Factor& factor : report.factors) {
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
    return out;
}

}  // namespace chatmcp::attest
