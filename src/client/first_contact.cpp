#include "client/first_contact.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "client/account.h"
#include "client/chat_intents.h"
#include "client/conversation.h"
#include "client/home.h"
#include "client/inbox_policy.h"
#include "client/intents.h"
#include "crypto/hash.h"
#include "identity/device_log.h"

namespace chatmcp::client {
namespace {

/// A stamp that is locked and not final yet is looked for again so often.
constexpr std::int64_t kFinalityPollMs = kSecondMs;
/// A commit that wants a token, in a duty that pays for nothing, is made again after so long.
constexpr std::int64_t kNoTokenWaitMs = kMinuteMs;
/// What we did not pay for is not kept for ever.
constexpr std::int64_t kUnpaidKeptMs = 30 * kDayMs;
constexpr std::size_t kTermsAtOnceMax = 16;

Bytes sent_key(const ByteArray<32>& salt) {
    return home_key("stamps-out/", {}, crypto::sha256(salt));
}
Bytes received_key(const ByteArray<32>& one_time_key) {
    return home_key("stamps-in/", {}, crypto::sha256(one_time_key));
}

const wire::StampPass* stamp_of(const std::optional<wire::Pass>& pass) {
    return pass.has_value() ? std::get_if<wire::StampPass>(&pass->value) : nullptr;
}
const wire::DeliveryToken* token_of(const std::optional<wire::Pass>& pass) {
    return pass.has_value() ? std::get_if<wire::DeliveryToken>(&pass->value) : nullptr;
}
bool is_unpaid(const std::optional<wire::Pass>& pass) {
    const wire::StampPass* const stamp = stamp_of(pass);
    return stamp != nullptr && stamp->one_time_key == ByteArray<32>{};
}

bool is_invitation(IntentKind kind) {
    return kind == IntentKind::create_chat || kind == IntentKind::add_members;
}

Result<wire::StampPass> want_stamp(Step& step,
                                   const IntentRow& intent,
                                   const wire::WelcomeDelivery& welcome,
                                   const std::string& account,
                                   const wire::StampTerms& terms) {
    const SentStamp stamp{.intent = IntentId{intent.id},
                          .account = account,
                          .inbox = welcome.inbox,
                          .terms = terms,
                          .salt = step.random().array<32>(),
                          .welcome_digest = crypto::sha256(welcome.welcome),
                          .one_time_key = std::nullopt,
                          .state = SentStampState::wanted,
                          .made_at = step.now};
    CHATMCP_TRY_VOID(step.home.put(sent_key(stamp.salt), stamp));
    return wire::StampPass{.salt = stamp.salt, .one_time_key = {}};
}

Result<BundleRow> staged_bundle(Step& step, const ChatId& chat) {
    CHATMCP_TRY(auto row, step.home.get<BundleRow>(bundle_key(chat)));
    return recorded(std::move(row));
}

// Whose token was it? With one in the bundle that is known; with several they go one by one.
Result<void> name_bad_token(Step& step, CommitBody& body, const BundleRow& bundle) {
    const auto tokens = std::ranges::count_if(
        bundle.passes, [](const auto& pass) { return token_of(pass) != nullptr; });
    if (tokens > 1) {
        body.one_at_a_time = true;
        return {};
    }
    for (std::size_t i = 0; i < bundle.passes.size(); ++i) {
        if (const wire::DeliveryToken* const token = token_of(bundle.passes[i])) {
            CHATMCP_TRY_VOID(drop_held_token(step, bundle.welcomes[i].inbox, *token));
        }
    }
    return {};
}

// Everybody in the bundle without a pass, or with a stamp that is no good: to be asked.
Result<void> note_strangers(Step& step, CommitBody& body, const BundleRow& bundle) {
    for (const InviteeRow& invitee : body.invitees) {
        if (!invitee.root_key.has_value()) {
            continue;
        }
        const wire::InboxId inbox = identity::inbox_id(*invitee.root_key);
        const auto welcome =
            std::ranges::find(bundle.welcomes, inbox, &BundleRow::WelcomeRow::inbox);
        CHATMCP_TRY(const auto token, held_token(step, inbox));
        if (welcome == bundle.welcomes.end() || token.has_value()) {
            continue;
        }
        std::erase_if(body.strangers, [&](const StrangerRow& row) { return row.inbox == inbox; });
        body.strangers.push_back({invitee.account, inbox, false, std::nullopt});
    }
    return {};
}

// This process goes on with it, and tells how it ends.
void resume(Step& step, const IntentRow& intent) {
    step.runtime.own_intents.insert(intent.id);
    step.runtime.untold.insert(intent.id);
    step.effects.intent = IntentId{intent.id};
}

// A duty has no wallet: it waits until the token is there.
Result<void> wait_for_token(Step& step, IntentRow& intent, ChatRow& chat, const Reason& reason) {
    CHATMCP_TRY_VOID(discard_staged(step, chat));
    intent.not_before = step.now.plus_ms(kNoTokenWaitMs);
    step.wake_at(intent.not_before);
    return wait_because(step, intent, reason);
}

Result<void> invite_again(Step& step, IntentRow& intent, ChatRow& chat, const Reason& reason) {
    CHATMCP_TRY(const BundleRow bundle, staged_bundle(step, chat.id));
    CHATMCP_TRY(CommitBody body, commit_body(intent));
    if (reason.check == "RLY-42") {
        CHATMCP_TRY_VOID(name_bad_token(step, body, bundle));
    }
    // The relay says one thing and then the other: not in a hurry.
    if (!body.strangers.empty()) {
        intent.not_before = step.now.plus_ms(kFinalityPollMs);
    }
    CHATMCP_TRY_VOID(note_strangers(step, body, bundle));
    CHATMCP_TRY_VOID(discard_staged(step, chat));
    go_to_terms(intent);
    return save_commit_body(step, intent, body);
}

// The stamp's key is known: into the bundle with it.
Result<void> complete_pass(Step& step, const ChatId& id, const StampsLocked::Lock& lock) {
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(id));
    CHATMCP_TRY(BundleRow bundle, staged_bundle(step, id));
    for (std::optional<wire::Pass>& pass : bundle.passes) {
        const wire::StampPass* const place = stamp_of(pass);
        if (place != nullptr && place->salt == lock.salt) {
            pass = wire::Pass{wire::StampPass{lock.salt, lock.one_time_key}};
        }
    }
    return sign_bundle(step, chat, bundle);
}

Result<void> note_lock(Step& step, const StampsLocked::Lock& lock) {
    CHATMCP_TRY(auto stamp, step.home.get<SentStamp>(sent_key(lock.salt)));
    if (!stamp.has_value()) {
        return fail(Errc::not_found, "CLT-76");
    }
    stamp->one_time_key = lock.one_time_key;
    const bool in_time = stamp->state == SentStampState::wanted;
    if (in_time) {
        stamp->state = SentStampState::locked;
    }
    CHATMCP_TRY_VOID(step.home.put(sent_key(stamp->salt), *stamp));
    if (stamp->state != SentStampState::locked) {
        return {};  // Its welcome was made anew: the stamp is to be reclaimed.
    }
    CHATMCP_TRY(const auto found, step.home.intent(stamp->intent.value));
    CHATMCP_TRY(const IntentRow intent, recorded(found));
    CHATMCP_TRY(const ChatId chat, recorded(intent.chat));
    if (in_time) {
        CHATMCP_TRY_VOID(complete_pass(step, chat, lock));
    }
    resume(step, intent);
    return {};
}

}  // namespace

