#include "relay/limits.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "crypto/hash.h"

namespace chatmcp::relay {
namespace {

constexpr std::size_t kBucketKeyBytes = 16;

// Hashed, so that a bucket costs the same whatever the source is called, and (kind, first, second)
// never run into each other.
ByteArray<kBucketKeyBytes> bucket_key(RateLimiter::Kind kind, ByteView first, ByteView second) {
    const ByteArray<2> front = {
        static_cast<std::uint8_t>(kind),
        static_cast<std::uint8_t>(std::min<std::size_t>(first.size(), 255))};
    const auto digest = crypto::sha256({front, first, second});
    return to_array<kBucketKeyBytes>(ByteView(digest).first(kBucketKeyBytes));
}

}  // namespace

std::size_t RateLimiter::KeyHash::operator()(const ByteArray<16>& key) const {
    std::size_t out = 0;
    std::memcpy(&out, key.data(), sizeof(out));  // Uniform already.
    return out;
}

RateLimiter::RateLimiter(std::size_t buckets_max) : buckets_max_(buckets_max) {}

RateLimiter::Bucket& RateLimiter::refilled(
    Kind kind, const Rate& rate, ByteView first, ByteView second, UnixMs now) {
    const auto key = bucket_key(kind, first, second);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) {
        if (by_key_.size() >= buckets_max_) {
            by_key_.erase(by_use_.back().key);
            by_use_.pop_back();
        }
        by_use_.push_front({.key = key, .left = static_cast<double>(rate.burst), .filled_at = now});
        by_key_.emplace(key, by_use_.begin());
        return by_use_.front();
    }
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    Bucket& bucket = by_use_.front();
    // A clock that was set back gives nothing and takes nothing.
    const auto passed_ms = std::max<std::int64_t>(0, now.value - bucket.filled_at.value);
    const double gained =
        static_cast<double>(passed_ms) * rate.per_hour / static_cast<double>(kHourMs);
    bucket.left = std::min(static_cast<double>(rate.burst), bucket.left + gained);
    bucket.filled_at = now;
    return bucket;
}

bool RateLimiter::take(
    Kind kind, const Rate& rate, ByteView first, ByteView second, UnixMs now, std::uint32_t cost) {
    const std::lock_guard lock(mutex_);
    Bucket& bucket = refilled(kind, rate, first, second, now);
    if (bucket.left < cost) {
        return false;
    }
    bucket.left -= cost;
    return true;
}

bool RateLimiter::has(Kind kind, const Rate& rate, ByteView first, ByteView second, UnixMs now) {
    const std::lock_guard lock(mutex_);
    return refilled(kind, rate, first, second, now).left >= 1;
}

std::size_t RateLimiter::size() const {
    const std::lock_guard lock(mutex_);
    return by_key_.size();
}

}  // namespace chatmcp::relay
