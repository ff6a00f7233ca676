#include "base/bytes.h"

#include <algorithm>

namespace chatmcp {

ByteView as_bytes(std::string_view text) {
    // The one place where text becomes bytes: char and uint8_t have the same representation.
    // NOLINTNEXTLINE(*-reinterpret-cast)
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(ByteView bytes) {
    // NOLINTNEXTLINE(*-reinterpret-cast)
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes to_bytes(ByteView view) {
    return {view.begin(), view.end()};
}

std::string to_text(ByteView view) {
    return std::string(as_text(view));
}

Bytes concat(std::initializer_list<ByteView> parts) {
    std::size_t size = 0;
    for (const ByteView part : parts) {
        size += part.size();
    }
    Bytes out;
    out.reserve(size);
    for (const ByteView part : parts) {
        append(out, part);
    }
    return out;
}

void append(Bytes& to, ByteView bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

bool equal(ByteView a, ByteView b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

bool BytesLess::operator()(ByteView a, ByteView b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace chatmcp
