#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::identity {

/// Genesis references of Solana's public clusters in CAIP-2 form (first 32 characters of the
/// genesis hash).
inline constexpr std::string_view kSolanaMainnet = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp";
inline constexpr std::string_view kSolanaDevnet = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1";
inline constexpr std::string_view kSolanaTestnet = "4uhcVJyU9pJkvQyS88uRDiswHScCkQQJ";

/// An account on some chain, written namespace:reference:address. Spec: CAIP-10; only `solana` is
/// understood by now. An account has exactly one text, so texts may be compared.
class Caip10 {
  public:
    static constexpr std::size_t kTextMaxBytes = 128;

    /// No account: an empty text that parse would refuse.
    Caip10() = default;
    /// Errors: malformed (ID-01) not three parts, or a reference that is not 32 base58 characters;
    ///         unsupported (ID-02) another namespace; not_canonical (ID-03) an address that is not
    ///         base58 of 32 bytes.
    [[nodiscard]] static Result<Caip10> parse(std::string_view text);
    /// A bare Solana address (as users type it) on mainnet.
    [[nodiscard]] static Result<Caip10> from_solana_address(std::string_view base58_address);
    [[nodiscard]] static Caip10 from_solana_key(const ByteArray<32>& public_key);

    [[nodiscard]] const std::string& text() const { return text_; }
    /// The last part: on Solana the wallet's address.
    [[nodiscard]] std::string_view address() const;
    /// The middle part: on Solana the first 32 characters of the genesis hash.
    [[nodiscard]] std::string_view reference() const;
    /// The wallet's public key, 32 bytes.
    [[nodiscard]] const ByteArray<32>& public_key() const { return public_key_; }

    friend auto operator<=>(const Caip10& a, const Caip10& b) { return a.text_ <=> b.text_; }
    friend bool operator==(const Caip10& a, const Caip10& b) { return a.text_ == b.text_; }

  private:
    std::string text_;
    ByteArray<32> public_key_{};
};

}  // namespace chatmcp::identity
