#include "attest/hardware_policy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

using JsonWriter = rapidjson::PrettyWriter<rapidjson::StringBuffer>;
using Type = JsonValue::Type;

constexpr std::string_view kAny = "any";

std::unexpected<Error> wrong_type() {
    return fail(Errc::malformed, "ATT-34");
}

// ---- Reading of values ----

Result<bool> read_flag(const JsonValue& value) {
    return value.type == Type::boolean ? Result<bool>(value.boolean) : wrong_type();
}

Result<std::uint64_t> read_number(const JsonValue& value, std::uint64_t max) {
    if (value.type != Type::number) {
        return wrong_type();
    }
    return value.number <= max ? Result<std::uint64_t>(value.number)
                               : fail(Errc::invalid_argument, "ATT-37");
}

template <class T>
Result<void> add_once(std::vector<T>& list, T value) {
    if (list.size() >= kPolicyListMax) {
        return fail(Errc::too_large, "ATT-38");
    }
    if (std::ranges::find(list, value) != list.end()) {
        return fail(Errc::invalid_argument, "ATT-39");
    }
    list.push_back(std::move(value));
    return {};
}

/// A list of texts, each made a value by `read_item`.
template <class T, class ReadItem>
Result<std::vector<T>> read_list(const JsonValue& value, ReadItem read_item) {
    if (value.type != Type::array) {
        return wrong_type();
    }
    std::vector<T> out;
    for (const JsonValue& item : value.items) {
        if (item.type != Type::text) {
            return wrong_type();
        }
        CHATMCP_TRY(T read, read_item(item.text));
        CHATMCP_TRY_VOID(add_once(out, std::move(read)));
    }
    return out;
}

Result<Bytes> read_bytes(const std::string& hex) {
    const auto bytes = from_hex(hex);
    if (!bytes.has_value() || bytes->empty() || bytes->size() > kPolicyBytesMax) {
        return fail(Errc::malformed, "ATT-36");
    }
    return *bytes;
}

bool is_any(const JsonValue& value) {
    return value.type == Type::text && value.text == kAny;
}

// ---- Rules ----

Result<void> read_measurements(const JsonValue& value, HardwarePolicy& out) {
    out.any_measurement = is_any(value);
    if (!out.any_measurement) {
        CHATMCP_TRY(out.measurements, read_list<wire::Measurement>(value, parse_digest));
    }
    return {};
}

Result<void> read_debug(const JsonValue& value, HardwarePolicy& out) {
    CHATMCP_TRY(out.debug, read_flag(value));
    return {};
}

Result<void> read_without_revocation(const JsonValue& value, HardwarePolicy& out) {
    CHATMCP_TRY(out.without_revocation, read_flag(value));
    return {};
}

Result<TcbStatus> status_named(const std::string& name) {
    for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(TcbStatus::revoked); ++i) {
        const auto status = static_cast<TcbStatus>(i);
        // What its maker has revoked nobody can allow.
        if (status != TcbStatus::revoked && tcb_status_name(status) == name) {
            return status;
        }
    }
    return fail(Errc::invalid_argument, "ATT-37");
}

Result<void> read_tcb(const JsonValue& value, HardwarePolicy& out) {
    CHATMCP_TRY(out.tcb, read_list<TcbStatus>(value, status_named));
    return {};
}

Result<void> read_tcb_grace(const JsonValue& value, HardwarePolicy& out) {
    CHATMCP_TRY(const std::uint64_t days, read_number(value, kGraceDaysMax));
    out.tcb_grace_days = static_cast<std::int64_t>(days);
    return {};
}

Result<std::uint32_t> read_u32(const JsonValue& value) {
    CHATMCP_TRY(const std::uint64_t number,
                read_number(value, std::numeric_limits<std::uint32_t>::max()));
    return static_cast<std::uint32_t>(number);
}

Result<void> read_tcb_evaluation(const JsonValue& value, HardwarePolicy& out) {
    CHATMCP_TRY(out.tcb_evaluation_min, read_u32(value));
    return {};
}

