#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "chain/message.h"

namespace chatmcp::chain {

/// The account kClockSysvar. Spec: solana-clock, 40 bytes.
struct Clock {
    std::uint64_t slot = 0;
    std::int64_t epoch_start_unix_s = 0;
    std::uint64_t epoch = 0;
    std::uint64_t leader_schedule_epoch = 0;
    std::int64_t unix_s = 0;  // An estimate by the validators' stake.
};

/// Errors: those of Reader.
[[nodiscard]] Result<Clock> decode_clock(ByteView data);

/// A nonce account that is ready: its value stands in a message for a recent blockhash, until it is
/// advanced. Spec: solana-nonce, Versions::Current, 80 bytes.
struct Nonce {
    Address authority;
    Blockhash value{};
    std::uint64_t lamports_per_signature = 0;
};

/// Errors: wrong_key (CHN-69) an account of another program than the system's; malformed (CHN-70)
/// not
///         initialised, or of the old version; those of Reader.
[[nodiscard]] Result<Nonce> decode_nonce(const Address& program, ByteView data);

}  // namespace chatmcp::chain
