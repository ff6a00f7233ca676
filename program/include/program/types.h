#pragma once

// What the Solana program and its clients have in common. Freestanding: no library, no code beyond
// templates and constant expressions. All integers are little-endian.

#include <stdint.h>

namespace chatmcp::program {

/// An address: an Ed25519 public key, or one that belongs to a program.
struct Key {
    uint8_t bytes[32];
};

/// A SHA-256 digest.
struct Digest {
    uint8_t bytes[32];
};

/// A measurement of an enclave as its platform has it, up to 64 bytes; the rest is zero.
struct MeasurementDigest {
    uint8_t bytes[64];
};

/// Text in UTF-8 with zeros behind it.
struct Label {
    uint8_t bytes[32];
};

static_assert(sizeof(Key) == 32 && sizeof(Digest) == 32);
static_assert(sizeof(MeasurementDigest) == 64 && sizeof(Label) == 32);

/// CHAT has six decimals: amounts of it are millionths.
inline constexpr uint8_t kChatDecimals = 6;
inline constexpr uint64_t kChatUnits = 1'000'000;
/// One thousand million CHAT, all made at the beginning; there are never more.
inline constexpr uint64_t kChatSupply = 1'000'000'000 * kChatUnits;

/// What a cluster aims at, which slots are counted by.
inline constexpr uint64_t kSlotsPerSecondTimesTwo = 5;
inline constexpr uint64_t kSlotsPerDay = 86'400 * kSlotsPerSecondTimesTwo / 2;

}  // namespace chatmcp::program
