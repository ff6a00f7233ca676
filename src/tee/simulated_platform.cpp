#include "tee/simulated_platform.h"

#include <cerrno>
#include <span>
#include <utility>

#include <unistd.h>

#include "base/check.h"
#include "wire/cmw.h"
#include "wire/frames.h"

namespace chatmcp::tee {
namespace {

Result<void> write_all(int fd, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return fail(Errc::io, "TEE-10");
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> read_all(int fd, std::span<std::uint8_t> into) {
    while (!into.empty()) {
        const ssize_t received = ::read(fd, into.data(), into.size());
        if (received < 0 && errno == EINTR) {
            continue;
        }
        if (received <= 0) {
            return fail(Errc::io, "TEE-10");
        }
        into = into.subspan(static_cast<std::size_t>(received));
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<SimulatedPlatform>> SimulatedPlatform::connect(int quoting_fd) {
    std::unique_ptr<SimulatedPlatform> platform(new SimulatedPlatform(quoting_fd));
    CHATMCP_TRY(const wire::SimulatedQuote quote, platform->quote(wire::ReportData{}));
    platform->facts_ = {.name = "simulated",
                        .measurement = quote.measurement,
                        .configuration_digest = quote.digests.configuration,
                        .has_sealing_key = true,
                        .has_rollback_counter = false,
                        .sandbox_layers = quote.sandbox_layers};
    return platform;
}

Result<Bytes> SimulatedPlatform::evidence(const wire::ReportData& report_data) {
    CHATMCP_TRY(const wire::SimulatedQuote quote, this->quote(report_data));
    return wire::encode_cmw({.media_type = std::string(wire::SimulatedQuote::kMediaType),
                             .value = wire::encode(quote),
                             .indicator = wire::ConceptualMessage::kEvidence});
}

Result<SecretBytes> SimulatedPlatform::sealing_key(ByteView context) {
    CHATMCP_TRY(wire::QuotingReply reply, ask(wire::SealingKeyRequest{to_bytes(context)}));
    auto* sealing = std::get_if<wire::SealingKeyReply>(&reply);
    if (sealing == nullptr) {
        return fail(Errc::malformed, "TEE-11");
    }
    return std::move(sealing->key);
}

Result<wire::SimulatedQuote> SimulatedPlatform::quote(const wire::ReportData& report_data) {
    CHATMCP_TRY(const wire::QuotingReply reply, ask(wire::QuoteRequest{report_data}));
    const auto* quote = std::get_if<wire::QuoteReply>(&reply);
    if (quote == nullptr) {
        return fail(Errc::malformed, "TEE-11");
    }
    if (quote->quote.report_data != report_data) {
        return fail(Errc::wrong_key, "TEE-12");
    }
    return quote->quote;
}

Result<wire::QuotingReply> SimulatedPlatform::ask(const wire::QuotingRequest& request) {
    const Bytes frame = wire::with_length(wire::encode_quoting_request(request));
    CHATMCP_TRY_VOID(write_all(quoting_fd_, frame));
    ByteArray<wire::kFrameHeadBytes> head{};
    CHATMCP_TRY_VOID(read_all(quoting_fd_, head));
    std::size_t length = 0;
    for (const std::uint8_t byte : head) {
        length = length << 8 | byte;
    }
    if (length == 0 || length > wire::kQuotingFrameMaxBytes) {
        return fail(Errc::malformed, "TEE-11");
    }
    // A key may be in it, so it is wiped whatever becomes of it.
    SecretBytes payload(length);
    CHATMCP_TRY_VOID(read_all(quoting_fd_, payload.mutable_view()));
    return wire::decode_quoting_reply(payload.view());
}

}  // namespace chatmcp::tee
