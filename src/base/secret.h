#pragma once

#include <cstddef>
#include <span>

#include "base/bytes.h"

namespace chatmcp {

/// Overwrite bytes in a way that the compiler may not leave out.
void wipe(std::span<std::uint8_t> bytes);

/// Equality whose time depends on the sizes alone.
[[nodiscard]] bool equal_constant_time(ByteView a, ByteView b);

/// Secret bytes: wiped when they die, moved and never copied, never compared with ==, never
/// printed.
class SecretBytes {
  public:
    SecretBytes() = default;
    explicit SecretBytes(std::size_t size_bytes) : bytes_(size_bytes) {}
    /// Takes a copy; the caller wipes the original if that was secret too.
    explicit SecretBytes(ByteView from) : bytes_(from.begin(), from.end()) {}
    SecretBytes(const SecretBytes&) = delete;
    SecretBytes& operator=(const SecretBytes&) = delete;
    SecretBytes(SecretBytes&& other) noexcept;
    SecretBytes& operator=(SecretBytes&& other) noexcept;
    ~SecretBytes();

    [[nodiscard]] ByteView view() const { return bytes_; }
    [[nodiscard]] std::span<std::uint8_t> mutable_view() { return bytes_; }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    /// A copy on purpose, with a name that shows in review.
    [[nodiscard]] SecretBytes clone() const { return SecretBytes(view()); }

  private:
    Bytes bytes_;
};

}  // namespace chatmcp
