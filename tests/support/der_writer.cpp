#include "support/der_writer.h"

#include <algorithm>
#include <string>

#include "base/encoding.h"
#include "wire/der.h"

namespace chatmcp::testing {

Bytes der(std::uint8_t tag, std::initializer_list<ByteView> parts) {
    std::size_t size = 0;
    for (const ByteView part : parts) {
        size += part.size();
    }
    Bytes out{tag};
    if (size < 0x80) {
        out.push_back(static_cast<std::uint8_t>(size));
    } else if (size < 0x100) {
        append(out, Bytes{0x81, static_cast<std::uint8_t>(size)});
    } else {
        append(out,
               Bytes{0x82,
                     static_cast<std::uint8_t>(size >> 8),
                     static_cast<std::uint8_t>(size & 0xff)});
    }
    for (const ByteView part : parts) {
        append(out, part);
    }
    return out;
}

Bytes der_sequence(std::initializer_list<ByteView> parts) {
    return der(0x30, parts);
}

Bytes der_integer(ByteView number) {
    Bytes content = to_bytes(number);
    while (content.size() > 1 && content.front() == 0) {
        content.erase(content.begin());
    }
    if (content.empty() || (content.front() & 0x80) != 0) {
        content.insert(content.begin(), 0);
    }
    return der(0x02, {content});
}

Bytes der_integer(std::uint64_t number) {
    Bytes content;
    for (int shift = 56; shift >= 0; shift -= 8) {
        content.push_back(static_cast<std::uint8_t>((number >> shift) & 0xff));
    }
    return der_integer(ByteView(content));
}

Bytes der_octets(ByteView content) {
    return der(0x04, {content});
}

Bytes der_bits(ByteView content) {
    return der(0x03, {Bytes{0}, content});
}

Bytes der_oid(ByteView content) {
    return der(0x06, {content});
}

Bytes der_name(std::string_view common_name) {
    const Bytes kCommonName{0x55, 0x04, 0x03};
    return der_sequence(
        {der(0x31, {der_sequence({der_oid(kCommonName), der(0x0c, {as_bytes(common_name)})})})});
}

Bytes der_time(UnixMs at) {
    std::string text = to_time_text(UnixMs{at.value / kSecondMs * kSecondMs});
    std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == 'T'; });
    return der(0x18, {as_bytes(text)});
}

Bytes fixed_signature(ByteView ecdsa_sig_value, std::size_t half_bytes) {
    wire::DerReader reader(ecdsa_sig_value);
    auto inside = reader.sequence().value();
    Bytes out;
    for (int i = 0; i < 2; ++i) {
        const ByteView number = inside.unsigned_integer().value();
        out.insert(out.end(), half_bytes - number.size(), 0);
        append(out, number);
    }
    return out;
}

}  // namespace chatmcp::testing