Result<std::string> read_advisory(const std::string& text) {
    return text.empty() || text.size() > kPolicyBytesMax ? fail(Errc::malformed, "ATT-36")
                                                         : Result<std::string>(text);
}

Result<void> read_advisories(const JsonValue& value, HardwarePolicy& out) {
    out.any_advisory = is_any(value);
    if (!out.any_advisory) {
        CHATMCP_TRY(out.advisories_accepted, read_list<std::string>(value, read_advisory));
    }
    return {};
}

Result<void> read_migration(const JsonValue& value, HardwarePolicy& out) {
    CHATMCP_TRY(out.migration, read_flag(value));
    return {};
}

Result<void> read_threads(const JsonValue& value, HardwarePolicy& out) {
    CHATMCP_TRY(out.simultaneous_threads, read_flag(value));
    return {};
}

Result<void> read_vmpl(const JsonValue& value, HardwarePolicy& out) {
    constexpr std::uint64_t kVmplMax = 3;
    CHATMCP_TRY(const std::uint64_t level, read_number(value, kVmplMax));
    out.vmpl_max = static_cast<std::uint32_t>(level);
    return {};
}

struct SnpPart {
    std::string_view name;
    std::uint8_t SnpTcb::* part;
};
constexpr std::array<SnpPart, 4> kSnpParts = {{
    {"boot_loader", &SnpTcb::boot_loader},
    {"tee", &SnpTcb::tee},
    {"snp", &SnpTcb::snp},
    {"microcode", &SnpTcb::microcode},
}};
constexpr std::string_view kFmc = "fmc";
constexpr std::array kLines = {SnpProductLine::milan, SnpProductLine::genoa, SnpProductLine::turin};

Result<SnpTcb> read_snp_tcb(const JsonValue& value) {
    if (value.type != Type::object) {
        return wrong_type();
    }
    SnpTcb out;
    for (std::size_t i = 0; i < value.names.size(); ++i) {
        CHATMCP_TRY(const std::uint64_t number,
                    read_number(value.items[i], std::numeric_limits<std::uint8_t>::max()));
        const auto version = static_cast<std::uint8_t>(number);
        const auto part = std::ranges::find(kSnpParts, value.names[i], &SnpPart::name);
        if (part != kSnpParts.end()) {
            out.*(part->part) = version;
        } else if (value.names[i] == kFmc) {
            out.fmc = version;
        } else {
            return fail(Errc::invalid_argument, "ATT-33");
        }
    }
    return out;
}

Result<void> read_tcb_min(const JsonValue& value, HardwarePolicy& out) {
    if (value.type != Type::object) {
        return wrong_type();
    }
    for (std::size_t i = 0; i < value.names.size(); ++i) {
        const auto line = std::ranges::find(kLines, value.names[i], snp_product_line_name);
        if (line == kLines.end()) {
            return fail(Errc::invalid_argument, "ATT-33");
        }
        CHATMCP_TRY(out.tcb_min[*line], read_snp_tcb(value.items[i]));
    }
    return {};
}

Result<void> read_signers(const JsonValue& value, HardwarePolicy& out) {
    CHATMCP_TRY(out.signers, read_list<Bytes>(value, read_bytes));
    return {};
}

Result<void> read_security_version(const JsonValue& value, HardwarePolicy& out) {
    CHATMCP_TRY(out.security_version_min, read_u32(value));
    return {};
}

Result<void> read_registers(const JsonValue& value, HardwarePolicy& out) {
    constexpr std::uint8_t kRegisterMax = 31;
    if (value.type != Type::object) {
        return wrong_type();
    }
    for (std::size_t i = 0; i < value.names.size(); ++i) {
        const std::string& name = value.names[i];
        std::uint8_t index = 0;
        const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), index);
        if (problem != std::errc() || end != name.data() + name.size() || index > kRegisterMax ||
            std::to_string(index) != name) {
            return fail(Errc::invalid_argument, "ATT-33");
        }
        CHATMCP_TRY(out.registers[index], read_list<Bytes>(value.items[i], read_bytes));
    }
    return {};
}