Result<std::vector<SentStamp>> sent_stamps(Step& step) {
    return step.home.all<SentStamp>(home_key("stamps-out/"));
}

Result<std::vector<ReceivedStamp>> received_stamps(Step& step) {
    return step.home.all<ReceivedStamp>(home_key("stamps-in/"));
}

// ---- Inviting ----

Result<void> attach_passes(Step& step,
                           const IntentRow& intent,
                           std::vector<wire::WelcomeDelivery>& welcomes) {
    CommitBody body;
    if (is_invitation(intent.kind)) {
        CHATMCP_TRY(body, commit_body(intent));
    }
    for (wire::WelcomeDelivery& welcome : welcomes) {
        const auto found = std::ranges::find(body.strangers, welcome.inbox, &StrangerRow::inbox);
        const StrangerRow stranger = found == body.strangers.end() ? StrangerRow{} : *found;
        if (stranger.terms.has_value()) {
            CHATMCP_TRY(const wire::StampPass stamp,
                        want_stamp(step, intent, welcome, stranger.account, *stranger.terms));
            welcome.pass = wire::Pass{stamp};
            continue;
        }
        CHATMCP_TRY(const auto token, held_token(step, welcome.inbox));
        if (token.has_value()) {
            welcome.pass = wire::Pass{*token};
        }
    }
    return {};
}

