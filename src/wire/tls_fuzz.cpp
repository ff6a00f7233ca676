// A stream of TLS-language items, each chosen by the byte in front of it: what can be read can be
// written, and gives the same bytes.

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "wire/tls.h"

namespace chatmcp::wire {
namespace {

constexpr std::size_t kItemMaxBytes = 4096;

Result<void> copy_item(Reader& reader, Writer& writer, std::uint8_t kind) {
    writer.u8(kind);
    switch (kind % 7) {
        case 0: {
            CHATMCP_TRY(const auto value, reader.u8());
            writer.u8(value);
            return {};
        }
        case 1: {
            CHATMCP_TRY(const auto value, reader.u16());
            writer.u16(value);
            return {};
        }
        case 2: {
            CHATMCP_TRY(const auto value, reader.u32());
            writer.u32(value);
            return {};
        }
        case 3: {
            CHATMCP_TRY(const auto value, reader.u64());
            writer.u64(value);
            return {};
        }
        case 4: {
            CHATMCP_TRY(const auto value, reader.presence());
            writer.presence(value);
            return {};
        }
        case 5: {
            CHATMCP_TRY(const auto value, reader.array<5>());
            writer.fixed(value);
            return {};
        }
        default: {
            CHATMCP_TRY(const auto value, reader.vector(kItemMaxBytes));
            writer.vector(value);
            return {};
        }
    }
}

void run(ByteView input) {
    Reader reader(input);
    Writer writer;
    while (!reader.empty()) {
        const std::size_t before = reader.position();
        const std::size_t written = writer.view().size();
        const std::uint8_t kind = reader.u8().value();
        if (!copy_item(reader, writer, kind).has_value()) {
            return;
        }
        CHATMCP_CHECK(equal(reader.since(before), writer.view().subspan(written)));
    }
    CHATMCP_CHECK(reader.finish().has_value());
    CHATMCP_CHECK(equal(writer.view(), input));
}

}  // namespace
}  // namespace chatmcp::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chatmcp::wire::run({data, size});
    return 0;
}
