// Key packages come from a directory that anybody can fill. What inspection lets pass is signed,
// so a changed byte never passes: only inputs of the corpus as they are do.

#include "base/check.h"
#include "mls/framing.h"
#include "mls/group.h"
#include "mls/key_package.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const ByteView input(data, size);
    const auto view = mls::inspect_key_package(input);
    const auto package = mls::decode_key_package(input);
    CHATMCP_CHECK(!view.has_value() || package.has_value());
    if (package.has_value()) {
        const Bytes bare = wire::encode(*package);
        const Bytes framed = mls::encode_message(mls::WireFormat::key_package, *package);
        CHATMCP_CHECK(equal(bare, input) || equal(framed, input));
        CHATMCP_CHECK(package->verify().has_value() == view.has_value());
    }
    return 0;
}
