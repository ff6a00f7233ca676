#include "wire/quoting.h"

#include <gtest/gtest.h>

namespace chatmcp::wire {
namespace {

TEST(Quoting, RequestsReadAsTheyWereWritten) {
    QuoteRequest quote;
    quote.report_data.fill(9);
    const auto decoded = decode_quoting_request(encode_quoting_request(quote));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(std::get<QuoteRequest>(*decoded).report_data, quote.report_data);

    const SealingKeyRequest sealing{{1, 2, 3}};
    const auto second = decode_quoting_request(encode_quoting_request(sealing));
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(std::get<SealingKeyRequest>(*second).context, sealing.context);
}

TEST(Quoting, RepliesReadAsTheyWereWritten) {
    SimulatedQuote quote;
    quote.issued = UnixMs{5};
    const SecretBytes first = encode_quoting_reply(QuoteReply{quote});
    ASSERT_LE(first.size(), kQuotingFrameMaxBytes);
    const auto decoded = decode_quoting_reply(first.view());
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(encode(std::get<QuoteReply>(*decoded).quote), encode(quote));

    const Bytes key(kSealingKeyBytes, 7);
    const SecretBytes second = encode_quoting_reply(SealingKeyReply{SecretBytes(key)});
    const auto sealing = decode_quoting_reply(second.view());
    ASSERT_TRUE(sealing.has_value());
    EXPECT_TRUE(equal(std::get<SealingKeyReply>(*sealing).key.view(), key));
}

TEST(Quoting, AnUnknownTypeIsRefused) {
    const Bytes unknown = {3};
    const auto request = decode_quoting_request(unknown);
    ASSERT_FALSE(request.has_value());
    EXPECT_EQ(request.error(), (Error{Errc::malformed, "TEE-01"}));
    const auto reply = decode_quoting_reply(unknown);
    ASSERT_FALSE(reply.has_value());
    EXPECT_EQ(reply.error(), (Error{Errc::malformed, "TEE-01"}));
}

TEST(Quoting, ShortLongAndOversizedRequestsAreRefused) {
    Bytes encoded = encode_quoting_request(QuoteRequest{});
    for (std::size_t size = 0; size < encoded.size(); ++size) {
        EXPECT_FALSE(decode_quoting_request(ByteView(encoded).first(size)).has_value());
    }
    encoded.push_back(0);
    EXPECT_EQ(decode_quoting_request(encoded).error(), (Error{Errc::trailing_bytes, "WIRE-05"}));

    Writer writer;
    writer.u8(2);
    writer.vector(Bytes(kSealingContextMaxBytes + 1));
    EXPECT_EQ(decode_quoting_request(writer.view()).error(), (Error{Errc::too_large, "WIRE-03"}));
}

}  // namespace
}  // namespace chatmcp::wire