bool awaits_stamps(const BundleRow& bundle) {
    return std::ranges::any_of(bundle.passes, is_unpaid);
}

Result<bool> awaits_stamps(Step& step, const ChatRow& chat) {
    CHATMCP_TRY(const auto row, step.home.get<BundleRow>(bundle_key(chat.id)));
    return row.has_value() && awaits_stamps(*row);
}

Result<bool> pass_refused(Step& step, IntentRow& intent, const Task& task, const Reason& reason) {
    const std::string_view check = reason.check;
    if (check == "STM-10" || check == "STM-11") {
        CHATMCP_TRY_VOID(wait_because(step, intent, reason));
        step.retry_at(task, step.now.plus_ms(kFinalityPollMs));
        return true;
    }
    if (reason.code != Errc::pass_required || !intent.chat.has_value()) {
        return false;
    }
    CHATMCP_TRY(ChatRow chat, step.home.known_chat(*intent.chat));
    if (!chat.staged.has_value() || chat.staged->intent != intent.id) {
        return true;  // Undone meanwhile: it is made again anyway.
    }
    CHATMCP_TRY_VOID(is_invitation(intent.kind) ? invite_again(step, intent, chat, reason)
                                                : wait_for_token(step, intent, chat, reason));
    return true;
}

Result<void> stamps_discarded(Step& step, std::uint64_t intent) {
    CHATMCP_TRY(const auto stamps, sent_stamps(step));
    for (SentStamp stamp : stamps) {
        const bool was_for_it =
            stamp.intent.value == intent &&
            (stamp.state == SentStampState::wanted || stamp.state == SentStampState::locked);
        // Who is about to lock it may come to tell: it is kept for a while.
        const bool is_old = stamp.state == SentStampState::useless &&
                            !stamp.one_time_key.has_value() &&
                            step.now.value - stamp.made_at.value > kUnpaidKeptMs;
        if (is_old) {
            CHATMCP_TRY_VOID(step.home.transaction().erase(sent_key(stamp.salt)));
        } else if (was_for_it) {
            stamp.state = SentStampState::useless;
            CHATMCP_TRY_VOID(step.home.put(sent_key(stamp.salt), stamp));
        }
    }
    return {};
}

Result<void> stamps_used(Step& step, std::uint64_t intent) {
    CHATMCP_TRY(const auto stamps, sent_stamps(step));
    for (SentStamp stamp : stamps) {
        if (stamp.intent.value == intent && stamp.state == SentStampState::locked) {
            stamp.state = SentStampState::used;
            CHATMCP_TRY_VOID(step.home.put(sent_key(stamp.salt), stamp));
        }
    }
    return {};
}

Result<bool> progress_terms(Step& step, IntentRow& intent, const CommitBody& body) {
    std::size_t open = 0;
    for (const StrangerRow& stranger : body.strangers) {
        if (stranger.asked) {
            continue;
        }
        const Task task = intent_task(intent.id, stranger.inbox);
        if (++open <= kTermsAtOnceMax) {
            CHATMCP_TRY(const bool mine, may_carry(step, intent, task));
            if (mine) {
                step.send(task, wire::GetStampTerms{stranger.inbox});
            }
        }
    }
    return open == 0;
}

Result<void> terms_came(Step& step,
                        IntentRow& intent,
                        const Task& task,
                        const wire::GetStampTerms::Reply& reply) {
    CHATMCP_TRY(CommitBody body, commit_body(intent));
    for (StrangerRow& stranger : body.strangers) {
        if (equal(stranger.inbox, part_of(task))) {
            stranger.asked = true;
            stranger.terms = reply.terms;
        }
    }
    return save_commit_body(step, intent, body);
}

