#include "relay/first_contact.h"

#include <algorithm>
#include <optional>

#include "crypto/hash.h"
#include "stamps/one_time_key.h"
#include "stamps/stamp_book.h"

namespace chatmcp::relay {
namespace {

// No stamp lasts longer (program::kDelaySlotsMax), also where slots are slow.
constexpr std::int64_t kRememberedMs = 120 * kDayMs;

Result<FirstContactState> decode_state(const std::optional<store::Head>& head) {
    return head.has_value() ? decode_record<FirstContactState>(head->state) : FirstContactState{};
}

std::vector<ByteArray<32>> keys_of(const std::vector<UsedStamp>& used) {
    std::vector<ByteArray<32>> out;
    out.reserve(used.size());
    for (const UsedStamp& stamp : used) {
        out.push_back(stamp.one_time_key);
    }
    return out;
}

// The list with this stamp in it. Errors: already_exists (RLY-44); resource_exhausted (RLY-45).
Result<void> remember(std::vector<UsedStamp>& used, const UsedStamp& stamp) {
    std::erase_if(used, [&stamp](const UsedStamp& each) {
        return stamp.used_at.value - each.used_at.value > kRememberedMs;
    });
    const auto before = std::ranges::find(used, stamp.one_time_key, &UsedStamp::one_time_key);
    if (before != used.end()) {
        return before->bundle == stamp.bundle ? Result<void>{}
                                              : fail(Errc::already_exists, "RLY-44");
    }
    if (used.size() >= FirstContactState::kUsedMax) {
        return fail(Errc::resource_exhausted, "RLY-45");
    }
    used.push_back(stamp);
    return {};
}

}  // namespace

Result<FirstContactState> FirstContact::state_of(const wire::InboxId& inbox) const {
    CHATMCP_TRY(const auto head, context_.store.head(first_contact_partition(inbox)));
    return decode_state(head);
}

Result<wire::SetInboxPolicy::Reply> FirstContact::set_policy(
    const wire::InboxId& inbox, const std::optional<wire::InboxPolicy>& policy) const {
    if (policy.has_value()) {
        CHATMCP_TRY_VOID(stamps::check_stamp_key(policy->stamp_key));
    }
    const auto decide = [&policy](const std::optional<store::Head>& head) -> Result<store::Change> {
        CHATMCP_TRY(FirstContactState state, decode_state(head));
        state.policy = policy;
        store::Change change;
        change.state = wire::encode(state);
        return change;
    };
    CHATMCP_TRY_VOID(context_.store.update(
        first_contact_partition(inbox), std::nullopt, context_.clock.now(), decide));
    return wire::SetInboxPolicy::Reply{};
}

Result<std::uint64_t> FirstContact::price(const FirstContactState& state, UnixMs now) const {
    const stamps::StampBook& book = *context_.options.stamp_book;
    CHATMCP_TRY(const stamps::StampBook::Terms terms, book.terms(now));
    CHATMCP_TRY(const std::uint64_t rejected, book.rejected_last_day(keys_of(state.used), now));
    const std::uint64_t own_price = state.policy.has_value() ? state.policy->own_price : 0;
    return program::stamp_price(terms.params, own_price, rejected);
}

Result<wire::GetStampTerms::Reply> FirstContact::terms(const wire::InboxId& inbox) const {
    CHATMCP_TRY(const FirstContactState state, state_of(inbox));
    wire::GetStampTerms::Reply reply;
    if (context_.options.stamp_book == nullptr || !state.policy.has_value()) {
        return reply;
    }
    const UnixMs now = context_.clock.now();
    CHATMCP_TRY(const stamps::StampBook::Terms terms, context_.options.stamp_book->terms(now));
    CHATMCP_TRY(const std::uint64_t now_price, price(state, now));
    reply.terms = wire::StampTerms{.genesis_hash = terms.scope.genesis_hash,
                                   .program = terms.scope.program.bytes,
                                   .stamp_key = state.policy->stamp_key,
                                   .price = now_price};
    return reply;
}

Result<void> FirstContact::admit(const wire::WelcomeDelivery& delivery,
                                 const ByteArray<32>& bundle) const {
    if (context_.options.stamp_book == nullptr) {
        return {};
    }
    CHATMCP_TRY(const FirstContactState state, state_of(delivery.inbox));
    if (!state.policy.has_value()) {
        return {};
    }
    if (!delivery.pass.has_value()) {
        return fail(Errc::pass_required, "RLY-41");
    }
    if (const auto* const stamp = std::get_if<wire::StampPass>(&delivery.pass->value)) {
        CHATMCP_TRY_VOID(check_stamp(delivery, *stamp, state));
        return take(delivery.inbox,
                    {.one_time_key = stamp->one_time_key,
                     .bundle = bundle,
                     .used_at = context_.clock.now()});
    }
    const auto* const token = std::get_if<wire::DeliveryToken>(&delivery.pass->value);
    const crypto::Sha256Digest digest = crypto::sha256(token->token);
    // Digests of random tokens: whoever finds one by timing has not found its token.
    if (std::ranges::find(state.policy->token_digests, digest) ==
        state.policy->token_digests.end()) {
        return fail(Errc::pass_required, "RLY-42");
    }
    return {};
}

Result<void> FirstContact::check_stamp(const wire::WelcomeDelivery& delivery,
                                       const wire::StampPass& pass,
                                       const FirstContactState& state) const {
    const UnixMs now = context_.clock.now();
    CHATMCP_TRY(const std::uint64_t now_price, price(state, now));
    CHATMCP_TRY_VOID(context_.options.stamp_book->check(pass.one_time_key, now_price, now));
    const stamps::StampKey stamp_key =
        state.policy.has_value() ? state.policy->stamp_key : stamps::StampKey{};
    CHATMCP_TRY(const stamps::StampKey expected,
                stamps::one_time_key(stamp_key,
                                     {.salt = pass.salt,
                                      .inbox = delivery.inbox,
                                      .welcome_digest = crypto::sha256(delivery.welcome)}));
    return expected == pass.one_time_key ? Result<void>{} : fail(Errc::wrong_key, "RLY-43");
}

Result<void> FirstContact::take(const wire::InboxId& inbox, const UsedStamp& stamp) const {
    const auto decide = [&stamp](const std::optional<store::Head>& head) -> Result<store::Change> {
        CHATMCP_TRY(FirstContactState state, decode_state(head));
        CHATMCP_TRY_VOID(remember(state.used, stamp));
        store::Change change;
        change.state = wire::encode(state);
        return change;
    };
    CHATMCP_TRY_VOID(
        context_.store.update(first_contact_partition(inbox), std::nullopt, stamp.used_at, decide));
    return {};
}

}  // namespace chatmcp::relay
