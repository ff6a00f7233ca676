// Any input as every part of a DCAP verification: nothing but refusals, and no step that takes what
// the one before it refused. Two readers of JSON agree on what is some.
#include <cstddef>
#include <cstdint>

#include "attest/dcap.h"
#include "attest/json_document.h"
#include "attest/json_value.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const ByteView input(data, size);
    static_cast<void>(attest::Certificate::read(input));
    static_cast<void>(attest::RevocationList::read(input));
    static_cast<void>(attest::certificates_of_pem(input));
    for (const char* name : {"tcbInfo", "enclaveIdentity"}) {
        if (const auto document = attest::SignedJson::read(as_text(input), name);
            document.has_value()) {
            static_cast<void>(attest::TcbInfo::read(document->body));
            static_cast<void>(attest::QeIdentity::read(document->body));
        }
    }
    if (const std::string_view text = as_text(input); !text.contains('\\')) {
        CHATMCP_CHECK(attest::JsonDocument::read(text).has_value() ==
                      attest::parse_json(text).has_value());
    }
    static_cast<void>(attest::DcapQuote::read(input));
    return 0;
}
