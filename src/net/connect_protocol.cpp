#include "net/connect_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/encoding.h"

namespace chatmcp::net {

namespace {

using Json = nlohmann::json;

struct CodeRow {
    ConnectCode code;
    std::string_view name;
    unsigned http_status;
};

// Table "Error codes" of the protocol.
constexpr std::array<CodeRow, 16> kCodes = {{
    {ConnectCode::canceled, "canceled", 499},
    {ConnectCode::unknown, "unknown", 500},
    {ConnectCode::invalid_argument, "invalid_argument", 400},
    {ConnectCode::deadline_exceeded, "deadline_exceeded", 504},
    {ConnectCode::not_found, "not_found", 404},
    {ConnectCode::already_exists, "already_exists", 409},
    {ConnectCode::permission_denied, "permission_denied", 403},
    {ConnectCode::resource_exhausted, "resource_exhausted", 429},
    {ConnectCode::failed_precondition, "failed_precondition", 400},
    {ConnectCode::aborted, "aborted", 409},
    {ConnectCode::out_of_range, "out_of_range", 400},
    {ConnectCode::unimplemented, "unimplemented", 501},
    {ConnectCode::internal, "internal", 500},
    {ConnectCode::unavailable, "unavailable", 503},
    {ConnectCode::data_loss, "data_loss", 500},
    {ConnectCode::unauthenticated, "unauthenticated", 401},
}};

constexpr std::size_t kTimeoutMaxDigits = 10;

char lower(char c) {
    return (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

// Connect writes binary values without padding and reads them with or without.
std::string base64_unpadded(ByteView bytes) {
    std::string text = to_base64(bytes);
    text.erase(text.find_last_not_of('=') + 1);
    return text;
}

Result<Bytes> from_base64_any_padding(std::string_view text) {
    std::string padded(text.substr(0, text.find_last_not_of('=') + 1));
    padded.append((4 - padded.size() % 4) % 4, '=');
    return from_base64(padded);
}

std::string dump(const Json& json) {
    // Text of ours may hold what a peer sent; bytes that are no UTF-8 are replaced, never thrown.
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json error_to_json(const ConnectError& error) {
    Json json = {{"code", connect_code_name(error.code)}};
    if (!error.message.empty()) {
        json["message"] = error.message;
    }
    for (const ErrorDetail& detail : error.details) {
        json["details"].push_back(
            {{"type", detail.type}, {"value", base64_unpadded(detail.value)}});
    }
    return json;
}

std::optional<ErrorDetail> detail_from_json(const Json& json) {
    if (!json.is_object()) {
        return std::nullopt;
    }
    const auto type = json.find("type");
    const auto value = json.find("value");
    if (type == json.end() || !type->is_string() || value == json.end() || !value->is_string()) {
        return std::nullopt;
    }
    auto bytes = from_base64_any_padding(value->get_ref<const std::string&>());
    if (!bytes.has_value()) {
        return std::nullopt;
    }
    return ErrorDetail{.type = type->get<std::string>(), .value = *std::move(bytes)};
}

// A code that is not known is kept as `code_if_unknown`; a member of the wrong JSON type makes the
// whole body something else than a Connect error.
std::optional<ConnectError> error_from_json(const Json& json, ConnectCode code_if_unknown) {
    if (!json.is_object()) {
        return std::nullopt;
    }
    ConnectError error;
    error.code = code_if_unknown;
    if (const auto code = json.find("code"); code != json.end()) {
        if (!code->is_string()) {
            return std::nullopt;
        }
        error.code =
            connect_code_from_name(code->get_ref<const std::string&>()).value_or(code_if_unknown);
    }
    if (const auto message = json.find("message"); message != json.end() && !message->is_null()) {
        if (!message->is_string()) {
            return std::nullopt;
        }
        error.message = message->get<std::string>();
    }
    if (const auto details = json.find("details"); details != json.end() && details->is_array()) {
        for (const Json& item : *details) {
            if (auto detail = detail_from_json(item)) {
                error.details.push_back(*std::move(detail));
            }
        }
    }
    return error;
}

bool is_token_character(char c) {
    const bool alphanumeric =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

// RFC 9110 section 5.5: visible characters, space, tab and bytes above 0x7f.
bool is_field_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

HttpRefusal http_refusal(unsigned status, const char* check) {
    return HttpRefusal{.status = status, .headers = {}, .error = std::nullopt, .check = check};
}

HttpRefusal connect_refusal(ConnectError error) {
    HttpRefusal refusal;
    refusal.status = http_status(error.code);
    refusal.check = error.check;
    refusal.error = std::move(error);
    return refusal;
}

std::optional<ConnectError> find_unsupported_encoding(const Metadata& headers, StreamType type) {
    const std::string_view name =
        type == StreamType::unary ? "content-encoding" : "connect-content-encoding";
    for (const MetadataEntry& entry : headers.entries()) {
        if (entry.name == name && lower_case(entry.value) != "identity") {
            return refuse(ConnectCode::unimplemented, "NET-08", "only identity encoding is spoken")
                .error();
        }
    }
    return std::nullopt;
}

}  // namespace

std::string_view connect_code_name(ConnectCode code) {
    const auto* row = std::ranges::find(kCodes, code, &CodeRow::code);
    return row == kCodes.end() ? "unknown" : row->name;
}

std::optional<ConnectCode> connect_code_from_name(std::string_view name) {
    const auto* row = std::ranges::find(kCodes, name, &CodeRow::name);
    if (row == kCodes.end()) {
        return std::nullopt;
    }
    return row->code;
}

unsigned http_status(ConnectCode code) {
    const auto* row = std::ranges::find(kCodes, code, &CodeRow::code);
    return row == kCodes.end() ? 500 : row->http_status;
}

ConnectCode connect_code_from_http_status(unsigned status) {
    // Table "HTTP to error code" of the protocol: for answers of proxies and other servers.
    switch (status) {
        case 400:
            return ConnectCode::internal;
        case 401:
            return ConnectCode::unauthenticated;
        case 403:
            return ConnectCode::permission_denied;
        case 404:
            return ConnectCode::unimplemented;
        case 429:
        case 502:
        case 503:
        case 504:
            return ConnectCode::unavailable;
        default:
            return ConnectCode::unknown;
    }
}

void Metadata::add(std::string_view name, std::string_view value) {
    entries_.push_back(MetadataEntry{.name = lower_case(name), .value = std::string(value)});
}

std::optional<std::string_view> Metadata::first(std::string_view name) const {
    const auto found = std::ranges::find(entries_, name, &MetadataEntry::name);
    if (found == entries_.end()) {
        return std::nullopt;
    }
    return found->value;
}

std::size_t Metadata::count(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count(entries_, name, &MetadataEntry::name));
}

Result<void> check_metadata(const Metadata& metadata) {
    for (const MetadataEntry& entry : metadata.entries()) {
        // A line break in a value would end the header and start the sender's own.
        if (entry.name.empty() || !std::ranges::all_of(entry.name, is_token_character) ||
            !std::ranges::all_of(entry.value, is_field_character)) {
            return fail(Errc::invalid_argument, "NET-15");
        }
    }
    return {};
}

std::unexpected<ConnectError> refuse(ConnectCode code,
                                     const char* check,
                                     std::string_view sentence) {
    ConnectError error;
    error.code = code;
    error.check = check;
    error.message = std::string(check) + ": " + std::string(sentence);
    return std::unexpected(std::move(error));
}

std::string encode_error_json(const ConnectError& error) {
    return dump(error_to_json(error));
}

Result<ConnectError> parse_error_json(std::string_view json, ConnectCode code_if_unknown) {
    const Json parsed = Json::parse(json, nullptr, false);
    auto error = error_from_json(parsed, code_if_unknown);
    if (parsed.is_discarded() || !error.has_value()) {
        return fail(Errc::malformed, "NET-01");
    }
    return *std::move(error);
}

std::string encode_end_of_stream(const EndOfStream& end) {
    Json json = Json::object();
    if (end.error.has_value()) {
        json["error"] = error_to_json(*end.error);
    }
    for (const MetadataEntry& entry : end.trailers.entries()) {
        json["metadata"][entry.name].push_back(entry.value);
    }
    return dump(json);
}

Result<EndOfStream> parse_end_of_stream(std::string_view json) {
    const Json parsed = Json::parse(json, nullptr, false);
    if (parsed.is_discarded() || !parsed.is_object()) {
        return fail(Errc::malformed, "NET-02");
    }
    EndOfStream end;
    if (const auto error = parsed.find("error"); error != parsed.end() && !error->is_null()) {
        end.error = error_from_json(*error, ConnectCode::unknown);
        if (!end.error.has_value()) {
            return fail(Errc::malformed, "NET-02");
        }
    }
    const auto metadata = parsed.find("metadata");
    if (metadata == parsed.end() || metadata->is_null()) {
        return end;
    }
    if (!metadata->is_object()) {
        return fail(Errc::malformed, "NET-02");
    }
    for (const auto& [name, values] : metadata->items()) {
        if (!values.is_array()) {
            return fail(Errc::malformed, "NET-02");
        }
        for (const Json& value : values) {
            if (!value.is_string()) {
                return fail(Errc::malformed, "NET-02");
            }
            end.trailers.add(name, value.get_ref<const std::string&>());
        }
    }
    return end;
}

Result<std::chrono::milliseconds> parse_timeout(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool digits_only = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (text.empty() || text.size() > kTimeoutMaxDigits || !digits_only || error != std::errc{}) {
        return fail(Errc::malformed, "NET-03");
    }
    return std::chrono::milliseconds(value);
}

std::string_view content_type(StreamType type, Codec codec) {
    if (type == StreamType::unary) {
        return codec == Codec::proto ? "application/proto" : "application/json";
    }
    return codec == Codec::proto ? "application/connect+proto" : "application/connect+json";
}

std::optional<Codec> codec_of_content_type(StreamType type, std::string_view value) {
    const std::string lowered = lower_case(value);
    if (lowered == content_type(type, Codec::proto)) {
        return Codec::proto;
    }
    const std::string json(content_type(type, Codec::json));
    if (lowered == json || lowered == json + "; charset=utf-8" ||
        lowered == json + ";charset=utf-8") {
        return Codec::json;
    }
    return std::nullopt;
}

std::expected<CallPlan, HttpRefusal> plan_call(const UntrustedRequestHead& head, StreamType type) {
    if (head.method != "POST") {
        HttpRefusal refusal = http_refusal(405, "NET-04");
        refusal.headers.add("allow", "POST");
        return std::unexpected(std::move(refusal));
    }
    CallPlan plan;
    plan.type = type;
    const auto media_type = head.headers.first("content-type");
    const auto codec = codec_of_content_type(type, media_type.value_or(""));
    if (!codec.has_value() || head.headers.count("content-type") != 1) {
        HttpRefusal refusal = http_refusal(415, "NET-05");
        refusal.headers.add("accept-post",
                            std::string(content_type(type, Codec::proto)) + ", " +
                                std::string(content_type(type, Codec::json)));
        return std::unexpected(std::move(refusal));
    }
    plan.codec = *codec;
    // Absent is allowed, so that curl needs no header; another version is not ours.
    if (head.headers.first("connect-protocol-version").value_or("1") != "1") {
        return std::unexpected(connect_refusal(
            refuse(ConnectCode::invalid_argument, "NET-06", "the protocol version is 1").error()));
    }
    if (const auto text = head.headers.first("connect-timeout-ms"); text.has_value()) {
        const auto timeout = parse_timeout(*text);
        if (!timeout.has_value()) {
            return std::unexpected(connect_refusal(
                refuse(ConnectCode::invalid_argument, "NET-07", "the time-out is no number")
                    .error()));
        }
        plan.timeout = *timeout;
    }
    if (auto error = find_unsupported_encoding(head.headers, type); error.has_value()) {
        return std::unexpected(connect_refusal(*std::move(error)));
    }
    return plan;
}

}  // namespace chatmcp::net
