#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <unordered_map>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "wire/delivery.h"

namespace chatmcp::relay {

/// How often something may be done: `burst` times at once, and `per_hour` times an hour in the long
/// run. Both 0 would refuse everything; there is no value that means "without limit".
struct Rate {
    std::uint32_t burst = 0;
    std::uint32_t per_hour = 0;
};

/// What people who have not shown any right may do, counted by the source of their connection and
/// by whom they aim at. Members of a group are not limited here: their admission key is their
/// right.
struct Limits {
    Rate creates_per_source{.burst = 1000, .per_hour = 3600};
    Rate device_logs_per_source{.burst = 500, .per_hour = 1000};
    Rate logins_per_source{.burst = 1000, .per_hour = 7200};
    /// Signatures that did not verify, tokens and challenges that were not ours: a source that is
    /// over it is refused before any signature is checked.
    Rate refusals_per_source{.burst = 200, .per_hour = 3600};

    /// KiB of messages and bundles, a started one counts whole. Whoever may publish in a group may
    /// do so as often as he likes; this keeps one source from filling the disk with groups of its
    /// own.
    Rate published_kib_per_source{.burst = 2 * 1024 * 1024, .per_hour = 8 * 1024 * 1024};

    Rate claims_per_target{.burst = 200, .per_hour = 200};
    Rate claims_per_target_and_source{.burst = 60, .per_hour = 120};

    Rate inbox_sends_per_inbox{.burst = 500, .per_hour = 3600};
    Rate inbox_sends_per_inbox_and_source{.burst = 60, .per_hour = 240};

    /// Entries of assistants; each is put again every hour. New ones at a rate that does not fill
    /// the list (kAgentsMax) from one source within an entry's lifetime.
    Rate agent_entries_per_source{.burst = 200, .per_hour = 600};
    Rate new_agents_per_source{.burst = 40, .per_hour = 30};

    Rate welcomes_per_inbox{.burst = 500, .per_hour = 1000};
    Rate welcomes_per_inbox_and_source{.burst = 200, .per_hour = 400};
};

/// What one answer holds: so many things, and no further one once their values reach `bytes_max`.
/// At least one is given however large it is, or a reader could not go on.
struct Page {
    std::size_t items_max = 0;
    std::size_t bytes_max = 0;
};
inline constexpr std::size_t kReadBytesMax = std::size_t{1} << 20U;
/// What a stream holds ready beside what is queued for its reader.
inline constexpr Page kStreamPage{.items_max = wire::kReadLimitMax,
                                  .bytes_max = std::size_t{64} << 10U};

/// Buckets kept at once. About 120 bytes each, so a flood of invented sources costs 8 MB and no
/// more; the ones not used for longest are forgotten first.
inline constexpr std::size_t kRateBucketsMax = 65'536;

/// Token buckets by (kind, whom). Safe for concurrent calls; forgets everything at a restart.
class RateLimiter {
  public:
    enum class Kind : std::uint8_t {
        create_source,
        publish_source,
        device_log_source,
        login_source,
        refusal_source,
        claim_target,
        claim_target_source,
        send_inbox,
        send_inbox_source,
        welcome_inbox,
        welcome_inbox_source,
        agent_entry_source,
        new_agent_source,
    };

    explicit RateLimiter(std::size_t buckets_max = kRateBucketsMax);

    /// Takes `cost`; false, and takes nothing, if that is not left. `first` and `second` say whom
    /// it counts for.
    [[nodiscard]] bool take(Kind kind,
                            const Rate& rate,
                            ByteView first,
                            ByteView second,
                            UnixMs now,
                            std::uint32_t cost = 1);
    /// Whether take() would succeed, without taking.
    [[nodiscard]] bool has(
        Kind kind, const Rate& rate, ByteView first, ByteView second, UnixMs now);

    [[nodiscard]] std::size_t size() const;

  private:
    struct Bucket {
        ByteArray<16> key{};
        double left = 0;
        UnixMs filled_at;
    };
    struct KeyHash {
        std::size_t operator()(const ByteArray<16>& key) const;
    };

    Bucket& refilled(Kind kind, const Rate& rate, ByteView first, ByteView second, UnixMs now);

    const std::size_t buckets_max_;
    mutable std::mutex mutex_;
    std::list<Bucket> by_use_;  // Most recently used first.
    std::unordered_map<ByteArray<16>, std::list<Bucket>::iterator, KeyHash> by_key_;
};

}  // namespace chatmcp::relay
