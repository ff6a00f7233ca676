#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "chain/program_statement.h"
#include "program/accounts.h"

namespace chatmcp::stamps {

/// What a chain said about stamps when it was last asked, at a commitment that is not undone.
struct StampsSeen {
    chain::StatementScope scope;  // The cluster and program that it is about.
    std::uint64_t slot = 0;
    program::Params params{};
    std::vector<program::Stamp> stamps;  // All that there are: open, or rejected and not expired.
};

/// The stamps of one program on one cluster, for many readers and one that follows the chain. Known
/// for a while after the chain was last heard of, then not known: an old book would let in who has
/// his stamp back already.
///
/// Threads: safe for concurrent use.
class StampBook {
  public:
    /// So long after the last news the book counts.
    static constexpr std::int64_t kFreshMs = 60'000;

    /// Errors: wrong_domain (STM-15) about another cluster or program than the first time: nothing
    ///         is changed.
    [[nodiscard]] Result<void> update(const StampsSeen& seen, UnixMs now);

    struct Terms {
        chain::StatementScope scope;
        program::Params params{};
    };
    /// Errors: unavailable (STM-10) the chain was not heard of lately.
    [[nodiscard]] Result<Terms> terms(UnixMs now) const;

    /// The stamp under this key is locked with at least this price, and new enough that the
    /// recipient has time to answer.
    ///
    /// Errors: unavailable (STM-10); not_found (STM-11) none is known: not locked, not final yet,
    ///         or given back; pass_required (STM-12) rejected already, (STM-13) less than the
    ///         price, (STM-14) locked too long ago.
    /// Cost:   one look into a map.
    [[nodiscard]] Result<void> check(const ByteArray<32>& one_time_key,
                                     std::uint64_t price,
                                     UnixMs now) const;

    /// How many of these were rejected within the last day.
    ///
    /// Errors: unavailable (STM-10).
    [[nodiscard]] Result<std::uint64_t> rejected_last_day(
        std::span<const ByteArray<32>> one_time_keys, UnixMs now) const;

  private:
    struct Page {
        Terms terms;
        std::uint64_t slot = 0;
        std::map<ByteArray<32>, program::Stamp> stamps;
        UnixMs seen_at;
    };
    [[nodiscard]] Result<std::shared_ptr<const Page>> page(UnixMs now) const;

    mutable std::mutex mutex_;
    std::shared_ptr<const Page> page_;
};

}  // namespace chatmcp::stamps
