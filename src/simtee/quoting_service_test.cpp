#include "simtee/quoting_service.h"

#include <gtest/gtest.h>

#include "simtee/test_support.h"

namespace chatmcp::simtee {
namespace {

class QuotingServiceTest : public ::testing::Test {
  protected:
    QuotingServiceTest() : root_(make_root()) {
        program_.digests.program.fill(1);
        program_.digests.model.fill(2);
        program_.digests.configuration.fill(3);
        program_.sandbox_layers = wire::kRequiredSandboxLayers;
    }

    static DevelopmentRoot make_root() {
        const testing::TemporaryFolder folder;
        crypto::SystemRandom random;
        return DevelopmentRoot::open_or_make(folder.file("root"), random).value();
    }

    DevelopmentRoot root_;
    LaunchedProgram program_;
    FixedClock clock_{UnixMs{1'700'000'000'000}};
    QuotingService service_{root_, program_, clock_};
};

TEST_F(QuotingServiceTest, SignsWhatTheLauncherMeasuredAndWhatTheProgramAsked) {
    wire::QuoteRequest request;
    request.report_data.fill(0x55);
    const auto reply = service_.answer(wire::encode_quoting_request(request));
    ASSERT_TRUE(reply.has_value());
    const auto decoded = wire::decode_quoting_reply(reply->view());
    ASSERT_TRUE(decoded.has_value());
    const wire::SimulatedQuote& quote = std::get<wire::QuoteReply>(*decoded).quote;
    EXPECT_EQ(quote.report_data, request.report_data);
    EXPECT_EQ(quote.digests, program_.digests);
    EXPECT_EQ(quote.measurement, wire::measurement_of(program_.digests));
    EXPECT_EQ(quote.issued, clock_.now());
    EXPECT_EQ(quote.sandbox_layers, program_.sandbox_layers);
    EXPECT_EQ(quote.root_key, root_.signing_key().public_key());
    EXPECT_TRUE(wire::verify(quote.root_key, quote, quote.signature).has_value());
}

TEST_F(QuotingServiceTest, GivesTheSealingKeyOfTheMeasuredProgram) {
    const auto reply =
        service_.answer(wire::encode_quoting_request(wire::SealingKeyRequest{{1, 2}}));
    ASSERT_TRUE(reply.has_value());
    const auto decoded = wire::decode_quoting_reply(reply->view());
    ASSERT_TRUE(decoded.has_value());
    const SecretBytes expected =
        root_.sealing_key(wire::measurement_of(program_.digests), Bytes{1, 2});
    EXPECT_TRUE(equal(std::get<wire::SealingKeyReply>(*decoded).key.view(), expected.view()));
}

TEST_F(QuotingServiceTest, AnswersRequestsHoweverTheirBytesArrive) {
    Bytes stream;
    for (int i = 0; i < 3; ++i) {
        append(stream, wire::with_length(wire::encode_quoting_request(wire::QuoteRequest{})));
    }
    std::size_t replies = 0;
    for (const std::uint8_t byte : stream) {
        const auto reply = service_.receive({&byte, 1});
        ASSERT_TRUE(reply.has_value());
        replies += reply->empty() ? 0 : 1;
    }
    EXPECT_EQ(replies, 3U);
    const auto all = service_.receive(stream);
    ASSERT_TRUE(all.has_value());
    EXPECT_EQ(all->size(), 3 * (wire::kFrameHeadBytes + 1 + wire::SimulatedQuote::kBytes));
}

TEST_F(QuotingServiceTest, WhatItDoesNotKnowIsRefused) {
    EXPECT_EQ(testing::check_of(service_.answer(Bytes{99})), "TEE-01");
    EXPECT_EQ(testing::check_of(service_.answer({})), "WIRE-01");
    EXPECT_EQ(testing::check_of(service_.receive(Bytes{0, 0, 0, 0})), "FRM-01");
    QuotingService second(root_, program_, clock_);
    EXPECT_EQ(testing::check_of(second.receive(Bytes{0, 0, 4, 1})), "FRM-02");
}

}  // namespace
}  // namespace chatmcp::simtee
