#include "attest/policy.h"

#include <algorithm>
#include <initializer_list>

#include "attest/json_value.h"
#include "attest/rapidjson.h"
#include "base/check.h"
#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

constexpr std::uint64_t kPolicyVersion = 1;
constexpr std::string_view kAny = "any";

Result<void> expect_object(const JsonValue& value, std::initializer_list<std::string_view> names) {
    if (value.type != JsonValue::Type::object) {
        return fail(Errc::malformed, "ATT-34");
    }
    for (const std::string& name : value.names) {
        if (std::ranges::find(names, name) == names.end()) {
            return fail(Errc::invalid_argument, "ATT-33");
        }
    }
    return {};
}

/// A member that must be there, of this type.
Result<const JsonValue*> required(const JsonValue& object,
                                  std::string_view name,
                                  JsonValue::Type type) {
    const JsonValue* value = object.find(name);
    if (value == nullptr || value->type != type) {
        return fail(Errc::malformed, "ATT-34");
    }
    return value;
}

Result<void> parse_measurements(const JsonValue& value, SimulatedRoot& root) {
    if (value.type == JsonValue::Type::text && value.text == kAny) {
        root.any_measurement = true;
        return {};
    }
    if (value.type != JsonValue::Type::array) {
        return fail(Errc::malformed, "ATT-34");
    }
    if (value.items.size() > kPolicyMeasurementsMax) {
        return fail(Errc::too_large, "ATT-38");
    }
    for (const JsonValue& item : value.items) {
        if (item.type != JsonValue::Type::text) {
            return fail(Errc::malformed, "ATT-34");
        }
        CHATMCP_TRY(const wire::Measurement measurement, parse_digest(item.text));
        if (std::ranges::find(root.measurements, measurement) != root.measurements.end()) {
            return fail(Errc::invalid_argument, "ATT-39");
        }
        root.measurements.push_back(measurement);
    }
    return {};
}

Result<SimulatedRoot> parse_simulated_root(const JsonValue& value) {
    CHATMCP_TRY_VOID(expect_object(value, {"fingerprint", "measurements"}));
    SimulatedRoot root;
    CHATMCP_TRY(const JsonValue* fingerprint,
                required(value, "fingerprint", JsonValue::Type::text));
    CHATMCP_TRY(root.fingerprint, parse_digest(fingerprint->text));
    const JsonValue* measurements = value.find("measurements");
    if (measurements == nullptr) {
        return fail(Errc::malformed, "ATT-34");
    }
    CHATMCP_TRY_VOID(parse_measurements(*measurements, root));
    return root;
}

Result<SimulatedPolicy> parse_simulated(const JsonValue& value) {
    CHATMCP_TRY_VOID(expect_object(value, {"roots"}));
    CHATMCP_TRY(const JsonValue* roots, required(value, "roots", JsonValue::Type::array));
    if (roots->items.size() > kPolicyRootsMax) {
        return fail(Errc::too_large, "ATT-38");
    }
    SimulatedPolicy policy;
    for (const JsonValue& item : roots->items) {
        CHATMCP_TRY(SimulatedRoot root, parse_simulated_root(item));
        if (std::ranges::find(policy.roots, root.fingerprint, &SimulatedRoot::fingerprint) !=
            policy.roots.end()) {
            return fail(Errc::invalid_argument, "ATT-39");
        }
        policy.roots.push_back(std::move(root));
    }
    return policy;
}

/// The root's rule, added with no measurement if it is new.
Result<SimulatedRoot*> simulated_root_for_change(Policy& policy,
                                                 const wire::RootFingerprint& fingerprint) {
    if (!policy.evidence_age_seconds_max.has_value()) {
        policy.evidence_age_seconds_max = kEvidenceAgeSecondsDefault;
    }
    if (!policy.simulated.has_value()) {
        policy.simulated.emplace();
    }
    std::vector<SimulatedRoot>& roots = policy.simulated->roots;
    const auto found = std::ranges::find(roots, fingerprint, &SimulatedRoot::fingerprint);
    if (found != roots.end()) {
        return &*found;
    }
    if (roots.size() >= kPolicyRootsMax) {
        return fail(Errc::too_large, "ATT-38");
    }
    roots.emplace_back().fingerprint = fingerprint;
    return &roots.back();
}

