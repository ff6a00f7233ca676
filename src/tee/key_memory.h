#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace chatmcp::tee {

/// A few bytes for a long-lived key, in pages of their own.
///
/// The best that the kernel gives: secret memory (memfd_secret: not even the kernel maps it), else
/// locked pages that are left out of core dumps, else ordinary pages. Which one it was is reported,
/// never assumed. Wiped when it dies.
class KeyMemory {
  public:
    enum class Protection : std::uint8_t { secret = 1, locked = 2, ordinary = 3 };

    static constexpr std::size_t kMaxBytes = 4096;

    /// Precondition (checked): 1..kMaxBytes bytes. Cost: one page; ends the process when there is
    /// no memory.
    explicit KeyMemory(ByteView key);
    KeyMemory(KeyMemory&& other) noexcept;
    KeyMemory& operator=(KeyMemory&& other) noexcept;
    KeyMemory(const KeyMemory&) = delete;
    KeyMemory& operator=(const KeyMemory&) = delete;
    ~KeyMemory();

    [[nodiscard]] ByteView view() const { return bytes_; }
    [[nodiscard]] Protection protection() const { return protection_; }

  private:
    void release();

    std::span<std::uint8_t> bytes_;
    Protection protection_ = Protection::ordinary;
};

/// "secret", "locked", "ordinary".
[[nodiscard]] std::string_view protection_name(KeyMemory::Protection protection);

}  // namespace chatmcp::tee
