#include "base/secret.h"

#include <cstring>
#include <utility>

namespace chatmcp {

void wipe(std::span<std::uint8_t> bytes) {
    if (bytes.empty()) {
        return;
    }
    std::memset(bytes.data(), 0, bytes.size());
    // The memory is "used" here, so the store above is not dead.
    asm volatile("" : : "r"(bytes.data()) : "memory");
}

bool equal_constant_time(ByteView a, ByteView b) {
    if (a.size() != b.size()) {
        return false;
    }
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference |= static_cast<unsigned>(a[i] ^ b[i]);
        asm volatile("" : "+r"(difference));
    }
    return difference == 0;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
        wipe(bytes_);
        bytes_ = std::exchange(other.bytes_, {});
    }
    return *this;
}

SecretBytes::~SecretBytes() {
    wipe(bytes_);
}

}  // namespace chatmcp
