#include "client/commit_intents.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "client/account.h"
#include "client/admission.h"
#include "client/conversation.h"
#include "client/first_contact.h"
#include "client/intents.h"
#include "client/readd.h"
#include "client/sync.h"

namespace chatmcp::client {
namespace {

// While another process carries a commit of this group, its intents wait and look again.
constexpr std::int64_t kOtherCommitMs = 200;
// The own leaf is renewed while its delegation has this long to live.
constexpr std::int64_t kRotateBeforeMs = 30 * kDayMs;

// An expired leaf gets no new messages after 30 days (DESIGN 4).
constexpr std::int64_t kExpiredLeafMs = 30 * kDayMs;

// A Welcome beside its tree: group secrets, context, signature.
constexpr std::size_t kWelcomeOwnBytes = 4096;

// What is left to do of an intent in the group as it is: a plan, or nothing any more.
struct Wish {
    std::optional<mls::Plan> plan;
    std::optional<Error> refused;  // Without a plan: why; otherwise it is done already.
};

bool only_removes(IntentKind kind) {
    switch (kind) {
        case IntentKind::remove_member:
        case IntentKind::commit_proposals:
        case IntentKind::revoke_assistant:
        case IntentKind::remove_agent:
        case IntentKind::remove_outsider:
        case IntentKind::remove_expired:
            return true;
        default:
            return false;
    }
}

// Every Welcome carries the whole tree, so the more are added at once the larger each of them is:
// as many as their bundle has room for, and the rest in commits of their own.
bool has_room(const Step& step, std::size_t tree_bytes, std::size_t welcomes) {
    return welcomes == 0 ||
           (tree_bytes + kWelcomeOwnBytes) * (welcomes + 1) <= step.runtime.welcomes_bytes_max;
}

Result<Wish> wish_to_add(Step& step, IntentRow& intent, const mls::Group& group) {
    CHATMCP_TRY(CommitBody body, commit_body(intent));
    mls::Plan plan;
    std::size_t tree_bytes = group.ratchet_tree().size();
    for (InviteeRow& invitee : body.invitees) {
        if (invitee.key_package.empty() || invitee.added) {
            continue;
        }
        CHATMCP_TRY(const auto present, leaves_of(group.view(), invitee.account));
        if (!present.empty()) {
            invitee.reason = ReasonRow{Errc::already_exists, "CLT-46"};
            continue;
        }
        tree_bytes += invitee.key_package.size();
        const bool full = body.one_at_a_time && !plan.add.empty();
        if (full || !has_room(step, tree_bytes, plan.add.size())) {
            break;
        }
        plan.add.push_back(invitee.key_package);
    }
    CHATMCP_TRY_VOID(save_commit_body(step, intent, body));
    if (plan.add.empty()) {
        // A duty is done when somebody else did it, and so is what is left of a wish that had to be
        // divided; else the wish was for nobody.
        if (intent.kind == IntentKind::admit_agreed ||
            std::ranges::any_of(body.invitees, &InviteeRow::added)) {
            return Wish{};
        }
        return Wish{std::nullopt, Error{Errc::not_found, "CLT-44"}};
    }
    return Wish{std::move(plan), std::nullopt};
}

Result<Wish> wish_to_remove(const IntentRow& intent,
                            const mls::GroupView& view,
                            const std::string& account) {
    CHATMCP_TRY(const auto leaves, leaves_of(view, account));
    if (leaves.empty()) {
        const bool gone_meanwhile =
            intent.kind != IntentKind::remove_member || intent.carried_at.value != 0;
        return gone_meanwhile ? Wish{} : Wish{std::nullopt, Error{Errc::not_member, "CLT-45"}};
    }
    mls::Plan plan;
    plan.remove = leaves;
    return Wish{std::move(plan), std::nullopt};
}

Result<Wish> wish_to_remove_agent(const mls::GroupView& view) {
    mls::Plan plan;
    for (const mls::LeafView& leaf : view.members()) {
        CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
        if (who.agent) {
            plan.remove.push_back(leaf.index);
        }
    }
    return plan.remove.empty() ? Wish{} : Wish{std::move(plan), std::nullopt};
}

// By two clocks, so that one that is wrong puts nobody out.
bool expired_long_ago(const Step& step, const ChatRow& chat, UnixMs not_after) {
    return not_after.plus_ms(kExpiredLeafMs) < std::min(step.now, chat.relay_time());
}

Result<Wish> wish_to_remove_expired(const Step& step,
                                    const ChatRow& chat,
                                    const mls::GroupView& view) {
    mls::Plan plan;
    for (const mls::LeafView& leaf : view.members()) {
        CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
        if (leaf.index != view.own_index() && who.device.has_value() &&
            expired_long_ago(step, chat, who.device->delegation.not_after)) {
            plan.remove.push_back(leaf.index);
        }
    }
    return plan.remove.empty() ? Wish{} : Wish{std::move(plan), std::nullopt};
}

Result<Wish> wish_to_remove_outsider(Step& step,
                                     const IntentRow& intent,
                                     const ChatRow& companion,
                                     const mls::GroupView& view) {
    CHATMCP_TRY(const CommitBody body, commit_body(intent));
    CHATMCP_TRY(const ChatId outer_id, recorded(companion.companion_of));
    CHATMCP_TRY(const ChatRow outer, step.home.known_chat(outer_id));
    if (!outer.following()) {
        return Wish{};
    }
    CHATMCP_TRY(mls::Group * conversation, step.group(outer_id));
    CHATMCP_TRY(const auto present, leaves_of(conversation->view(), body.remove_account));
    return present.empty() ? wish_to_remove(intent, view, body.remove_account) : Wish{};
}

Result<Wish> wish_to_add_agent(const IntentRow& intent, const mls::GroupView& view) {
    CHATMCP_TRY(Wish present, wish_to_remove_agent(view));
    if (present.plan.has_value()) {
        return Wish{};
    }
    CHATMCP_TRY(const CommitBody body, commit_body(intent));
    mls::Plan plan;
    for (const InviteeRow& invitee : body.invitees) {
        plan.add.push_back(invitee.key_package);
    }
    return Wish{std::move(plan), std::nullopt};
}

Result<Wish> wish_of(Step& step, IntentRow& intent, const ChatRow& chat) {
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    const mls::GroupView& view = group->view();
    switch (intent.kind) {
        case IntentKind::create_chat:
        case IntentKind::add_members:
        case IntentKind::admit_agreed:
            return wish_to_add(step, intent, *group);
        case IntentKind::remove_outsider:
            return wish_to_remove_outsider(step, intent, chat, view);
        case IntentKind::remove_member: {
            CHATMCP_TRY(const CommitBody body, commit_body(intent));
            return wish_to_remove(intent, view, body.remove_account);
        }
        case IntentKind::revoke_assistant:
        case IntentKind::remove_agent:
            return wish_to_remove_agent(view);
        case IntentKind::remove_expired:
            return wish_to_remove_expired(step, chat, view);
        case IntentKind::commit_proposals:
            return chat.leaving.empty() ? Wish{} : Wish{mls::Plan{}, std::nullopt};
        case IntentKind::rotate_leaf: {
            mls::Plan plan;
            plan.force_path = true;
            return Wish{std::move(plan), std::nullopt};
        }
        case IntentKind::invite_assistant:
            return wish_to_add_agent(intent, view);
        case IntentKind::readd_member: {
            CHATMCP_TRY(auto plan, plan_readd(step, intent, view));
            return Wish{std::move(plan), std::nullopt};
        }
        default:
            return fail(Errc::storage_corrupt, "CLT-07");  // Not a kind that commits.
    }
}

}  // namespace

Result<void> progress_commit(Step& step, IntentRow& intent) {
    CHATMCP_TRY(const ChatId id, recorded(intent.chat));
    CHATMCP_TRY(ChatRow chat, step.home.known_chat(id));
    if (awaits_repair(chat)) {
        return wait_because(step, intent, Reason{Errc::permission_denied, "CLT-15"});
    }
    if (!chat.following() || chat.state == ChatState::leaving || chat.state == ChatState::request) {
        return refuse(step, intent, Error{Errc::permission_denied, "CLT-15"});
    }
    if (chat.staged.has_value()) {
        if (chat.staged->intent != intent.id) {
            CHATMCP_TRY(const bool waits_for_money, awaits_stamps(step, chat));
            if (!waits_for_money) {
                step.wake_at(step.now.plus_ms(kOtherCommitMs));
                return {};
            }
            // What needs no money goes first; the other one is planned again.
            CHATMCP_TRY_VOID(discard_staged(step, chat));
        }
    }
    if (chat.staged.has_value()) {
        if (intent.position.has_value()) {
            want_sync(step, chat.id);  // Accepted; the topic itself confirms it.
            return {};
        }
        return carry_bundle(step, intent, chat);
    }
    if (!chat.distrusted.empty() && !only_removes(intent.kind)) {
        return wait_because(step, intent, Reason{Errc::refused_by_policy, "CLT-16"});
    }
    if (step.now.value < intent.not_before.value) {
        step.wake_at(intent.not_before);
        return {};
    }
    intent.position.reset();
    CHATMCP_TRY(Wish wish, wish_of(step, intent, chat));
    if (!wish.plan.has_value()) {
        return wish.refused.has_value() ? refuse(step, intent, *wish.refused)
                                        : deliver(step, intent);
    }
    return stage_commit(step, intent, chat, *std::move(wish.plan));
}

Result<void> commit_replied(Step& step,
                            IntentRow& intent,
                            const wire::PublishBundle::Reply& reply) {
    CHATMCP_TRY(const ChatId id, recorded(intent.chat));
    CHATMCP_TRY(ChatRow chat, step.home.known_chat(id));
    if (!chat.staged.has_value() || chat.staged->intent != intent.id) {
        return {};  // The topic was faster.
    }
    CHATMCP_TRY(const auto bundle, step.home.get<BundleRow>(bundle_key(chat.id)));
    if (!bundle.has_value()) {
        return fail(Errc::storage_corrupt, "CLT-07");
    }
    const wire::Acceptance& acceptance = reply.acceptance;
    const auto verified = verify_acceptance(acceptance,
                                            topic_address(chat.relay_key, chat.id),
                                            bundle->epoch,
                                            bundle->commit,
                                            acceptance.sequence);
    if (!verified.has_value()) {
        step.misbehaviour(chat.id, acceptance.sequence, verified.error());
        step.retry_later(intent_task(intent.id), Reason::from(verified.error()));
        return {};
    }
    chat.known_end = std::max(chat.known_end, acceptance.sequence);
    CHATMCP_TRY_VOID(step.home.save(chat));
    intent.position = acceptance.sequence;
    want_sync(step, chat.id);
    return step.home.save(intent);
}

Result<bool> somebody_left_to_add(Step& step, IntentRow& intent) {
    CHATMCP_TRY(CommitBody body, commit_body(intent));
    CHATMCP_TRY(const ChatId id, recorded(intent.chat));
    CHATMCP_TRY(mls::Group * group, step.group(id));
    bool left = false;
    for (InviteeRow& invitee : body.invitees) {
        if (invitee.key_package.empty() || invitee.added || invitee.reason.has_value()) {
            continue;
        }
        CHATMCP_TRY(const auto present, leaves_of(group->view(), invitee.account));
        invitee.added = !present.empty();
        left = left || !invitee.added;
    }
    intent.position.reset();
    CHATMCP_TRY_VOID(save_commit_body(step, intent, body));
    return left;
}

// ---- Duties ----

namespace {

Result<void> start_duty(Step& step, IntentKind kind, const ChatId& chat, UnixMs not_before) {
    CHATMCP_TRY(const bool there, has_duty(step, kind, chat));
    if (there) {
        return {};
    }
    CHATMCP_TRY(IntentRow duty, new_intent(step, kind, chat));
    duty.not_before = not_before;
    return save_commit_body(step, duty, CommitBody{});
}

}  // namespace

Result<void> start_chat_duties(Step& step, const ChatRow& chat) {
    if (chat.state != ChatState::active) {
        return {};
    }
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    const auto own = group->view().member(group->view().own_index());
    if (!own.has_value()) {
        return {};
    }
    const UnixMs turn = own_turn(step, group->view());
    if (!chat.leaving.empty()) {
        CHATMCP_TRY_VOID(start_duty(step, IntentKind::commit_proposals, chat.id, turn));
    }
    CHATMCP_TRY(const LeafIdentity who, identity_of(*own));
    CHATMCP_CHECK(who.device.has_value());  // No agent runs this client.
    if (who.device->delegation.not_after.value - step.now.value < kRotateBeforeMs) {
        CHATMCP_TRY_VOID(start_duty(step, IntentKind::rotate_leaf, chat.id, step.now));
    }
    CHATMCP_TRY(const People* people, step.people(chat.id));
    if (people->first_expiry.has_value() && expired_long_ago(step, chat, *people->first_expiry)) {
        CHATMCP_TRY(const bool admin, is_admin(group->view(), who));
        if (admin) {
            CHATMCP_TRY_VOID(start_duty(step, IntentKind::remove_expired, chat.id, turn));
        }
    }
    return {};
}

}  // namespace chatmcp::client
