#include "simtee/quoting_service.h"

#include <optional>

namespace chatmcp::simtee {

Result<SecretBytes> QuotingService::answer(ByteView request) const {
    CHATMCP_TRY(const wire::QuotingRequest decoded, wire::decode_quoting_request(request));
    if (const auto* quote_request = std::get_if<wire::QuoteRequest>(&decoded)) {
        return wire::encode_quoting_reply(wire::QuoteReply{quote(quote_request->report_data)});
    }
    const auto& sealing = std::get<wire::SealingKeyRequest>(decoded);
    return wire::encode_quoting_reply(wire::SealingKeyReply{
        root_.sealing_key(wire::measurement_of(program_.digests), sealing.context)});
}

Result<SecretBytes> QuotingService::receive(ByteView received) {
    frames_.push(received);
    Bytes replies;
    for (;;) {
        CHATMCP_TRY(const std::optional<Bytes> request, frames_.next());
        if (!request.has_value()) {
            break;
        }
        CHATMCP_TRY(const SecretBytes reply, answer(*request));
        Bytes framed = wire::with_length(reply.view());
        append(replies, framed);
        wipe(framed);
    }
    SecretBytes out(replies);
    wipe(replies);
    return out;
}

wire::SimulatedQuote QuotingService::quote(const wire::ReportData& report_data) const {
    wire::SimulatedQuote quote;
    quote.digests = program_.digests;
    quote.measurement = wire::measurement_of(program_.digests);
    quote.report_data = report_data;
    quote.issued = clock_.now();
    quote.sandbox_layers = program_.sandbox_layers;
    quote.root_key = root_.signing_key().public_key();
    quote.signature =
        to_array<crypto::kEd25519SignatureBytes>(wire::sign(root_.signing_key(), quote));
    return quote;
}

}  // namespace chatmcp::simtee
