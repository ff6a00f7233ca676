#include "stamps/stamp_book.h"

#include <bit>

namespace chatmcp::stamps {

Result<void> StampBook::update(const StampsSeen& seen, UnixMs now) {
    auto next = std::make_shared<Page>();
    next->terms = {.scope = seen.scope, .params = seen.params};
    next->slot = seen.slot;
    next->seen_at = now;
    for (const program::Stamp& stamp : seen.stamps) {
        next->stamps.emplace(std::bit_cast<ByteArray<32>>(stamp.one_time_key), stamp);
    }
    const std::lock_guard lock(mutex_);
    if (page_ != nullptr && (page_->terms.scope.genesis_hash != seen.scope.genesis_hash ||
                             page_->terms.scope.program != seen.scope.program)) {
        return fail(Errc::wrong_domain, "STM-15");
    }
    // A node that fell behind does not bring back what was given back since.
    if (page_ == nullptr || page_->slot <= next->slot) {
        page_ = std::move(next);
    }
    return {};
}

Result<std::shared_ptr<const StampBook::Page>> StampBook::page(UnixMs now) const {
    const std::lock_guard lock(mutex_);
    if (page_ == nullptr || now.value - page_->seen_at.value > kFreshMs) {
        return fail(Errc::unavailable, "STM-10");
    }
    return page_;
}

Result<StampBook::Terms> StampBook::terms(UnixMs now) const {
    CHATMCP_TRY(const auto known, page(now));
    return known->terms;
}

Result<void> StampBook::check(const ByteArray<32>& one_time_key,
                              std::uint64_t price,
                              UnixMs now) const {
    CHATMCP_TRY(const auto known, page(now));
    const auto found = known->stamps.find(one_time_key);
    if (found == known->stamps.end()) {
        return fail(Errc::not_found, "STM-11");
    }
    const program::Stamp& stamp = found->second;
    if (stamp.status != program::StampStatus::open) {
        return fail(Errc::pass_required, "STM-12");
    }
    if (stamp.amount < price) {
        return fail(Errc::pass_required, "STM-13");
    }
    const std::uint64_t age_slots =
        known->slot > stamp.locked_slot ? known->slot - stamp.locked_slot : 0;
    if (age_slots > known->terms.params.stamp_admission_slots ||
        stamp.expires_slot <= known->slot) {
        return fail(Errc::pass_required, "STM-14");
    }
    return {};
}

Result<std::uint64_t> StampBook::rejected_last_day(std::span<const ByteArray<32>> one_time_keys,
                                                   UnixMs now) const {
    CHATMCP_TRY(const auto known, page(now));
    std::uint64_t count = 0;
    for (const ByteArray<32>& key : one_time_keys) {
        const auto found = known->stamps.find(key);
        if (found != known->stamps.end() &&
            found->second.status == program::StampStatus::rejected &&
            found->second.rejected_slot + program::kSlotsPerDay > known->slot) {
            ++count;
        }
    }
    return count;
}

}  // namespace chatmcp::stamps
