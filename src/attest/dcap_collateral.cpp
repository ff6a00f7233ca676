#include "attest/dcap_collateral.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "attest/json_document.h"
#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

constexpr std::array<std::pair<std::string_view, TcbStatus>, 9> kStatuses = {{
    {"UpToDate", TcbStatus::up_to_date},
    {"SWHardeningNeeded", TcbStatus::sw_hardening_needed},
    {"ConfigurationNeeded", TcbStatus::configuration_needed},
    {"ConfigurationAndSWHardeningNeeded", TcbStatus::configuration_and_sw_hardening_needed},
    {"TDRelaunchAdvised", TcbStatus::td_relaunch_advised},
    {"TDRelaunchAdvisedConfigurationNeeded", TcbStatus::td_relaunch_advised_configuration_needed},
    {"OutOfDate", TcbStatus::out_of_date},
    {"OutOfDateConfigurationNeeded", TcbStatus::out_of_date_configuration_needed},
    {"Revoked", TcbStatus::revoked},
}};

std::unexpected<Error> malformed() {
    return fail(Errc::malformed, "ATT-63");
}

// ---- Members of an object ----

Result<JsonView> member(JsonView object, std::string_view name, JsonView::Type type) {
    const auto value = object.find(name);
    if (!value.has_value() || value->type() != type) {
        return malformed();
    }
    return *value;
}

Result<std::string_view> text(JsonView object, std::string_view name) {
    CHATMCP_TRY(const JsonView value, member(object, name, JsonView::Type::text));
    const auto inside = value.text();
    return inside.has_value() ? *inside : Result<std::string_view>(malformed());
}

Result<std::uint64_t> number(JsonView object, std::string_view name, std::uint64_t max) {
    CHATMCP_TRY(const JsonView value, member(object, name, JsonView::Type::number));
    if (value.number() > max) {
        return malformed();
    }
    return value.number();
}

Result<UnixMs> time(JsonView object, std::string_view name) {
    CHATMCP_TRY(const std::string_view value, text(object, name));
    const auto at = from_time_text(value);
    return at.has_value() ? *at : Result<UnixMs>(malformed());
}

