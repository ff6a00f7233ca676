#include "client/door_codec.h"

#include <array>
#include <limits>
#include <tuple>
#include <utility>

#include "client/record.h"

namespace chatmcp::client {
namespace {

// The fields of each structure, in the order of its declaration. record.h does the rest.
template <class T>
auto fields_of(T& value) {
    using Plain = std::remove_const_t<T>;
    if constexpr (std::is_same_v<Plain, wire::Login>) {
        return std::tie(
            value.relay_key, value.root_key, value.challenge, value.channel, value.signature);
    } else if constexpr (std::is_same_v<Plain, wire::PublishBundle>) {
        return std::tie(value.relay_key,
                        value.topic,
                        value.epoch,
                        value.commit,
                        value.next_admission_key,
                        value.signature);
    } else if constexpr (std::is_same_v<Plain, wire::PublishMessage>) {
        return std::tie(value.relay_key, value.topic, value.epoch, value.payload, value.signature);
    } else if constexpr (std::is_same_v<Plain, wire::SubscribeTopic>) {
        return std::tie(value.relay_key,
                        value.topic,
                        value.epoch,
                        value.after,
                        value.challenge,
                        value.signature);
    } else if constexpr (std::is_same_v<Plain, wire::SendInbox>) {
        return std::tie(value.inbox, value.kind, value.payload);
    } else if constexpr (std::is_same_v<Plain, wire::SubscribeInbox>) {
        return std::tie(value.token, value.after);
    } else if constexpr (std::is_same_v<Plain, wire::AckInbox>) {
        return std::tie(value.token, value.sequence);
    } else if constexpr (std::is_same_v<Plain, wire::PutAgentEntry>) {
        return std::tie(value.token, value.entry);
    } else if constexpr (std::is_same_v<Plain, wire::GetChallenge::Reply>) {
        return std::tie(value.challenge);
    } else if constexpr (std::is_same_v<Plain, wire::Login::Reply>) {
        return std::tie(value.token, value.expires_at);
    } else if constexpr (std::is_same_v<Plain, wire::PublishBundle::Reply>) {
        return std::tie(value.acceptance);
    } else if constexpr (std::is_same_v<Plain, wire::PublishMessage::Reply>) {
        return std::tie(value.sequence, value.accepted_at);
    } else if constexpr (std::is_same_v<Plain, wire::InboxItem>) {
        return std::tie(
            value.sequence, value.kind, value.received_at, value.payload, value.acceptance);
    } else {
        static_assert(std::is_empty_v<Plain>);
        return std::tuple<>();
    }
}

template <class T>
void put(wire::Writer& writer, const T& value) {
    std::apply([&](const auto&... field) { (record_detail::put(writer, field), ...); },
               fields_of(value));
}

template <class T>
Result<void> get(wire::Reader& reader, T& value) {
    auto fields = fields_of(value);
    return record_detail::get_fields(
        reader, fields, std::make_index_sequence<std::tuple_size_v<decltype(fields)>>());
}

template <class T>
Result<T> read_whole(wire::Reader& reader) {
    T value{};
    if (!get(reader, value).has_value() || !reader.finish().has_value()) {
        return fail(Errc::malformed, "CLT-97");
    }
    return value;
}

// The alternative number `index` of a variant, read from bytes.
template <class Variant, std::size_t I = 0>
Result<Variant> read_alternative(std::size_t index, wire::Reader& reader) {
    if constexpr (I == std::variant_size_v<Variant>) {
        return fail(Errc::unsupported, "CLT-96");
    } else {
        if (index != I) {
            return read_alternative<Variant, I + 1>(index, reader);
        }
        CHATMCP_TRY(auto value, read_whole<std::variant_alternative_t<I, Variant>>(reader));
        return Variant(std::in_place_index<I>, std::move(value));
    }
}

template <class Kind>
bool is_inbox_kind(Kind kind) {
    return kind >= wire::InboxKind::welcome && kind <= wire::InboxKind::readd;
}

}  // namespace

std::uint16_t door_method(const DoorRequest& request) {
    return static_cast<std::uint16_t>(request.index() + 1);
}

bool is_message_method(std::uint16_t method) {
    static const std::uint16_t bundle = door_method(wire::PublishBundle{});
    static const std::uint16_t message = door_method(wire::PublishMessage{});
    return method == bundle || method == message;
}

Bytes door_topic(const DoorRequest& request) {
    return std::visit(
        [](const auto& body) -> Bytes {
            if constexpr (requires { body.topic; }) {
                return to_bytes(body.topic);
            } else if constexpr (requires { body.inbox; }) {
                return to_bytes(body.inbox);
            } else {
                return {};
            }
        },
        request);
}

Bytes encode_door_request(const DoorRequest& request) {
    wire::Writer writer;
    std::visit([&](const auto& body) { put(writer, body); }, request);
    return writer.take();
}

Result<DoorRequest> decode_door_request(std::uint16_t method, ByteView body) {
    if (method == 0) {
        return fail(Errc::unsupported, "CLT-96");
    }
    wire::Reader reader(body);
    CHATMCP_TRY(auto request, read_alternative<DoorRequest>(method - 1U, reader));
    if (const auto* send = std::get_if<wire::SendInbox>(&request);
        send != nullptr && !is_inbox_kind(send->kind)) {
        return fail(Errc::malformed, "CLT-97");
    }
    return request;
}

Bytes encode_door_answer(const DoorAnswer& answer) {
    wire::Writer writer;
    writer.vector(answer.channel);
    std::visit([&](const auto& body) { put(writer, body); }, answer.reply);
    return writer.take();
}

Result<DoorAnswer> decode_door_answer(std::uint16_t method, ByteView body) {
    if (method == 0) {
        return fail(Errc::unsupported, "CLT-96");
    }
    wire::Reader reader(body);
    const auto channel = reader.vector(wire::kVectorMaxBytes);
    if (!channel.has_value()) {
        return fail(Errc::malformed, "CLT-97");
    }
    DoorAnswer answer{to_bytes(*channel), wire::GetChallenge::Reply()};
    CHATMCP_TRY(answer.reply, read_alternative<DoorReply>(method - 1U, reader));
    return answer;
}

Result<Reason> decode_door_reason(std::uint16_t status, ByteView body) {
    const auto code = static_cast<Errc>(status);
    if (status == 0 || body.size() > wire::Refusal::kCheckMaxBytes ||
        errc_name(code) == "unknown") {
        return fail(Errc::malformed, "CLT-97");
    }
    return Reason{code, to_text(body)};
}

Bytes encode_door_item(const wire::InboxItem& item) {
    wire::Writer writer;
    put(writer, item);
    return writer.take();
}

Result<wire::InboxItem> decode_door_item(ByteView body) {
    wire::Reader reader(body);
    CHATMCP_TRY(auto item, read_whole<wire::InboxItem>(reader));
    if (!is_inbox_kind(item.kind)) {
        return fail(Errc::malformed, "CLT-97");
    }
    return item;
}

}  // namespace chatmcp::client
