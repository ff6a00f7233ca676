// A file that somebody sends as a receipt: what decodes encodes to the same bytes.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "client/view.h"
#include "wire/tls.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const chatmcp::ByteView input(data, size);
    const auto file = chatmcp::wire::decode<chatmcp::client::ReceiptFile>(input);
    if (file.has_value()) {
        CHATMCP_CHECK(chatmcp::equal(chatmcp::wire::encode(*file), input));
    }
    return 0;
}
