#include "wire/quoting.h"

#include "base/check.h"

namespace chatmcp::wire {
namespace {

constexpr std::uint8_t kQuote = 1;
constexpr std::uint8_t kSealingKey = 2;

}  // namespace

Result<QuotingRequest> decode_quoting_request(ByteView payload) {
    Reader reader(payload);
    CHATMCP_TRY(const std::uint8_t type, reader.u8());
    if (type == kQuote) {
        QuoteRequest request;
        CHATMCP_TRY(request.report_data, reader.array<kReportDataBytes>());
        CHATMCP_TRY_VOID(reader.finish());
        return QuotingRequest(request);
    }
    if (type == kSealingKey) {
        CHATMCP_TRY(const ByteView context, reader.vector(kSealingContextMaxBytes));
        CHATMCP_TRY_VOID(reader.finish());
        return QuotingRequest(SealingKeyRequest{to_bytes(context)});
    }
    return fail(Errc::malformed, "TEE-01");
}

Bytes encode_quoting_request(const QuotingRequest& request) {
    Writer writer;
    if (const auto* quote = std::get_if<QuoteRequest>(&request)) {
        writer.u8(kQuote);
        writer.fixed(quote->report_data);
    } else {
        const auto& sealing = std::get<SealingKeyRequest>(request);
        CHATMCP_CHECK(sealing.context.size() <= kSealingContextMaxBytes);
        writer.u8(kSealingKey);
        writer.vector(sealing.context);
    }
    return writer.take();
}

Result<QuotingReply> decode_quoting_reply(ByteView payload) {
    Reader reader(payload);
    CHATMCP_TRY(const std::uint8_t type, reader.u8());
    if (type == kQuote) {
        CHATMCP_TRY(const SimulatedQuote quote, SimulatedQuote::read(reader));
        CHATMCP_TRY_VOID(reader.finish());
        return QuotingReply(QuoteReply{quote});
    }
    if (type == kSealingKey) {
        CHATMCP_TRY(const ByteView key, reader.fixed(kSealingKeyBytes));
        CHATMCP_TRY_VOID(reader.finish());
        return QuotingReply(SealingKeyReply{SecretBytes(key)});
    }
    return fail(Errc::malformed, "TEE-01");
}

SecretBytes encode_quoting_reply(const QuotingReply& reply) {
    Writer writer;
    // Reserved at once, so that no half-written copy of a key stays behind in freed memory.
    writer.reserve(kQuotingFrameMaxBytes);
    if (const auto* quote = std::get_if<QuoteReply>(&reply)) {
        writer.u8(kQuote);
        quote->quote.write(writer);
    } else {
        const auto& sealing = std::get<SealingKeyReply>(reply);
        CHATMCP_CHECK(sealing.key.size() == kSealingKeyBytes);
        writer.u8(kSealingKey);
        writer.fixed(sealing.key.view());
    }
    Bytes bytes = writer.take();
    SecretBytes out(bytes);
    wipe(bytes);
    return out;
}

}  // namespace chatmcp::wire