/// Hexadecimal in either case, as the service writes it.
template <std::size_t N>
Result<ByteArray<N>> hex(JsonView object, std::string_view name) {
    CHATMCP_TRY(const std::string_view given, text(object, name));
    std::string value(given);
    std::ranges::transform(value, value.begin(), [](char c) {
        return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const auto bytes = from_hex(value);
    if (!bytes.has_value() || bytes->size() != N) {
        return malformed();
    }
    return to_array<N>(*bytes);
}

Result<Validity> read_validity(JsonView object) {
    Validity out;
    CHATMCP_TRY(out.issued, time(object, "issueDate"));
    CHATMCP_TRY(out.next_update, time(object, "nextUpdate"));
    return out;
}

// ---- Levels ----

/// What levels of all sorts have: status, date and, where there are any, advisories.
template <class Level>
Result<void> read_judgement(JsonView object, Level& out) {
    CHATMCP_TRY(const std::string_view status, text(object, "tcbStatus"));
    const auto known = std::ranges::find(
        kStatuses, status, [](const auto& each) { return std::string_view(each.first); });
    if (known == kStatuses.end()) {
        return malformed();
    }
    out.status = known->second;
    CHATMCP_TRY(out.date, text(object, "tcbDate"));
    if (!object.find("advisoryIDs").has_value()) {
        return {};
    }
    CHATMCP_TRY(const JsonView advisories, member(object, "advisoryIDs", JsonView::Type::array));
    for (const JsonView advisory : advisories) {
        const auto inside = advisory.text();
        if (advisory.type() != JsonView::Type::text || !inside.has_value()) {
            return malformed();
        }
        out.advisories.emplace_back(*inside);
    }
    return {};
}

Result<ByteArray<16>> read_components(JsonView tcb, std::string_view name) {
    constexpr std::uint64_t kSvnMax = 255;
    CHATMCP_TRY(const JsonView list, member(tcb, name, JsonView::Type::array));
    ByteArray<16> out{};
    std::size_t count = 0;
    for (const JsonView component : list) {
        if (count == out.size()) {
            return malformed();
        }
        CHATMCP_TRY(const std::uint64_t svn, number(component, "svn", kSvnMax));
        out[count++] = static_cast<std::uint8_t>(svn);
    }
    if (count != out.size()) {
        return malformed();
    }
    return out;
}

/// Version 2 has them by name: sgxtcbcomp01svn to sgxtcbcomp16svn.
Result<ByteArray<16>> read_flat_components(JsonView tcb) {
    constexpr std::uint64_t kSvnMax = 255;
    ByteArray<16> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::string number_text = to_decimal(i + 1);
        const std::string name =
            "sgxtcbcomp" + std::string(2 - number_text.size(), '0') + number_text + "svn";
        CHATMCP_TRY(const std::uint64_t svn, number(tcb, name, kSvnMax));
        out[i] = static_cast<std::uint8_t>(svn);
    }
    return out;
}

Result<TcbLevel> read_level(JsonView object, const TcbInfo& info) {
    constexpr std::uint64_t kPceSvnMax = 0xffff;
    TcbLevel out;
    CHATMCP_TRY(const JsonView tcb, member(object, "tcb", JsonView::Type::object));
    if (info.version == 2) {
        CHATMCP_TRY(out.sgx_components, read_flat_components(tcb));
    } else {
        CHATMCP_TRY(out.sgx_components, read_components(tcb, "sgxtcbcomponents"));
    }
    CHATMCP_TRY(const std::uint64_t pce_svn, number(tcb, "pcesvn", kPceSvnMax));
    out.pce_svn = static_cast<std::uint16_t>(pce_svn);
    if (info.tdx) {
        CHATMCP_TRY(out.tdx_components, read_components(tcb, "tdxtcbcomponents"));
    }
    CHATMCP_TRY_VOID(read_judgement(object, out));
    return out;
}

Result<std::vector<IsvLevel>> read_isv_levels(JsonView object) {
    constexpr std::uint64_t kIsvSvnMax = 0xffff;
    std::vector<IsvLevel> out;
    CHATMCP_TRY(const JsonView levels, member(object, "tcbLevels", JsonView::Type::array));
    for (const JsonView each : levels) {
        IsvLevel& level = out.emplace_back();
        CHATMCP_TRY(const JsonView tcb, member(each, "tcb", JsonView::Type::object));
        CHATMCP_TRY(const std::uint64_t svn, number(tcb, "isvsvn", kIsvSvnMax));
        level.isv_svn = static_cast<std::uint16_t>(svn);
        CHATMCP_TRY_VOID(read_judgement(each, level));
    }
    return out;
}

Result<TdxModuleIdentity> read_module(JsonView object) {
    TdxModuleIdentity out;
    CHATMCP_TRY(out.mr_signer, hex<48>(object, "mrsigner"));
    CHATMCP_TRY(out.attributes, hex<8>(object, "attributes"));
    CHATMCP_TRY(out.attributes_mask, hex<8>(object, "attributesMask"));
    if (object.find("id").has_value()) {
        CHATMCP_TRY(out.id, text(object, "id"));
        CHATMCP_TRY(out.levels, read_isv_levels(object));
    }
    return out;
}

Result<void> read_modules(JsonView object, TcbInfo& out) {
    CHATMCP_TRY(const JsonView first, member(object, "tdxModule", JsonView::Type::object));
    CHATMCP_TRY(out.modules.emplace_back(), read_module(first));
    if (!object.find("tdxModuleIdentities").has_value()) {
        return {};
    }
    CHATMCP_TRY(const JsonView others,
                member(object, "tdxModuleIdentities", JsonView::Type::array));
    for (const JsonView each : others) {
        CHATMCP_TRY(TdxModuleIdentity module, read_module(each));
        if (module.id.empty()) {
            return malformed();
        }
        out.modules.push_back(std::move(module));
    }
    return {};
}

// ---- The frame ----

bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// Cuts pieces off both ends of a JSON text.
class Cutter {
  public:
    explicit Cutter(std::string_view rest) : rest_(rest) {}

    [[nodiscard]] bool front(std::string_view text) {
        while (!rest_.empty() && is_space(rest_.front())) {
            rest_.remove_prefix(1);
        }
        const bool found = rest_.starts_with(text);
        rest_.remove_prefix(found ? text.size() : 0);
        return found;
    }
    [[nodiscard]] bool back(std::string_view text) {
        while (!rest_.empty() && is_space(rest_.back())) {
            rest_.remove_suffix(1);
        }
        const bool found = rest_.ends_with(text);
        rest_.remove_suffix(found ? text.size() : 0);
        return found;
    }
    /// The inside of a string without escapes, at the back.
    [[nodiscard]] std::optional<std::string_view> text_at_back() {
        const std::size_t quote = back("\"") ? rest_.rfind('"') : std::string_view::npos;
        if (quote == std::string_view::npos) {
            return std::nullopt;
        }
        const std::string_view out = rest_.substr(quote + 1);
        rest_ = rest_.substr(0, quote);
        return out;
    }
    /// What is left, if it can be an object.
    [[nodiscard]] std::optional<std::string_view> object() {
        const bool spaces_gone = front("") && back("");
        const bool is_one = spaces_gone && rest_.starts_with('{') && rest_.ends_with('}');
        return is_one ? std::optional(rest_) : std::nullopt;
    }

  private:
    std::string_view rest_;
};

}  // namespace

