#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "net/relay_codec.h"

// Values and structures that several messages have; for relay_codec.cpp and reply_codec.cpp alone.
// Errors as in relay_codec.h.

namespace chatmcp::net {

using RepeatedBytes = google::protobuf::RepeatedPtrField<std::string>;

[[nodiscard]] Result<void> copy_fixed(const std::string& from, std::span<std::uint8_t> to);
[[nodiscard]] Result<void> copy_bounded(const std::string& from,
                                        std::size_t min_bytes,
                                        std::size_t max_bytes,
                                        Bytes& to);
[[nodiscard]] Result<UnixMs> decode_time(std::int64_t ms);
[[nodiscard]] Result<std::vector<Bytes>> decode_list(const RepeatedBytes& from,
                                                     std::size_t count_max,
                                                     std::size_t item_max_bytes);
[[nodiscard]] std::string text_of(ByteView bytes);
void encode_list(const std::vector<Bytes>& from, RepeatedBytes& to);

/// Absent where it is empty.
[[nodiscard]] Result<std::optional<wire::Pass>> decode_pass(const std::string& from);
[[nodiscard]] std::string encode_pass(const std::optional<wire::Pass>& from);
/// A value in the TLS language inside of a protobuf field.
///
/// Errors: malformed (NET-56) too long, or not exactly one T.
template <class T>
[[nodiscard]] Result<T> decode_opaque(const std::string& from, std::size_t max_bytes) {
    auto decoded = wire::decode<T>(as_bytes(from));
    if (from.size() > max_bytes || !decoded.has_value()) {
        return fail(Errc::malformed, "NET-56");
    }
    return decoded;
}
[[nodiscard]] Result<void> decode_token(const std::string& from, Bytes& to);
[[nodiscard]] Result<void> decode_challenge(const std::string& from, Bytes& to);
[[nodiscard]] Result<std::uint32_t> decode_limit(std::uint32_t limit);

[[nodiscard]] Result<wire::Acceptance> decode_acceptance(const v1::Acceptance& from);
void encode_acceptance(const wire::Acceptance& from, v1::Acceptance& to);
[[nodiscard]] Result<wire::Envelope> decode_envelope(const v1::Envelope& from);
void encode_envelope(const wire::Envelope& from, v1::Envelope& to);
[[nodiscard]] Result<wire::InboxKind> decode_inbox_kind(v1::InboxKind kind);
[[nodiscard]] v1::InboxKind encode_inbox_kind(wire::InboxKind kind);
[[nodiscard]] Result<wire::InboxItem> decode_inbox_item(const v1::InboxItem& from);
void encode_inbox_item(const wire::InboxItem& from, v1::InboxItem& to);

}  // namespace chatmcp::net
