#include "base/secret.h"

#include <algorithm>
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

// NOLINTBEGIN(*-member-init): see secret.h.
SecretBytes::SecretBytes(std::size_t size_bytes) : size_(size_bytes) {
    if (in_place()) {
        std::fill_n(small_.begin(), size_, std::uint8_t{0});
    } else {
        large_.resize(size_);
    }
}

SecretBytes::SecretBytes(ByteView from) : size_(from.size()) {
    if (in_place()) {
        std::copy(from.begin(), from.end(), small_.begin());
    } else {
        large_.assign(from.begin(), from.end());
    }
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept {
    take(other);
}
// NOLINTEND(*-member-init)

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
        wipe(mutable_view());
        take(other);
    }
    return *this;
}

SecretBytes::~SecretBytes() {
    wipe(mutable_view());
}

void SecretBytes::take(SecretBytes& other) {
    size_ = other.size_;
    if (in_place()) {
        std::copy_n(other.small_.begin(), size_, small_.begin());
        wipe(other.mutable_view());
        large_ = Bytes();
    } else {
        large_ = std::move(other.large_);
    }
    other.large_ = Bytes();
    other.size_ = 0;
}

}  // namespace chatmcp
