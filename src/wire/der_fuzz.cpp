// Any input: the reader never leaves its bounds, and every value that it reads is the whole of its
// own bytes.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "wire/der.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    std::vector<wire::DerReader> open{wire::DerReader(ByteView(data, size))};
    while (!open.empty()) {
        wire::DerReader& reader = open.back();
        static_cast<void>(wire::DerReader(reader).time());
        static_cast<void>(wire::DerReader(reader).boolean());
        static_cast<void>(wire::DerReader(reader).small_integer());
        static_cast<void>(wire::DerReader(reader).bit_string_of_bytes());
        const auto value = reader.any();
        if (!value.has_value()) {
            open.pop_back();
            continue;
        }
        wire::DerReader again(value->whole);
        CHATMCP_CHECK(again.content(value->tag).has_value() && again.finish().has_value());
        if (value->tag.constructed) {
            open.emplace_back(value->content);
        }
    }
    return 0;
}
