// The public verifier with everything from outside: evidence, policy, expectation and clock.
//
// Input: 8 bytes of time, 8 bytes of choices, then evidence. A choice may replace the evidence by a
// quote that is signed anew after the fuzzer changed it, so that the third step is reached.
#include <cstddef>
#include <cstdint>
#include <limits>

#include "attest/appraise.h"
#include "attest/test_quote.h"
#include "base/check.h"

namespace chatmcp::attest {
namespace {

constexpr std::size_t kHeadBytes = 16;

/// Evidence of the platform with the input's bytes laid over the quote, and signed.
Bytes changed_evidence(const testing::TestPlatform& platform, ByteView input) {
    Bytes encoded = wire::encode(platform.quote());
    for (std::size_t i = 0; i < input.size() && i < encoded.size(); ++i) {
        encoded[i] ^= input[i];
    }
    const auto quote = wire::decode<wire::SimulatedQuote>(encoded);
    return quote.has_value() ? platform.evidence(*quote) : to_bytes(input);
}

void run(ByteView input) {
    std::uint64_t time = 0;
    for (const std::uint8_t byte : input.first(8)) {
        time = time << 8 | byte;
    }
    const ByteView choices = input.subspan(8, 8);
    const testing::TestPlatform platform;
    Policy policy = (choices[0] & 1) != 0 ? platform.policy() : Policy{};
    if ((choices[0] & 2) != 0) {
        policy = allow_simulated(policy, platform.fingerprint()).value();
    }
    if ((choices[0] & 4) != 0) {
        policy.evidence_age_seconds_max = choices[1];
    }
    Expectation expectation = platform.expectation();
    if ((choices[0] & 8) != 0) {
        expectation.judged_at = UnixMs{static_cast<std::int64_t>(time)};
    }
    if ((choices[0] & 16) != 0) {
        expectation.development.reset();
    }
    expectation.binding.nonce[0] ^= choices[2];
    expectation.measurement[0] ^= choices[3];
    const ByteView rest = input.subspan(kHeadBytes);
    const Bytes evidence =
        (choices[0] & 32) != 0 ? changed_evidence(platform, rest) : to_bytes(rest);

    const Appraisal appraisal = examine(evidence, builtin_roots(), policy, expectation);
    CHATMCP_CHECK(appraisal.report.accepted == appraisal.accepted.has_value());
    CHATMCP_CHECK(appraisal.report.accepted == !appraisal.report.first_error().has_value());
    if (appraisal.report.accepted) {
        // What was accepted is bound to what was expected, whatever else was fuzzed.
        const Claims& claims = appraisal.accepted->claims();
        CHATMCP_CHECK(equal(claims.report_data, report_data(expectation.binding)));
        CHATMCP_CHECK(claims.measurement == expectation.measurement);
        CHATMCP_CHECK(policy.simulated.has_value());
        CHATMCP_CHECK(expectation.development.has_value());
        CHATMCP_CHECK(claims.issued->value - kClockSkewMsMax <= expectation.judged_at.value);
    }
    CHATMCP_CHECK(!report_to_json(appraisal.report).empty());
    CHATMCP_CHECK(!report_to_text(appraisal.report).empty());
    const FactorReport alone = inspect(evidence, builtin_roots(), policy, expectation.judged_at);
    CHATMCP_CHECK(alone.accepted == (alone.claims.has_value() && !alone.first_error().has_value()));
}

}  // namespace
}  // namespace chatmcp::attest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size >= chatmcp::attest::kHeadBytes) {
        chatmcp::attest::run({data, size});
    }
    return 0;
}
