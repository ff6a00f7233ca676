#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::chain {

/// The name of an account on Solana: an Ed25519 public key, or a value that is none.
struct Address {
    static constexpr std::size_t kBytes = 32;
    static constexpr std::size_t kTextMaxBytes = 44;

    ByteArray<kBytes> bytes{};

    /// Errors: malformed (CHN-05) not the base58 of exactly 32 bytes.
    [[nodiscard]] static Result<Address> parse(std::string_view text);
    [[nodiscard]] std::string text() const;

    friend auto operator<=>(const Address& a, const Address& b) = default;
};

/// Which of two addresses, by their texts, stands first in a message. Any order is valid; this is
/// the one that @solana/kit has: letters before their case, lower case before upper.
[[nodiscard]] bool address_text_before(std::string_view a, std::string_view b);

inline constexpr std::size_t kSeedMaxBytes = 32;
/// With the bump, which is a seed too.
inline constexpr std::size_t kSeedsMax = 16;

using Seeds = std::span<const ByteView>;

/// The address that belongs to a program alone: SHA-256 of the seeds, the program and a marker, and
/// no point of Ed25519's curve.
///
/// Errors: too_large (CHN-06) a seed above kSeedMaxBytes; too_large (CHN-07) more than kSeedsMax;
///         invalid_argument (CHN-08) the result is a point: somebody might have its private key.
[[nodiscard]] Result<Address> create_program_address(Seeds seeds, const Address& program);

struct ProgramAddress {
    Address address;
    std::uint8_t bump = 0;  // The last seed, one byte.

    friend bool operator==(const ProgramAddress& a, const ProgramAddress& b) = default;
};

/// The first such address with a bump from 255 down to 1.
///
/// Errors: those of create_program_address without CHN-08. The program ends where no bump gives one
///         (chance 2^-255).
/// Cost:   two hashes and exponentiations in the mean.
[[nodiscard]] Result<ProgramAddress> find_program_address(Seeds seeds, const Address& program);
[[nodiscard]] Result<ProgramAddress> find_program_address(std::initializer_list<ByteView> seeds,
                                                          const Address& program);

/// Where a wallet's tokens of a mint are by convention. `token_program` is the mint's owner.
/// Spec: the associated token account program; seeds owner, token program, mint.
[[nodiscard]] ProgramAddress associated_token_address(const Address& owner,
                                                      const Address& token_program,
                                                      const Address& mint);

}  // namespace chatmcp::chain
