// Any bytes that a host gives back as sealed state: refused, or exactly what was sealed.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "tee/sealing.h"
#include "tee/test_platform.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    static tee::testing::FakePlatform platform(1, 1);
    static const tee::Sealer sealer = tee::Sealer::open(platform, "fuzz").value();
    const ByteView input(data, size);
    // Nobody finds a key or a tag by trying.
    CHATMCP_CHECK(!sealer.unseal({}, input).has_value());
    const Bytes sealed = sealer.seal({}, input, platform.random());
    const auto opened = sealer.unseal({}, sealed);
    CHATMCP_CHECK(opened.has_value() && equal(opened->view(), input));
    return 0;
}
