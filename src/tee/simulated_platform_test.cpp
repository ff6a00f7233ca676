#include "tee/simulated_platform.h"

#include <functional>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/cmw.h"
#include "wire/frames.h"

namespace chatmcp::tee {
namespace {

/// A quoting service that a test scripts: each request gets the bytes of `answer`.
class ScriptedService {
  public:
    using Answer = std::function<Bytes(const wire::QuotingRequest&)>;

    explicit ScriptedService(Answer answer) {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        client_ = ends[0];
        thread_ = std::thread([fd = ends[1], answer = std::move(answer)] {
            wire::FrameAssembler frames(wire::kQuotingFrameMaxBytes);
            Bytes buffer(256);
            for (;;) {
                const ssize_t received = ::read(fd, buffer.data(), buffer.size());
                if (received <= 0) {
                    break;
                }
                frames.push(ByteView(buffer).first(static_cast<std::size_t>(received)));
                const auto next = frames.next();
                if (!next.has_value() || !next->has_value()) {
                    continue;
                }
                const Bytes reply = answer(wire::decode_quoting_request(**next).value());
                if (reply.empty()) {
                    break;
                }
                // Byte by byte, so that the reader meets every split.
                for (const std::uint8_t byte : reply) {
                    EXPECT_EQ(::write(fd, &byte, 1), 1);
                }
            }
            ::close(fd);
        });
    }
    ScriptedService(const ScriptedService&) = delete;
    ScriptedService& operator=(const ScriptedService&) = delete;
    ~ScriptedService() {
        ::shutdown(client_, SHUT_RDWR);
        thread_.join();
        ::close(client_);
    }

    [[nodiscard]] int fd() const { return client_; }

  private:
    int client_ = -1;
    std::thread thread_;
};

Bytes reply_frame(const wire::QuotingReply& reply) {
    return wire::with_length(wire::encode_quoting_reply(reply).view());
}

wire::SimulatedQuote quote_over(const wire::ReportData& report_data) {
    wire::SimulatedQuote quote;
    quote.digests.configuration.fill(3);
    quote.measurement = wire::measurement_of(quote.digests);
    quote.report_data = report_data;
    quote.issued = UnixMs{1};
    quote.sandbox_layers = 7;
    return quote;
}

Bytes good_answer(const wire::QuotingRequest& request) {
    if (const auto* quote = std::get_if<wire::QuoteRequest>(&request)) {
        return reply_frame(wire::QuoteReply{quote_over(quote->report_data)});
    }
    const Bytes& context = std::get<wire::SealingKeyRequest>(request).context;
    return reply_frame(wire::SealingKeyReply{SecretBytes(crypto::sha256(context))});
}

TEST(SimulatedPlatform, KnowsItselfAndGivesEvidenceOverWhatWasAsked) {
    const ScriptedService service(good_answer);
    const auto platform = SimulatedPlatform::connect(service.fd());
    ASSERT_TRUE(platform.has_value());
    const PlatformFacts& facts = (*platform)->facts();
    EXPECT_EQ(facts.name, "simulated");
    EXPECT_EQ(facts.measurement, quote_over({}).measurement);
    EXPECT_EQ(facts.configuration_digest, quote_over({}).digests.configuration);
    EXPECT_EQ(facts.sandbox_layers, 7U);
    EXPECT_TRUE(facts.has_sealing_key);
    EXPECT_FALSE(facts.has_rollback_counter);

    wire::ReportData report_data;
    report_data.fill(0x77);
    const auto evidence = (*platform)->evidence(report_data);
    ASSERT_TRUE(evidence.has_value());
    const auto message = wire::decode_cmw(*evidence);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->media_type, wire::SimulatedQuote::kMediaType);
    EXPECT_EQ(wire::decode<wire::SimulatedQuote>(message->value).value().report_data, report_data);

    const auto key = (*platform)->sealing_key(as_bytes("state"));
    ASSERT_TRUE(key.has_value());
    EXPECT_TRUE(equal(key->view(), crypto::sha256(as_bytes("state"))));
}

TEST(SimulatedPlatform, AServiceThatIsGoneIsNoticed) {
    const ScriptedService service([](const auto&) { return Bytes{}; });
    EXPECT_EQ(SimulatedPlatform::connect(service.fd()).error(), (Error{Errc::io, "TEE-10"}));
    EXPECT_EQ(SimulatedPlatform::connect(-1).error(), (Error{Errc::io, "TEE-10"}));
}

TEST(SimulatedPlatform, AReplyOfAnotherTypeOrSizeIsRefused) {
    const ScriptedService other_type([](const auto&) {
        return reply_frame(wire::SealingKeyReply{SecretBytes(wire::kSealingKeyBytes)});
    });
    EXPECT_EQ(SimulatedPlatform::connect(other_type.fd()).error(),
              (Error{Errc::malformed, "TEE-11"}));
    for (const Bytes& head : {Bytes{0, 0, 0, 0}, Bytes{0xFF, 0xFF, 0xFF, 0xFF}}) {
        const ScriptedService other_size([head](const auto&) { return head; });
        EXPECT_EQ(SimulatedPlatform::connect(other_size.fd()).error(),
                  (Error{Errc::malformed, "TEE-11"}));
    }
    const ScriptedService unknown([](const auto&) { return wire::with_length(Bytes{9}); });
    EXPECT_EQ(SimulatedPlatform::connect(unknown.fd()).error(), (Error{Errc::malformed, "TEE-01"}));
    const ScriptedService quote_for_key(
        [](const auto&) { return reply_frame(wire::QuoteReply{quote_over({})}); });
    const auto platform = SimulatedPlatform::connect(quote_for_key.fd());
    ASSERT_TRUE(platform.has_value());
    EXPECT_EQ((*platform)->sealing_key({}).error(), (Error{Errc::malformed, "TEE-11"}));
}

TEST(SimulatedPlatform, AQuoteOverSomethingElseIsRefused) {
    const ScriptedService service([](const auto&) {
        wire::ReportData other;
        other.fill(1);
        return reply_frame(wire::QuoteReply{quote_over(other)});
    });
    EXPECT_EQ(SimulatedPlatform::connect(service.fd()).error(), (Error{Errc::wrong_key, "TEE-12"}));
}

}  // namespace
}  // namespace chatmcp::tee
