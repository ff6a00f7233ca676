#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::net {

/// The Connect protocol without any socket: codes, errors, metadata, time-outs, and what an HTTP
/// request asks for. Spec: connectrpc.com/docs/protocol, version 1.

/// Error codes; the numbers are those of gRPC, the protocol itself only ever writes the names.
enum class ConnectCode : std::uint8_t {
    canceled = 1,
    unknown = 2,
    invalid_argument = 3,
    deadline_exceeded = 4,
    not_found = 5,
    already_exists = 6,
    permission_denied = 7,
    resource_exhausted = 8,
    failed_precondition = 9,
    aborted = 10,
    out_of_range = 11,
    unimplemented = 12,
    internal = 13,
    unavailable = 14,
    data_loss = 15,
    unauthenticated = 16,
};

[[nodiscard]] std::string_view connect_code_name(ConnectCode code);
[[nodiscard]] std::optional<ConnectCode> connect_code_from_name(std::string_view name);
/// The HTTP status that carries a unary error.
[[nodiscard]] unsigned http_status(ConnectCode code);
/// What a status other than 200 means when the body is no Connect error.
[[nodiscard]] ConnectCode connect_code_from_http_status(unsigned status);

struct MetadataEntry {
    std::string name;  // Lower case.
    std::string value;

    friend bool operator==(const MetadataEntry&, const MetadataEntry&) = default;
};

/// Headers or trailers in the order in which they came; a name may occur more than once.
class Metadata {
  public:
    /// Lower-cases `name`.
    void add(std::string_view name, std::string_view value);
    /// The first value of a name, given in lower case.
    [[nodiscard]] std::optional<std::string_view> first(std::string_view name) const;
    [[nodiscard]] std::size_t count(std::string_view name) const;
    [[nodiscard]] const std::vector<MetadataEntry>& entries() const { return entries_; }
    [[nodiscard]] bool empty() const { return entries_.empty(); }

  private:
    std::vector<MetadataEntry> entries_;
};

/// May this pair be written into an HTTP header block: a token, and no control characters.
///
/// Errors: invalid_argument (NET-15).
[[nodiscard]] Result<void> check_metadata(const Metadata& metadata);

/// A protobuf message attached to an error, in its binary form.
struct ErrorDetail {
    std::string type;  // Full name without "type.googleapis.com/".
    Bytes value;

    friend bool operator==(const ErrorDetail&, const ErrorDetail&) = default;
};

/// What a call that failed tells the other side.
struct ConnectError {
    ConnectCode code = ConnectCode::unknown;
    std::string message;
    std::vector<ErrorDetail> details;
    /// The row of docs/CHECKS.md, for the counter; it is not sent unless the message says it.
    const char* check = "";
};

template <class T>
using ConnectResult = std::expected<T, ConnectError>;

/// A refusal of the protocol layer. These rules are public and the same for everybody, so that
/// naming the row in the message tells an attacker nothing.
[[nodiscard]] std::unexpected<ConnectError> refuse(ConnectCode code,
                                                   const char* check,
                                                   std::string_view sentence);

/// The JSON of a unary error.
[[nodiscard]] std::string encode_error_json(const ConnectError& error);
/// Errors: malformed (NET-01): the body is no Connect error; the caller then goes by HTTP status.
/// An absent or unknown code becomes `code_if_unknown`.
[[nodiscard]] Result<ConnectError> parse_error_json(std::string_view json,
                                                    ConnectCode code_if_unknown);

/// The last message of a stream.
struct EndOfStream {
    std::optional<ConnectError> error;
    Metadata trailers;
};
[[nodiscard]] std::string encode_end_of_stream(const EndOfStream& end);
/// Errors: malformed (NET-02).
[[nodiscard]] Result<EndOfStream> parse_end_of_stream(std::string_view json);

/// `Connect-Timeout-Ms`: one to ten decimal digits.
///
/// Errors: malformed (NET-03).
[[nodiscard]] Result<std::chrono::milliseconds> parse_timeout(std::string_view text);

enum class Codec : std::uint8_t { proto, json };
enum class StreamType : std::uint8_t { unary, server_stream };

[[nodiscard]] std::string_view content_type(StreamType type, Codec codec);
/// The codec that a content type names for calls of this type; parameters other than
/// `charset=utf-8` on JSON are not accepted.
[[nodiscard]] std::optional<Codec> codec_of_content_type(StreamType type, std::string_view value);

/// The head of an HTTP request, as a parser gave it: nothing in it has been checked.
struct UntrustedRequestHead {
    std::string method;
    std::string target;
    Metadata headers;
};

/// A request that the protocol admits: what is left is to read its body and run the method.
struct CallPlan {
    StreamType type = StreamType::unary;
    Codec codec = Codec::proto;
    std::optional<std::chrono::milliseconds> timeout;
};

/// An answer below Connect: an HTTP status, headers and perhaps a Connect error as body.
struct HttpRefusal {
    unsigned status = 400;
    Metadata headers;
    std::optional<ConnectError> error;
    const char* check = "";
};

/// Check the head of a request for a method of the given type against the rules of the protocol.
///
/// Errors: 405 (NET-04) not POST; 415 (NET-05) a content type that the method does not speak;
///         unsupported protocol version (NET-06); a time-out that is none (NET-07); compression
///         (NET-08).
[[nodiscard]] std::expected<CallPlan, HttpRefusal> plan_call(const UntrustedRequestHead& head,
                                                             StreamType type);

}  // namespace chatmcp::net
