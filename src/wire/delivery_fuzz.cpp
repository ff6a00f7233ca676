#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "wire/delivery.h"

namespace {

using namespace chatmcp;

// Whatever decodes encodes to the same bytes: one value has one encoding.
template <class T>
void round_trip(ByteView input) {
    const auto decoded = wire::decode<T>(input);
    if (decoded.has_value()) {
        CHATMCP_CHECK(equal(wire::encode(*decoded), input));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input(data, size);
    round_trip<wire::Envelope>(input);
    round_trip<wire::Acceptance>(input);
    round_trip<wire::AgentEntry>(input);
    round_trip<wire::ReaddRequest>(input);
    round_trip<wire::Pass>(input);
    round_trip<wire::InboxPolicy>(input);
    round_trip<wire::StampTerms>(input);
    return 0;
}
