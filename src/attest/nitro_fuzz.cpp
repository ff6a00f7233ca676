// Any input as an attestation document: what is read keeps its limits, and nothing verifies under a
// root that signed none of it.
#include <cstddef>
#include <cstdint>

#include "attest/nitro.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const ByteView input(data, size);
    const auto document = attest::NitroDocument::read(input);
    if (!document.has_value()) {
        return 0;
    }
    CHATMCP_CHECK(!document->module_id.empty() && document->timestamp.value > 0);
    CHATMCP_CHECK(!document->pcrs.empty() && document->pcrs.size() <= attest::kNitroPcrsMax);
    CHATMCP_CHECK(!document->bundle.empty() && document->bundle.size() <= attest::kNitroBundleMax);
    attest::Certificate nobody;
    nobody.subject = as_bytes("nobody");
    CHATMCP_CHECK(!attest::verify_nitro(*document, nobody, document->timestamp).has_value());
    return 0;
}
