#include "enclave/configuration.h"

#include <algorithm>

#include "assistant/engine.h"
#include "attest/json_value.h"
#include "wire/content.h"
#include "wire/delivery.h"

namespace chatmcp::enclave {
namespace {

using attest::JsonValue;

constexpr std::size_t kNames = 4;

Result<const JsonValue*> member(const JsonValue& object,
                                std::string_view name,
                                JsonValue::Type type) {
    const JsonValue* value = object.find(name);
    if (value == nullptr || value->type != type) {
        return fail(Errc::malformed, "ENC-01");
    }
    return value;
}

Result<std::uint32_t> number(const JsonValue& object,
                             std::string_view name,
                             std::uint64_t min,
                             std::uint64_t max) {
    CHATMCP_TRY(const JsonValue* value, member(object, name, JsonValue::Type::number));
    if (value->number < min || value->number > max) {
        return fail(Errc::invalid_argument, "ENC-01");
    }
    return static_cast<std::uint32_t>(value->number);
}

Result<Bytes> scopes_of(const JsonValue& object) {
    CHATMCP_TRY(const JsonValue* list, member(object, "scopes", JsonValue::Type::array));
    Bytes scopes;
    for (const JsonValue& item : list->items) {
        if (item.type == JsonValue::Type::text && item.text == "answer") {
            scopes.push_back(static_cast<std::uint8_t>(wire::Scope::answer));
        } else if (item.type == JsonValue::Type::text && item.text == "summarise") {
            scopes.push_back(static_cast<std::uint8_t>(wire::Scope::summarise));
        } else {
            return fail(Errc::invalid_argument, "ENC-01");
        }
    }
    std::ranges::sort(scopes);
    if (scopes.empty() || std::ranges::adjacent_find(scopes) != scopes.end()) {
        return fail(Errc::invalid_argument, "ENC-01");
    }
    return scopes;
}

}  // namespace

Result<Configuration> read_configuration(ByteView json) {
    const auto parsed = attest::parse_json(as_text(json));
    if (!parsed.has_value() || parsed->type != JsonValue::Type::object ||
        parsed->names.size() != kNames) {
        return fail(Errc::malformed, "ENC-01");
    }
    Configuration configuration;
    CHATMCP_TRY(const JsonValue* name, member(*parsed, "name", JsonValue::Type::text));
    configuration.name = name->text;
    if (configuration.name.empty() || configuration.name.size() > wire::AgentEntry::kNameMaxBytes) {
        return fail(Errc::invalid_argument, "ENC-01");
    }
    CHATMCP_TRY(configuration.scopes, scopes_of(*parsed));
    CHATMCP_TRY(configuration.context_tokens,
                number(*parsed,
                       "context_tokens",
                       assistant::EngineSettings::kContextTokensMin,
                       assistant::EngineSettings::kContextTokensMax));
    CHATMCP_TRY(configuration.answer_seconds_max,
                number(*parsed, "answer_seconds_max", 1, Configuration::kAnswerSecondsMax));
    return configuration;
}

}  // namespace chatmcp::enclave
