#include "attest/policy.h"

#include <algorithm>
#include <initializer_list>

#include "attest/hardware_policy.h"
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

Result<std::optional<std::int64_t>> optional_number(const JsonValue& object,
                                                    std::string_view name,
                                                    std::int64_t min,
                                                    std::int64_t max) {
    if (object.find(name) == nullptr) {
        return std::optional<std::int64_t>();
    }
    CHATMCP_TRY(const JsonValue* value, required(object, name, JsonValue::Type::number));
    if (value->number < static_cast<std::uint64_t>(min) ||
        value->number > static_cast<std::uint64_t>(max)) {
        return fail(Errc::invalid_argument, "ATT-37");
    }
    return std::optional(static_cast<std::int64_t>(value->number));
}

Result<std::vector<Bytes>> parse_hosts(const JsonValue& root) {
    std::vector<Bytes> hosts;
    if (root.find("hosts") == nullptr) {
        return hosts;
    }
    CHATMCP_TRY(const JsonValue* list, required(root, "hosts", JsonValue::Type::array));
    for (const JsonValue& item : list->items) {
        const auto host = from_hex(item.text);
        if (item.type != JsonValue::Type::text) {
            return fail(Errc::malformed, "ATT-34");
        }
        if (!host.has_value() || host->empty() || host->size() > kPolicyBytesMax) {
            return fail(Errc::malformed, "ATT-36");
        }
        if (hosts.size() >= kPolicyListMax) {
            return fail(Errc::too_large, "ATT-38");
        }
        if (std::ranges::find(hosts, *host) != hosts.end()) {
            return fail(Errc::invalid_argument, "ATT-39");
        }
        hosts.push_back(*host);
    }
    return hosts;
}

Result<void> parse_kinds(const JsonValue& kinds, Policy& policy) {
    if (kinds.type != JsonValue::Type::object) {
        return fail(Errc::malformed, "ATT-34");
    }
    for (std::size_t i = 0; i < kinds.names.size(); ++i) {
        const auto kind = kind_named(kinds.names[i]);
        if (!kind.has_value()) {
            return fail(Errc::invalid_argument, "ATT-33");
        }
        if (*kind == Kind::simulated) {
            CHATMCP_TRY(policy.simulated, parse_simulated(kinds.items[i]));
        } else {
            CHATMCP_TRY(policy.hardware[*kind], parse_hardware_policy(kinds.items[i], *kind));
        }
    }
    return {};
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
    CHATMCP_TRY_VOID(expect_object(
        root,
        {"version", "evidence_age_seconds_max", "collateral_age_days_max", "hosts", "kinds"}));
    CHATMCP_TRY(const JsonValue* version, required(root, "version", JsonValue::Type::number));
    if (version->number != kPolicyVersion) {
        return fail(Errc::unsupported_version, "ATT-35");
    }
    Policy policy;
    CHATMCP_TRY(
        policy.evidence_age_seconds_max,
        optional_number(
            root, "evidence_age_seconds_max", kEvidenceAgeSecondsMin, kEvidenceAgeSecondsMax));
    CHATMCP_TRY(policy.collateral_age_days_max,
                optional_number(root, "collateral_age_days_max", 1, kCollateralAgeDaysMax));
    CHATMCP_TRY(policy.hosts, parse_hosts(root));
    if (const JsonValue* kinds = root.find("kinds"); kinds != nullptr) {
        CHATMCP_TRY_VOID(parse_kinds(*kinds, policy));
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
    if (policy.collateral_age_days_max.has_value()) {
        json.Key("collateral_age_days_max");
        json.Int64(*policy.collateral_age_days_max);
    }
    if (!policy.hosts.empty()) {
        json.Key("hosts");
        json.StartArray();
        for (const Bytes& host : policy.hosts) {
            write_text(json, to_hex(host));
        }
        json.EndArray();
    }
    json.Key("kinds");
    json.StartObject();
    for (const auto& [kind, rules] : policy.hardware) {
        const std::string_view name = kind_name(kind);
        json.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
        write_hardware_policy(json, rules);
    }
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
