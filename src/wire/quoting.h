#pragma once

#include <cstdint>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "wire/evidence.h"
#include "wire/tls.h"

namespace chatmcp::wire {

/// What an enclave of the simulated platform and the launcher's quoting service say to each other,
/// over a descriptor of their own. One request, one reply, in order; each travels in one frame of
/// frames.h (FrameAssembler with kQuotingFrameMaxBytes).

inline constexpr std::size_t kQuotingFrameMaxBytes = 1024;
inline constexpr std::size_t kSealingContextMaxBytes = 64;
inline constexpr std::size_t kSealingKeyBytes = 32;

/// A quote over this report data. The measurement in it is the launcher's own.
/// Wire: uint8 type = 1; opaque report_data[64].
struct QuoteRequest {
    ReportData report_data{};
};
/// The sealing key of the program that asks, for one purpose. Wire: uint8 type = 2; opaque
/// context<V>.
struct SealingKeyRequest {
    Bytes context;
};
using QuotingRequest = std::variant<QuoteRequest, SealingKeyRequest>;

/// Wire: uint8 type = 1; SimulatedQuote quote.
struct QuoteReply {
    SimulatedQuote quote;
};
/// Wire: uint8 type = 2; opaque key[32].
struct SealingKeyReply {
    SecretBytes key;
};
using QuotingReply = std::variant<QuoteReply, SealingKeyReply>;

/// Errors: WIRE-01..05; malformed (TEE-01) an unknown type; too_large (WIRE-03) a context.
[[nodiscard]] Result<QuotingRequest> decode_quoting_request(ByteView payload);
[[nodiscard]] Bytes encode_quoting_request(const QuotingRequest& request);
/// Errors: as above, and those of SimulatedQuote.
[[nodiscard]] Result<QuotingReply> decode_quoting_reply(ByteView payload);
[[nodiscard]] SecretBytes encode_quoting_reply(const QuotingReply& reply);

}  // namespace chatmcp::wire
