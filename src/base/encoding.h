#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

// Bytes, numbers and times as text. Every reader here is strict: a value has exactly one text, and
// every other text is refused, so that two texts never name one account, key or digest.

namespace chatmcp {

/// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] std::string to_hex(ByteView bytes);
/// Errors: malformed (BASE-01) odd length, or anything but 0-9 and a-f.
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);

/// Base64 with padding. Spec: RFC 4648 section 4.
[[nodiscard]] std::string to_base64(ByteView bytes);
/// Errors: malformed (BASE-02) alphabet, length or padding; not_canonical (BASE-03) bits set that
///         the last group does not use.
[[nodiscard]] Result<Bytes> from_base64(std::string_view text);

/// Base64 for addresses, without padding. Spec: RFC 4648 section 5.
[[nodiscard]] std::string to_base64url(ByteView bytes);
/// Errors: as from_base64; padding is malformed.
[[nodiscard]] Result<Bytes> from_base64url(std::string_view text);

/// Longest base58 text; its cost is quadratic. A signature of 64 bytes has at most 88.
inline constexpr std::size_t kBase58TextMaxBytes = 256;
/// And the longest value that can be written as one.
inline constexpr std::size_t kBase58ValueMaxBytes = 180;

/// Base58 in Bitcoin's alphabet, as Solana writes keys; each leading zero byte is one '1'.
/// Precondition (checked): at most kBase58ValueMaxBytes.
[[nodiscard]] std::string to_base58(ByteView bytes);
/// Errors: too_large (BASE-05); malformed (BASE-04) a character outside the alphabet.
[[nodiscard]] Result<Bytes> from_base58(std::string_view text);

/// Decimal digits, no sign and no leading zero.
[[nodiscard]] std::string to_decimal(std::uint64_t value);
/// Errors: malformed (BASE-06), a value above 2^64 - 1 included.
[[nodiscard]] Result<std::uint64_t> from_decimal(std::string_view text);

/// Last second that RFC 3339 can write: 9999-12-31T23:59:59Z.
inline constexpr std::int64_t kTimeTextMaxSeconds = 253'402'300'799;

/// "2026-11-22T18:01:42Z", with ".123" only where there are milliseconds. Spec: RFC 3339 section
/// 5.6, always UTC. Precondition (checked): from 1970 to kTimeTextMaxSeconds.
[[nodiscard]] std::string to_time_text(UnixMs at);
/// Errors: malformed (BASE-07) another shape, a day that no calendar has, a year before 1970, an
///         offset other than Z, a leap second.
[[nodiscard]] Result<UnixMs> from_time_text(std::string_view text);

}  // namespace chatmcp