Result<void> stamps_locked(Step& step, const StampsLocked& command) {
    for (const StampsLocked::Lock& lock : command.locks) {
        CHATMCP_TRY_VOID(note_lock(step, lock));
    }
    return {};
}

Result<void> decline_stamps(Step& step, const DeclineStamps& command) {
    CHATMCP_TRY(const auto found, step.home.intent(command.intent));
    const bool pending = found.has_value() && found->state == IntentState::pending &&
                         found->chat.has_value() && is_invitation(found->kind);
    if (!pending) {
        return fail(Errc::not_found, "CLT-77");
    }
    IntentRow intent = *found;
    CHATMCP_TRY(const ChatId id, recorded(intent.chat));
    CHATMCP_TRY(ChatRow chat, step.home.known_chat(id));
    CHATMCP_TRY(const bool unpaid, awaits_stamps(step, chat));
    if (!unpaid || !chat.staged.has_value() || chat.staged->intent != intent.id) {
        return fail(Errc::not_found, "CLT-77");
    }
    CHATMCP_TRY(const BundleRow bundle, staged_bundle(step, id));
    CHATMCP_TRY(CommitBody body, commit_body(intent));
    for (std::size_t i = 0; i < bundle.passes.size(); ++i) {
        for (InviteeRow& invitee : body.invitees) {
            if (is_unpaid(bundle.passes[i]) && invitee.root_key.has_value() &&
                identity::inbox_id(*invitee.root_key) == bundle.welcomes[i].inbox) {
                invitee.key_package.clear();
                invitee.reason = ReasonRow{Errc::pass_required, "CLT-75"};
            }
        }
    }
    CHATMCP_TRY_VOID(discard_staged(step, chat));
    CHATMCP_TRY_VOID(save_commit_body(step, intent, body));
    resume(step, intent);
    const bool nobody = std::ranges::none_of(
        body.invitees, [](const InviteeRow& row) { return !row.key_package.empty() || row.added; });
    if (!nobody) {
        return {};
    }
    if (chat.state == ChatState::creating) {
        CHATMCP_TRY_VOID(end_chat(step, chat, ChatState::left, nullptr));
    }
    return refuse(step, intent, Reason{Errc::pass_required, "CLT-75"});
}

// ---- Being invited ----

Result<void> stamp_came(Step& step,
                        const wire::InboxItem& item,
                        const std::optional<ChatId>& chat,
                        const std::string& inviter,
                        ReceivedStampState state) {
    const wire::StampPass* const pass = stamp_of(item.pass);
    if (pass == nullptr) {
        return {};
    }
    return step.home.put(received_key(pass->one_time_key),
                         ReceivedStamp{.chat = chat,
                                       .inviter = inviter,
                                       .pass = *pass,
                                       .welcome_digest = crypto::sha256(item.payload),
                                       .state = state,
                                       .received_at = item.received_at});
}

Result<void> answer_stamp(Step& step, const ChatId& chat, ReceivedStampState answer) {
    CHATMCP_TRY(const auto stamps, received_stamps(step));
    for (ReceivedStamp stamp : stamps) {
        if (stamp.chat == chat && stamp.state == ReceivedStampState::open) {
            stamp.state = answer;
            CHATMCP_TRY_VOID(step.home.put(received_key(stamp.pass.one_time_key), stamp));
        }
    }
    return {};
}

Result<void> forget_stamp(Step& step, const ForgetStamp& command) {
    CHATMCP_TRY_VOID(step.home.transaction().erase(received_key(command.one_time_key)));
    CHATMCP_TRY(const auto stamps, sent_stamps(step));
    for (const SentStamp& stamp : stamps) {
        const bool over =
            stamp.state == SentStampState::used || stamp.state == SentStampState::useless;
        if (stamp.one_time_key == command.one_time_key && over) {
            CHATMCP_TRY_VOID(step.home.transaction().erase(sent_key(stamp.salt)));
        }
    }
    return {};
}

}  // namespace chatmcp::client