Result<void> read_keys(const JsonValue& value, HardwarePolicy& out) {
    CHATMCP_TRY(out.keys, read_list<crypto::Sha256Digest>(value, parse_digest));
    return {};
}

Result<void> read_lifecycle(const JsonValue& value, HardwarePolicy& out) {
    CHATMCP_TRY(out.insecure_lifecycle, read_flag(value));
    return {};
}

Result<void> read_boot(const JsonValue& value, HardwarePolicy& out) {
    CHATMCP_TRY(out.unverified_boot, read_flag(value));
    return {};
}

Result<void> read_patch_level(const JsonValue& value, HardwarePolicy& out) {
    constexpr std::uint32_t kFirst = 200'000;
    constexpr std::uint32_t kLast = 999'912;
    CHATMCP_TRY(out.patch_level_min, read_u32(value));
    return out.patch_level_min >= kFirst && out.patch_level_min <= kLast
               ? Result<void>()
               : fail(Errc::invalid_argument, "ATT-37");
}

// ---- Writing ----

void key(JsonWriter& json, std::string_view name) {
    json.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
}

void text(JsonWriter& json, std::string_view value) {
    json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

template <class List, class ToText>
void write_list(JsonWriter& json, const List& list, ToText to_text) {
    json.StartArray();
    for (const auto& each : list) {
        text(json, to_text(each));
    }
    json.EndArray();
}

std::string hex_of(ByteView bytes) {
    return to_hex(bytes);
}

void write_measurements(JsonWriter& json, const HardwarePolicy& policy) {
    key(json, "measurements");
    if (policy.any_measurement) {
        text(json, kAny);
    } else {
        write_list(json, policy.measurements, hex_of);
    }
}

void write_flag(JsonWriter& json, std::string_view name, bool value, bool strictest) {
    if (value != strictest) {
        key(json, name);
        json.Bool(value);
    }
}

void write_number(JsonWriter& json, std::string_view name, std::uint64_t value) {
    if (value != 0) {
        key(json, name);
        json.Uint64(value);
    }
}

void write_tcb_min(JsonWriter& json, const HardwarePolicy& policy) {
    key(json, "tcb_min");
    json.StartObject();
    for (const auto& [line, tcb] : policy.tcb_min) {
        key(json, snp_product_line_name(line));
        json.StartObject();
        for (const SnpPart& each : kSnpParts) {
            write_number(json, each.name, tcb.*(each.part));
        }
        write_number(json, kFmc, tcb.fmc.value_or(0));
        json.EndObject();
    }
    json.EndObject();
}

void write_registers(JsonWriter& json, const HardwarePolicy& policy) {
    key(json, "registers");
    json.StartObject();
    for (const auto& [index, values] : policy.registers) {
        key(json, std::to_string(index));
        write_list(json, values, hex_of);
    }
    json.EndObject();
}

struct Rule {
    std::string_view name;
    std::initializer_list<Kind> kinds;  // Empty: of all.
    Result<void> (*read)(const JsonValue&, HardwarePolicy&);
};

constexpr std::initializer_list<Kind> kAll = {};
constexpr std::initializer_list<Kind> kDcap = {Kind::sgx, Kind::tdx, Kind::azure_vtpm};
constexpr std::initializer_list<Kind> kSnp = {Kind::sev_snp, Kind::azure_vtpm};
constexpr std::initializer_list<Kind> kCertified = {
    Kind::sgx, Kind::tdx, Kind::sev_snp, Kind::azure_vtpm, Kind::android_key, Kind::nvidia_gpu};
constexpr std::initializer_list<Kind> kDebuggable = {Kind::sgx,
                                                     Kind::tdx,
                                                     Kind::sev_snp,
                                                     Kind::nitro,
                                                     Kind::azure_vtpm,
                                                     Kind::cca,
                                                     Kind::nvidia_gpu};
constexpr std::initializer_list<Kind> kRegisters = {
    Kind::tdx, Kind::nitro, Kind::tpm, Kind::azure_vtpm, Kind::cca};
constexpr std::initializer_list<Kind> kVersioned = {Kind::sgx, Kind::sev_snp, Kind::azure_vtpm};
constexpr std::initializer_list<Kind> kKeys = {Kind::psa, Kind::cca, Kind::tpm};
constexpr std::initializer_list<Kind> kArm = {Kind::psa, Kind::cca};
constexpr std::initializer_list<Kind> kAndroid = {Kind::android_key};

constexpr std::array<Rule, 18> kRules = {{
    {"measurements", kAll, read_measurements},
    {"debug", kDebuggable, read_debug},
    {"without_revocation", kCertified, read_without_revocation},
    {"tcb", kDcap, read_tcb},
    {"tcb_grace_days", kDcap, read_tcb_grace},
    {"tcb_evaluation_min", kDcap, read_tcb_evaluation},
    {"advisories", kDcap, read_advisories},
    {"migration", kSnp, read_migration},
    {"simultaneous_threads", kSnp, read_threads},
    {"vmpl_max", kSnp, read_vmpl},
    {"tcb_min", kSnp, read_tcb_min},
    {"signers", kVersioned, read_signers},
    {"security_version_min", kVersioned, read_security_version},
    {"registers", kRegisters, read_registers},
    {"keys", kKeys, read_keys},
    {"insecure_lifecycle", kArm, read_lifecycle},
    {"unverified_boot", kAndroid, read_boot},
    {"patch_level_min", kAndroid, read_patch_level},
}};

}  // namespace

