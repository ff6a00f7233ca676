#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/tls.h"

namespace chatmcp::wire {

/// Who may write to somebody for the first time: whoever has a delivery token of hers, and whoever
/// locked a stamp for her. Who is neither is told her terms.

inline constexpr std::size_t kDeliveryTokenBytes = 32;
inline constexpr std::size_t kDeliveryTokensMax = 1'000;  // Of one inbox.
inline constexpr std::size_t kPassMaxBytes = 65;
inline constexpr std::size_t kInboxPolicyMaxBytes = 64 + kDeliveryTokensMax * 32;
inline constexpr std::size_t kStampTermsMaxBytes = 128;

/// A secret that the owner of an inbox gave to a contact inside a conversation.
struct DeliveryToken {
    ByteArray<kDeliveryTokenBytes> token{};
    friend bool operator==(const DeliveryToken&, const DeliveryToken&) = default;
};

/// A stamp that was locked under stamps::one_time_key of this salt, the inbox and the welcome.
struct StampPass {
    ByteArray<32> salt{};
    ByteArray<32> one_time_key{};
    friend bool operator==(const StampPass&, const StampPass&) = default;
};

/// What a welcome comes with.
///
/// Wire:  uint8 kind; token 1: opaque token[32]; stamp 2: opaque salt[32]; opaque one_time_key[32].
struct Pass {
    std::variant<DeliveryToken, StampPass> value;

    /// Errors: those of Reader; invalid_argument (DEL-07) a kind that does not exist.
    static Result<Pass> read(Reader& reader);
    void write(Writer& writer) const;
    friend bool operator==(const Pass&, const Pass&) = default;
};

/// What the owner of an inbox asks of strangers. As long as there is none, every welcome is taken.
///
/// Wire:  opaque stamp_key[32]; uint64 own_price; { opaque digest[32] } token_digests<V>.
struct InboxPolicy {
    ByteArray<32> stamp_key{};                 // stamps::check_stamp_key holds.
    std::uint64_t own_price = 0;               // Units of CHAT; the chain's bounds are around it.
    std::vector<ByteArray<32>> token_digests;  // SHA-256 of the tokens that are good.

    /// Errors: those of Reader, above kDeliveryTokensMax tokens too.
    static Result<InboxPolicy> read(Reader& reader);
    void write(Writer& writer) const;
    friend bool operator==(const InboxPolicy&, const InboxPolicy&) = default;
};

/// What a stranger has to lock, and where.
///
/// Wire:  opaque genesis_hash[32]; opaque program[32]; opaque stamp_key[32]; uint64 price.
struct StampTerms {
    ByteArray<32> genesis_hash{};
    ByteArray<32> program{};
    ByteArray<32> stamp_key{};
    std::uint64_t price = 0;  // Units of CHAT, now.

    static Result<StampTerms> read(Reader& reader);
    void write(Writer& writer) const;
    friend bool operator==(const StampTerms&, const StampTerms&) = default;
};

}  // namespace chatmcp::wire
