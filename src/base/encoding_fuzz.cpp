// Every text that a reader accepts is the one that its writer writes.

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/encoding.h"

namespace chatmcp {
namespace {

void run(std::string_view text) {
    if (const auto bytes = from_hex(text); bytes.has_value()) {
        CHATMCP_CHECK(to_hex(*bytes) == text);
    }
    if (const auto bytes = from_base64(text); bytes.has_value()) {
        CHATMCP_CHECK(to_base64(*bytes) == text);
    }
    if (const auto bytes = from_base64url(text); bytes.has_value()) {
        CHATMCP_CHECK(to_base64url(*bytes) == text);
    }
    if (const auto bytes = from_base58(text); bytes.has_value()) {
        CHATMCP_CHECK(to_base58(*bytes) == text);
    }
    if (const auto value = from_decimal(text); value.has_value()) {
        CHATMCP_CHECK(to_decimal(*value) == text);
    }
    if (const auto at = from_time_text(text); at.has_value()) {
        // ".000" is the one thing that may be written or left out.
        CHATMCP_CHECK(to_time_text(*at) == text || text.ends_with(".000Z"));
        CHATMCP_CHECK(from_time_text(to_time_text(*at)).value() == *at);
    }
}

}  // namespace
}  // namespace chatmcp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chatmcp::run(chatmcp::as_text({data, size}));
    return 0;
}
