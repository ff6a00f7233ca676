#pragma once

#include <cstdint>
#include <iostream>
#include <string>

#include <google/protobuf/message_lite.h>

namespace chatmcp::testing {

/// How the conformance runner talks to a program: big-endian u32 length, then a protobuf message,
/// over stdin and stdout.
inline constexpr std::uint32_t kPipeMessageMaxBytes = 64U << 20;

/// False at the end of the input, and on anything that is no such message.
inline bool read_message(std::istream& input, google::protobuf::MessageLite& message) {
    std::string head(4, '\0');
    if (!input.read(head.data(), 4)) {
        return false;
    }
    std::uint32_t size = 0;
    for (const char c : head) {
        size = (size << 8) | static_cast<unsigned char>(c);
    }
    if (size > kPipeMessageMaxBytes) {
        return false;
    }
    std::string body(size, '\0');
    if (!input.read(body.data(), static_cast<std::streamsize>(size))) {
        return false;
    }
    return message.ParseFromString(body);
}

inline void write_message(std::ostream& output, const google::protobuf::MessageLite& message) {
    const std::string body = message.SerializeAsString();
    for (const int shift : {24, 16, 8, 0}) {
        output.put(static_cast<char>((body.size() >> shift) & 0xff));
    }
    output << body << std::flush;
}

}  // namespace chatmcp::testing