std::string_view tcb_status_name(TcbStatus status) {
    return kStatuses[static_cast<std::size_t>(status)].first;
}

Result<SignedJson> SignedJson::read(std::string_view text, std::string_view name) {
    // From both ends, so that the document between them is not looked through: its signature
    // covers all that is left, and who reads it reads one object and nothing after it.
    Cutter cutter(text);
    const bool begins = cutter.front("{") && cutter.front("\"" + std::string(name) + "\"") &&
                        cutter.front(":") && cutter.back("}");
    const auto signature = begins ? cutter.text_at_back() : std::nullopt;
    const bool named = signature.has_value() && cutter.back(":") && cutter.back("\"signature\"") &&
                       cutter.back(",");
    const auto body = named ? cutter.object() : std::nullopt;
    if (!body.has_value()) {
        return malformed();
    }
    const auto bytes = from_hex(*signature);
    if (!bytes.has_value() || bytes->size() != 64) {
        return malformed();
    }
    return SignedJson{*body, to_array<64>(*bytes)};
}

Result<TcbInfo> TcbInfo::read(std::string_view body) {
    constexpr std::uint64_t kNumberMax = 0xffff'ffff;
    CHATMCP_TRY(const JsonDocument document, JsonDocument::read(body));
    const JsonView object = document.root();
    TcbInfo out;
    CHATMCP_TRY(const std::uint64_t version, number(object, "version", kNumberMax));
    out.version = static_cast<std::uint32_t>(version);
    if (version != 2 && version != 3) {
        return fail(Errc::unsupported_version, "ATT-67");
    }
    if (version == 3) {
        CHATMCP_TRY(const std::string_view id, text(object, "id"));
        if (id != "SGX" && id != "TDX") {
            return malformed();
        }
        out.tdx = id == "TDX";
    }
    CHATMCP_TRY(out.validity, read_validity(object));
    CHATMCP_TRY(out.fmspc, hex<6>(object, "fmspc"));
    CHATMCP_TRY(out.pce_id, hex<2>(object, "pceId"));
    CHATMCP_TRY(const std::uint64_t evaluation,
                number(object, "tcbEvaluationDataNumber", kNumberMax));
    out.evaluation_number = static_cast<std::uint32_t>(evaluation);
    if (out.tdx) {
        CHATMCP_TRY_VOID(read_modules(object, out));
    }
    CHATMCP_TRY(const JsonView levels, member(object, "tcbLevels", JsonView::Type::array));
    for (const JsonView each : levels) {
        CHATMCP_TRY(TcbLevel level, read_level(each, out));
        out.levels.push_back(std::move(level));
    }
    return out;
}

Result<QeIdentity> QeIdentity::read(std::string_view body) {
    constexpr std::uint64_t kNumberMax = 0xffff'ffff;
    CHATMCP_TRY(const JsonDocument document, JsonDocument::read(body));
    const JsonView object = document.root();
    QeIdentity out;
    CHATMCP_TRY(const std::uint64_t version, number(object, "version", kNumberMax));
    if (version != 2) {
        return fail(Errc::unsupported_version, "ATT-67");
    }
    CHATMCP_TRY(out.id, text(object, "id"));
    CHATMCP_TRY(out.validity, read_validity(object));
    CHATMCP_TRY(const std::uint64_t evaluation,
                number(object, "tcbEvaluationDataNumber", kNumberMax));
    out.evaluation_number = static_cast<std::uint32_t>(evaluation);
    CHATMCP_TRY(out.misc_select, hex<4>(object, "miscselect"));
    CHATMCP_TRY(out.misc_select_mask, hex<4>(object, "miscselectMask"));
    std::ranges::reverse(out.misc_select);
    std::ranges::reverse(out.misc_select_mask);
    CHATMCP_TRY(out.attributes, hex<16>(object, "attributes"));
    CHATMCP_TRY(out.attributes_mask, hex<16>(object, "attributesMask"));
    CHATMCP_TRY(out.mr_signer, hex<32>(object, "mrsigner"));
    CHATMCP_TRY(const std::uint64_t prod_id, number(object, "isvprodid", 0xffff));
    out.isv_prod_id = static_cast<std::uint16_t>(prod_id);
    CHATMCP_TRY(out.levels, read_isv_levels(object));
    return out;
}

}  // namespace chatmcp::attest
