#pragma once

#include <compare>
#include <cstdint>

namespace chatmcp {

/// Milliseconds since 1970-01-01T00:00:00Z. A type of its own, so that seconds cannot be passed by
/// mistake.
struct UnixMs {
    std::int64_t value = 0;

    friend auto operator<=>(const UnixMs&, const UnixMs&) = default;
    [[nodiscard]] UnixMs plus_ms(std::int64_t ms) const { return UnixMs{value + ms}; }
    [[nodiscard]] std::int64_t seconds() const { return value / 1000; }
};

inline constexpr std::int64_t kSecondMs = 1000;
inline constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
inline constexpr std::int64_t kHourMs = 60 * kMinuteMs;
inline constexpr std::int64_t kDayMs = 24 * kHourMs;

/// Time as an argument: the core never asks the system.
class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual UnixMs now() const = 0;

  protected:
    Clock() = default;
    Clock(const Clock&) = default;
    Clock& operator=(const Clock&) = default;
};

/// The system's clock, for programs.
class SystemClock final : public Clock {
  public:
    [[nodiscard]] UnixMs now() const override;
};

/// A clock that a test sets.
class FixedClock final : public Clock {
  public:
    explicit FixedClock(UnixMs at) : at_(at) {}
    [[nodiscard]] UnixMs now() const override { return at_; }
    void set(UnixMs at) { at_ = at; }

  private:
    UnixMs at_;
};

}  // namespace chatmcp
