// Any input: the reader never leaves its bounds, and what it reads writes back to the same bytes.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "wire/cbor.h"

namespace chatmcp::wire {
namespace {

constexpr int kDepthMax = 8;
constexpr std::size_t kMaxBytes = 4096;

/// Copies one item; false when the reader refuses it.
bool copy_item(CborReader& reader, CborWriter& writer, int depth) {
    const auto major = reader.peek();
    if (!major.has_value() || depth == kDepthMax) {
        return false;
    }
    if (*major == CborMajor::unsigned_integer) {
        const auto value = reader.unsigned_integer();
        return value.has_value() && (writer.unsigned_integer(*value), true);
    }
    if (*major == CborMajor::byte_string) {
        const auto value = reader.byte_string(kMaxBytes);
        return value.has_value() && (writer.byte_string(*value), true);
    }
    if (*major == CborMajor::text_string) {
        const auto value = reader.text_string(kMaxBytes);
        return value.has_value() && (writer.text_string(*value), true);
    }
    if (*major == CborMajor::negative_integer) {
        const auto value = reader.integer();
        return value.has_value() && (writer.integer(*value), true);
    }
    if (*major == CborMajor::simple) {
        return reader.take_null() && (writer.null(), true);
    }
    if (*major == CborMajor::tag) {
        const auto number = reader.tag();
        return number.has_value() && (writer.tag(*number), copy_item(reader, writer, depth + 1));
    }
    const bool map = *major == CborMajor::map;
    const auto count = map ? reader.map(kMaxBytes) : reader.array(kMaxBytes);
    if (!count.has_value()) {
        return false;
    }
    map ? writer.map(*count) : writer.array(*count);
    const std::size_t items = map ? 2 * *count : *count;
    for (std::size_t i = 0; i < items; ++i) {
        if (!copy_item(reader, writer, depth + 1)) {
            return false;
        }
    }
    return true;
}

}  // namespace
}  // namespace chatmcp::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const ByteView input(data, size);
    wire::CborReader reader(input);
    wire::CborWriter writer;
    if (wire::copy_item(reader, writer, 0) && reader.finish().has_value()) {
        CHATMCP_CHECK(equal(writer.view(), input));
    }
    return 0;
}