Result<HardwarePolicy> parse_hardware_policy(const JsonValue& value, Kind kind) {
    if (value.type != Type::object || value.find("measurements") == nullptr) {
        return wrong_type();
    }
    HardwarePolicy out;
    for (std::size_t i = 0; i < value.names.size(); ++i) {
        const auto rule = std::ranges::find(kRules, value.names[i], &Rule::name);
        if (rule == kRules.end() || (rule->kinds.size() != 0 &&
                                     std::ranges::find(rule->kinds, kind) == rule->kinds.end())) {
            return fail(Errc::invalid_argument, "ATT-33");
        }
        CHATMCP_TRY_VOID(rule->read(value.items[i], out));
    }
    return out;
}

void write_hardware_policy(JsonWriter& json, const HardwarePolicy& policy) {
    static const HardwarePolicy strictest;
    json.StartObject();
    write_measurements(json, policy);
    write_flag(json, "debug", policy.debug, false);
    write_flag(json, "without_revocation", policy.without_revocation, false);
    if (policy.tcb != strictest.tcb) {
        key(json, "tcb");
        write_list(json, policy.tcb, tcb_status_name);
    }
    write_number(json, "tcb_grace_days", static_cast<std::uint64_t>(policy.tcb_grace_days));
    write_number(json, "tcb_evaluation_min", policy.tcb_evaluation_min);
    if (policy.any_advisory) {
        key(json, "advisories");
        text(json, kAny);
    } else if (!policy.advisories_accepted.empty()) {
        key(json, "advisories");
        write_list(json, policy.advisories_accepted, [](const std::string& each) { return each; });
    }
    write_flag(json, "migration", policy.migration, false);
    write_flag(json, "simultaneous_threads", policy.simultaneous_threads, true);
    write_number(json, "vmpl_max", policy.vmpl_max);
    if (!policy.tcb_min.empty()) {
        write_tcb_min(json, policy);
    }
    if (!policy.signers.empty()) {
        key(json, "signers");
        write_list(json, policy.signers, hex_of);
    }
    if (policy.security_version_min.has_value()) {
        key(json, "security_version_min");
        json.Uint64(*policy.security_version_min);
    }
    if (!policy.registers.empty()) {
        write_registers(json, policy);
    }
    if (!policy.keys.empty()) {
        key(json, "keys");
        write_list(json, policy.keys, hex_of);
    }
    write_flag(json, "insecure_lifecycle", policy.insecure_lifecycle, false);
    write_flag(json, "unverified_boot", policy.unverified_boot, false);
    write_number(json, "patch_level_min", policy.patch_level_min);
    json.EndObject();
}

}  // namespace chatmcp::attest