using JsonWriter = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void write_text(JsonWriter& json, std::string_view value) {
    json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void write_root(JsonWriter& json, const SimulatedRoot& root) {
    json.StartObject();
    json.Key("fingerprint");
    write_text(json, to_hex(root.fingerprint));
    json.Key("measurements");
    if (root.any_measurement) {
        write_text(json, kAny);
    } else {
        json.StartArray();
        for (const wire::Measurement& measurement : root.measurements) {
            write_text(json, to_hex(measurement));
        }
        json.EndArray();
    }
    json.EndObject();
}

}  // namespace

const SimulatedRoot* Policy::find_simulated_root(const wire::RootFingerprint& fingerprint) const {
    if (!simulated.has_value()) {
        return nullptr;
    }
    const auto found =
        std::ranges::find(simulated->roots, fingerprint, &SimulatedRoot::fingerprint);
    return found == simulated->roots.end() ? nullptr : &*found;
}

Result<ByteArray<32>> parse_digest(std::string_view hex) {
    constexpr std::size_t kHexDigits = 64;
    if (hex.size() != kHexDigits) {
        return fail(Errc::malformed, "ATT-36");
    }
    const auto bytes = from_hex(hex);
    if (!bytes.has_value()) {
        return fail(Errc::malformed, "ATT-36");
    }
    return to_array<32>(*bytes);
}

Result<Policy> parse_policy(std::string_view json) {
    if (json.size() > kPolicyMaxBytes) {
        return fail(Errc::too_large, "ATT-30");
    }
    CHATMCP_TRY(const JsonValue root, parse_json(json));
    CHATMCP_TRY_VOID(expect_object(root, {"version", "evidence_age_seconds_max", "kinds"}));
    CHATMCP_TRY(const JsonValue* version, required(root, "version", JsonValue::Type::number));
    if (version->number != kPolicyVersion) {
        return fail(Errc::unsupported_version, "ATT-35");
    }
    Policy policy;
    if (root.find("evidence_age_seconds_max") != nullptr) {
        CHATMCP_TRY(const JsonValue* age,
                    required(root, "evidence_age_seconds_max", JsonValue::Type::number));
        if (age->number < std::uint64_t{kEvidenceAgeSecondsMin} ||
            age->number > std::uint64_t{kEvidenceAgeSecondsMax}) {
            return fail(Errc::invalid_argument, "ATT-37");
        }
        policy.evidence_age_seconds_max = static_cast<std::int64_t>(age->number);
    }
    if (const JsonValue* kinds = root.find("kinds"); kinds != nullptr) {
        CHATMCP_TRY_VOID(expect_object(*kinds, {"simulated"}));
        if (const JsonValue* simulated = kinds->find("simulated"); simulated != nullptr) {
            CHATMCP_TRY(policy.simulated, parse_simulated(*simulated));
        }
    }
    return policy;
}

std::string policy_to_json(const Policy& policy) {
    rapidjson::StringBuffer buffer;
    JsonWriter json(buffer);
    json.SetIndent(' ', 2);
    json.StartObject();
    json.Key("version");
    json.Uint64(kPolicyVersion);
    if (policy.evidence_age_seconds_max.has_value()) {
        json.Key("evidence_age_seconds_max");
        json.Int64(*policy.evidence_age_seconds_max);
    }
    json.Key("kinds");
    json.StartObject();
    if (policy.simulated.has_value()) {
        json.Key("simulated");
        json.StartObject();
        json.Key("roots");
        json.StartArray();
        for (const SimulatedRoot& root : policy.simulated->roots) {
            write_root(json, root);
        }
        json.EndArray();
        json.EndObject();
    }
    json.EndObject();
    json.EndObject();
    return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

Result<Policy> allow_simulated(Policy policy, const wire::RootFingerprint& fingerprint) {
    CHATMCP_TRY(SimulatedRoot * root, simulated_root_for_change(policy, fingerprint));
    root->any_measurement = true;
    root->measurements.clear();
    return policy;
}

Result<Policy> allow_simulated_measurement(Policy policy,
                                           const wire::RootFingerprint& fingerprint,
                                           const wire::Measurement& measurement) {
    CHATMCP_TRY(SimulatedRoot * root, simulated_root_for_change(policy, fingerprint));
    root->any_measurement = false;
    if (std::ranges::find(root->measurements, measurement) == root->measurements.end()) {
        if (root->measurements.size() >= kPolicyMeasurementsMax) {
            return fail(Errc::too_large, "ATT-38");
        }
        root->measurements.push_back(measurement);
    }
    return policy;
}

}  // namespace chatmcp::attest
