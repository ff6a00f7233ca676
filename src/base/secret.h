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
///
/// Cost: keys, seeds and hashes (up to kInPlaceBytes) lie inside the object and allocate nothing,
///       so moving it moves them: a view does not survive that.
class SecretBytes {
  public:
    static constexpr std::size_t kInPlaceBytes = 64;

    SecretBytes() = default;
    /// Zeros.
    explicit SecretBytes(std::size_t size_bytes);
    /// Takes a copy; the caller wipes the original if that was secret too.
    explicit SecretBytes(ByteView from);
    SecretBytes(const SecretBytes&) = delete;
    SecretBytes& operator=(const SecretBytes&) = delete;
    SecretBytes(SecretBytes&& other) noexcept;
    SecretBytes& operator=(SecretBytes&& other) noexcept;
    ~SecretBytes();

    [[nodiscard]] ByteView view() const {
        return {in_place() ? small_.data() : large_.data(), size_};
    }
    [[nodiscard]] std::span<std::uint8_t> mutable_view() {
        return {in_place() ? small_.data() : large_.data(), size_};
    }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    /// A copy on purpose, with a name that shows in review.
    [[nodiscard]] SecretBytes clone() const { return SecretBytes(view()); }

  private:
    [[nodiscard]] bool in_place() const { return size_ <= kInPlaceBytes; }
    void take(SecretBytes& other);

    std::size_t size_ = 0;
    ByteArray<kInPlaceBytes> small_;  // NOLINT(*-member-init): only `size_` bytes of it are used.
    Bytes large_;
};

}  // namespace chatmcp
