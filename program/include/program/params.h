#pragma once

#include "program/types.h"

namespace chatmcp::program {

/// What governance may change, each within the bounds of `params_valid`.
struct Params {
    uint64_t chat_price_lamports;     // For one CHAT from the treasury.
    uint64_t stamp_price_min;         // Units of CHAT; no recipient's price is below it,
    uint64_t stamp_price_max;         // nor above it.
    uint64_t stamp_price_rejections;  // Rejected stamps of a day that add the price once more.
    uint64_t stamp_open_slots;       // How long a stamp can be answered before it may be reclaimed.
    uint64_t stamp_admission_slots;  // How long after its lock a relay takes a stamp.
    uint64_t stamp_submit_fee_lamports;  // For whoever brings an answer, from the stamp's rent.
    uint64_t stake_per_contact;  // Units staked for each first contact a day without a stamp.
    uint64_t stake_contacts_per_day_max;  // Whatever is staked.
    uint64_t unstake_delay_slots;         // From request_unstake to withdraw.
    uint64_t proposal_stake_min;          // Units staked by whoever proposes.
    uint64_t voting_slots;                // How long a proposal is voted on.
    uint64_t time_lock_slots;  // From the end of voting to execution, unless it takes away trust.
    uint64_t execution_slots;  // How long it can be executed from then on.
    uint64_t quorum_basis_points;  // Of all stake; as many have to vote at least.
    uint64_t pause_slots;          // How long a guardian's pause lasts; it cannot follow itself.
    uint64_t verdict_slots_max;  // A verdict on an enclave ends at most so long after it was given.
};
static_assert(sizeof(Params) == 17 * 8);

inline constexpr uint64_t kBasisPoints = 10'000;
inline constexpr uint64_t kTimeLockSlotsMin = 7 * kSlotsPerDay;
inline constexpr uint64_t kVotingSlotsMin = kSlotsPerDay;
/// No delay of any kind is longer: nothing can be locked for ever by a governed number.
inline constexpr uint64_t kDelaySlotsMax = 90 * kSlotsPerDay;
inline constexpr uint64_t kChatPriceLamportsMax = 10'000'000'000;
inline constexpr uint64_t kSubmitFeeLamportsMax = 500'000;
inline constexpr uint64_t kQuorumBasisPointsMin = 500;
/// No product of the price formula leaves 64 bits below this.
inline constexpr uint64_t kStampPriceMax = kChatSupply;

constexpr bool within(uint64_t value, uint64_t low, uint64_t high) {
    return value >= low && value <= high;
}

constexpr bool params_valid(const Params& params) {
    const bool prices = within(params.chat_price_lamports, 1, kChatPriceLamportsMax) &&
                        within(params.stamp_price_max, 1, kStampPriceMax) &&
                        within(params.stamp_price_min, 1, params.stamp_price_max) &&
                        within(params.stamp_price_rejections, 1, 1'000'000);
    const bool stamps = within(params.stamp_open_slots, kSlotsPerDay, kDelaySlotsMax) &&
                        within(params.stamp_admission_slots, 1, params.stamp_open_slots / 2) &&
                        params.stamp_submit_fee_lamports <= kSubmitFeeLamportsMax;
    const bool stakes = within(params.stake_per_contact, 1, kChatSupply) &&
                        within(params.stake_contacts_per_day_max, 0, 1'000'000) &&
                        within(params.unstake_delay_slots, 1, kDelaySlotsMax);
    const bool votes = within(params.proposal_stake_min, 1, kChatSupply / 100) &&
                       within(params.voting_slots, kVotingSlotsMin, kDelaySlotsMax) &&
                       within(params.time_lock_slots, kTimeLockSlotsMin, kDelaySlotsMax) &&
                       within(params.execution_slots, kSlotsPerDay, kDelaySlotsMax) &&
                       within(params.quorum_basis_points, kQuorumBasisPointsMin, kBasisPoints);
    return prices && stamps && stakes && votes &&
           within(params.pause_slots, 1, 14 * kSlotsPerDay) &&
           within(params.verdict_slots_max, 1, kDelaySlotsMax);
}

/// What a program begins with where whoever sets it up says nothing else.
inline constexpr Params kParamsAtFirst{.chat_price_lamports = 1'000'000,
                                       .stamp_price_min = kChatUnits,
                                       .stamp_price_max = 100 * kChatUnits,
                                       .stamp_price_rejections = 10,
                                       .stamp_open_slots = 14 * kSlotsPerDay,
                                       .stamp_admission_slots = kSlotsPerDay,
                                       .stamp_submit_fee_lamports = 15'000,
                                       .stake_per_contact = 10 * kChatUnits,
                                       .stake_contacts_per_day_max = 20,
                                       .unstake_delay_slots = kSlotsPerDay,
                                       .proposal_stake_min = 100 * kChatUnits,
                                       .voting_slots = 3 * kSlotsPerDay,
                                       .time_lock_slots = 7 * kSlotsPerDay,
                                       .execution_slots = 7 * kSlotsPerDay,
                                       .quorum_basis_points = 1'000,
                                       .pause_slots = kSlotsPerDay,
                                       .verdict_slots_max = 30 * kSlotsPerDay};
static_assert(params_valid(kParamsAtFirst));

/// Lamports for an amount of CHAT from the treasury, rounded up: no dust is free. At most 2^64 - 1
/// for an amount of at most kChatSupply.
constexpr uint64_t buy_lamports(const Params& params, uint64_t amount) {
    static_assert(kChatPriceLamportsMax < ~uint64_t{0} / (kChatSupply / kChatUnits) - 1);
    const uint64_t dust = amount % kChatUnits * params.chat_price_lamports;
    return amount / kChatUnits * params.chat_price_lamports + (dust + kChatUnits - 1) / kChatUnits;
}

/// What a stranger has to lock to write to a recipient, in units of CHAT: her own price, or the
/// least there is, once, and once more for every `stamp_price_rejections` stamps that she rejected
/// within a day, within the bounds. Open stamps do not count: nobody makes a recipient dear by
/// writing to her.
///
/// Cost: no overflow for params that are valid: 10^15 units times 10^12 would be the largest
/// product, hence the split.
constexpr uint64_t stamp_price(const Params& params,
                               uint64_t own_price,
                               uint64_t rejected_last_day) {
    const uint64_t base = own_price < params.stamp_price_min ? params.stamp_price_min : own_price;
    if (base >= params.stamp_price_max) {
        return params.stamp_price_max;
    }
    const uint64_t room = params.stamp_price_max - base;
    // base * rejected / step, without leaving 64 bits: what is above the room is cut anyway.
    const uint64_t whole = rejected_last_day / params.stamp_price_rejections;
    const uint64_t part = rejected_last_day % params.stamp_price_rejections;
    if (whole != 0 && base > room / whole) {
        return params.stamp_price_max;
    }
    const uint64_t more =
        base * whole + base / params.stamp_price_rejections * part +
        base % params.stamp_price_rejections * part / params.stamp_price_rejections;
    return more > room ? params.stamp_price_max : base + more;
}

/// First contacts a day that a stake allows without a stamp.
constexpr uint64_t stake_contacts_per_day(const Params& params, uint64_t staked) {
    const uint64_t contacts = staked / params.stake_per_contact;
    return contacts < params.stake_contacts_per_day_max ? contacts
                                                        : params.stake_contacts_per_day_max;
}

}  // namespace chatmcp::program
