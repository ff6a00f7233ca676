// Any input as a key description and as a chain: what is read keeps its limits, and no chain
// verifies under a root that signed none of it.
#include <cstddef>
#include <cstdint>

#include "attest/android_key.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const ByteView input(data, size);
    const auto description = attest::AndroidKeyDescription::read(input);
    if (description.has_value()) {
        CHATMCP_CHECK(description->hardware_enforced.items.size() <=
                      attest::AndroidKeyDescription::kAuthorizationsMax);
        CHATMCP_CHECK(description->challenge.size() < size);
    }
    const auto chain = attest::AndroidKeyChain::read(input);
    if (chain.has_value()) {
        CHATMCP_CHECK(chain->certificates.size() <= attest::kChainMax);
        CHATMCP_CHECK(!attest::verify_android_key(*chain, {}, std::nullopt, UnixMs{}).has_value());
    }
    return 0;
}
