// Any text: what reads as a policy writes as one that reads the same.
#include <cstddef>
#include <cstdint>

#include "attest/policy.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const auto policy = attest::parse_policy(as_text({data, size}));
    if (policy.has_value()) {
        const std::string written = attest::policy_to_json(*policy);
        const auto again = attest::parse_policy(written);
        CHATMCP_CHECK(again.has_value());
        CHATMCP_CHECK(attest::policy_to_json(*again) == written);
    }
    return 0;
}
