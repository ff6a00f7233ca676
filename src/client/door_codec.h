#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "client/effect.h"
#include "wire/delivery.h"

namespace chatmcp::client {

// How the requests of an enclave travel through its door (wire/frames.h): the host hands them to a
// relay as they are and brings the answers back. Written once, for both sides of the door.

/// What an enclave asks a relay for; nothing else passes the host.
using DoorRequest = std::variant<wire::GetChallenge,
                                 wire::Login,
                                 wire::PublishBundle,
                                 wire::PublishMessage,
                                 wire::SubscribeTopic,
                                 wire::SendInbox,
                                 wire::SubscribeInbox,
                                 wire::AckInbox,
                                 wire::PutAgentEntry>;
/// The answer of each, in the same order; a stream's is that it was opened.
struct StreamOpened {};
using DoorReply = std::variant<wire::GetChallenge::Reply,
                               wire::Login::Reply,
                               wire::PublishBundle::Reply,
                               wire::PublishMessage::Reply,
                               StreamOpened,
                               wire::SendInbox::Reply,
                               StreamOpened,
                               wire::AckInbox::Reply,
                               wire::PutAgentEntry::Reply>;
inline constexpr std::uint16_t kDoorMethods = std::variant_size_v<DoorRequest>;

/// wire::RelayRequest::method: the place in DoorRequest, from 1.
[[nodiscard]] std::uint16_t door_method(const DoorRequest& request);
/// Messages of a group or of a key package, which a host counts apart.
[[nodiscard]] bool is_message_method(std::uint16_t method);
/// The topic or inbox that a request is about; empty where there is none.
[[nodiscard]] Bytes door_topic(const DoorRequest& request);

/// Wire: the fields of the request in the order of its declaration, TLS presentation language.
[[nodiscard]] Bytes encode_door_request(const DoorRequest& request);
/// Errors: unsupported (CLT-96) a method that no enclave has; malformed (CLT-97) its body.
[[nodiscard]] Result<DoorRequest> decode_door_request(std::uint16_t method, ByteView body);

/// A reply and what a login over the same connection has to be bound to.
struct DoorAnswer {
    Bytes channel;
    DoorReply reply;
};
/// Wire: opaque channel<V>; the fields of the reply in the order of its declaration.
[[nodiscard]] Bytes encode_door_answer(const DoorAnswer& answer);
/// Errors: unsupported (CLT-96); malformed (CLT-97).
[[nodiscard]] Result<DoorAnswer> decode_door_answer(std::uint16_t method, ByteView body);

/// Why there is no answer: wire::RelayReply::body is the check's text.
/// Errors: malformed (CLT-97) a status or text that is none.
[[nodiscard]] Result<Reason> decode_door_reason(std::uint16_t status, ByteView body);

/// Wire of an inbox item: uint64 sequence; uint8 kind; uint64 received_at_ms; opaque payload<V>;
/// optional<Acceptance> acceptance. Envelopes have their own structure.
[[nodiscard]] Bytes encode_door_item(const wire::InboxItem& item);
/// Errors: malformed (CLT-97).
[[nodiscard]] Result<wire::InboxItem> decode_door_item(ByteView body);

}  // namespace chatmcp::client
