// Any input as evidence of any kind, under a policy and at a time that the input chooses: there is
// always a report, it refuses what does not verify, and each form of it can be written.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "attest/appraise.h"
#include "attest/attestation_result.h"
#include "base/check.h"

namespace chatmcp::attest {
namespace {

/// One byte for the policy, one for the kind (or none), eight for the clock; the rest is evidence.
constexpr std::size_t kHeadBytes = 10;

Policy policy_of(std::uint8_t choice) {
    constexpr const char* kProfiles[] = {"strict", "production", "development"};
    const auto profile = policy_profile(kProfiles[choice % std::size(kProfiles)]);
    CHATMCP_CHECK(profile.has_value());
    return choice < 0x40 ? Policy{} : *profile;
}

void run(ByteView input) {
    std::uint64_t clock = 0;
    for (const std::uint8_t byte : input.subspan(2, sizeof(clock))) {
        clock = clock << 8 | byte;
    }
    const std::span<const Kind> kinds = all_kinds();
    const auto forced = input[1] < kinds.size() ? std::optional(kinds[input[1]]) : std::nullopt;
    auto bundle = bundle_of_file(to_bytes(input.subspan(kHeadBytes)), forced);
    if (!bundle.has_value()) {
        return;
    }
    static const Roots roots = builtin_roots();
    const FactorReport report = inspect(*std::move(bundle),
                                        roots,
                                        policy_of(input[0]),
                                        Clues{},
                                        UnixMs{static_cast<std::int64_t>(clock)});
    CHATMCP_CHECK(!report.factors.empty());
    CHATMCP_CHECK(report.accepted ==
                  (report.claims.has_value() && !report.first_error().has_value()));
    CHATMCP_CHECK(report.claims.has_value() == (report.factors.size() == kFactors));
    CHATMCP_CHECK(report.accepted || trust_status(report) == TrustTier::contraindicated);
    CHATMCP_CHECK(!report_to_json(report).empty() && !report_to_text(report).empty());
}

}  // namespace
}  // namespace chatmcp::attest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size >= chatmcp::attest::kHeadBytes) {
        chatmcp::attest::run({data, size});
    }
    return 0;
}
