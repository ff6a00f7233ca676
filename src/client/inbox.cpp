#include "client/inbox.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "client/account.h"
#include "client/admission.h"
#include "client/assistant_intents.h"
#include "client/companion.h"
#include "client/conversation.h"
#include "client/first_contact.h"
#include "client/readd.h"
#include "client/successor.h"
#include "client/sync.h"
#include "wire/components.h"

namespace chatmcp::client {
namespace {

// The relay's proof must be for the very commit that made the epoch we were welcomed into, or two
// members could stand in two groups of one name.
Result<void> check_welcome(const mls::Group& group,
                           const wire::Acceptance& acceptance,
                           const wire::Ed25519Key& relay_key) {
    const mls::GroupView& view = group.view();
    if (view.group_id().size() != wire::kGroupIdBytes) {
        return fail(Errc::invalid_argument, "CLT-31");
    }
    CHATMCP_TRY(
        const auto sequencer,
        component_of<wire::Sequencer>(view.components(), wire::ComponentId::sequencer, "CLT-60"));
    const TopicAddress at = topic_address(sequencer.relay_key, view.group_id());
    const auto signature = wire::verify(at.relay_key, acceptance, acceptance.signature);
    CHATMCP_TRY(const auto key, admission_key(group));
    if (sequencer.relay_key != relay_key || acceptance.relay_key != relay_key ||
        !signature.has_value() || acceptance.topic != at.topic ||
        acceptance.epoch + 1 != view.epoch().value ||
        acceptance.next_admission_key != key.public_key()) {
        return fail(Errc::equivocation, "CLT-31");
    }
    return {};
}

Result<std::string> inviter_of(const mls::Group& group) {
    const auto index = group.welcomed_by();
    const auto leaf = index.has_value() ? group.view().member(*index) : std::nullopt;
    if (!leaf.has_value()) {
        return fail(Errc::invalid_argument, "CLT-31");
    }
    CHATMCP_TRY(const LeafIdentity who, identity_of(*leaf));
    return who.account;
}

Result<ChatRow> make_row(Step& step,
                         const mls::Group& group,
                         const wire::Acceptance& acceptance,
                         UnixMs received_at,
                         const std::string& inviter) {
    const ChatId id = to_array<wire::kGroupIdBytes>(group.view().group_id());
    CHATMCP_TRY(const auto known, step.home.chat(id));
    ChatRow chat;
    chat.id = id;
    if (known.has_value()) {
        chat.number = known->number;
    } else {
        CHATMCP_TRY(chat.number, step.home.list_chat(id));
    }
    chat.state = ChatState::request;
    chat.inviter = inviter;
    chat.received_at = received_at;
    chat.relay_key = acceptance.relay_key;
    chat.cursor = acceptance.sequence;
    chat.known_end = chat.cursor;
    chat.newest_acceptance = acceptance.accepted_at;
    chat.joined_at = acceptance.accepted_at;
    chat.joined_epoch = group.view().epoch().value;
    take_over(group.view(), chat);
    for (const mls::Distrust& distrust : group.distrusted_at_join()) {
        chat.distrusted.push_back({distrust.leaf.value,
                                   chat.joined_at,
                                   {distrust.reason.code, distrust.reason.check},
                                   distrust.leaf != group.view().own_index()});
    }
    return chat;
}

Result<void> admit(Step& step,
                   mls::Group group,
                   const wire::Acceptance& acceptance,
                   UnixMs received_at) {
    CHATMCP_TRY(const RelayRow relay, step.home.relay());
    CHATMCP_TRY(const wire::Ed25519Key relay_key, recorded(relay.relay_key));
    CHATMCP_TRY_VOID(check_welcome(group, acceptance, relay_key));
    const ChatId id = to_array<wire::kGroupIdBytes>(group.view().group_id());
    CHATMCP_TRY(const std::string inviter, inviter_of(group));
    CHATMCP_TRY(const bool back, brings_back(step, id, inviter));
    CHATMCP_TRY(const auto predecessor, succeeds(step, group.view(), inviter));
    CHATMCP_TRY(const bool blocked, is_blocked(step, inviter));
    if (blocked && !back) {
        return fail(Errc::refused_by_policy, "CLT-33");
    }
    const auto companion = component_of<wire::CompanionOf>(
        group.view().components(), wire::ComponentId::companion_of, "CLT-32");
    if (companion.has_value()) {
        CHATMCP_TRY_VOID(check_companion_welcome(step, group.view(), id, *companion));
    }
    // Nothing was written before this line, and nothing is refused after it.
    CHATMCP_TRY(ChatRow chat, must(make_row(step, group, acceptance, received_at, inviter)));
    if (companion.has_value()) {
        chat.companion_of = companion->conversation_id;
        chat.state = ChatState::active;
    }
    if (back) {
        CHATMCP_TRY(chat, must(brought_back(step, std::move(chat))));
    }
    if (predecessor.has_value()) {
        chat.state = ChatState::active;
    }
    CHATMCP_TRY_VOID(mark_spoken(step, id, inviter, true));
    CHATMCP_TRY_VOID(must(note_epoch(step, chat, group.view())));
    CHATMCP_TRY_VOID(step.home.save(chat));
    CHATMCP_TRY_VOID(must(key_package_used(step)));
    step.keep(id, std::move(group));
    want_sync(step, id);
    if (predecessor.has_value()) {
        CHATMCP_TRY_VOID(must(succeed(step, *predecessor, id)));
    }
    if (back || predecessor.has_value()) {
        step.notice(ChatChanged{id});
        return {};
    }
    if (companion.has_value()) {
        return must(companion_joined(step, chat));
    }
    step.notice(RequestArrived{id});
    return {};
}

// A stamp is for whoever was let in by it, and of somebody blocked it is burned.
Result<void> note_stamp(Step& step,
                        const wire::InboxItem& item,
                        ByteView group_id,
                        const std::string& inviter,
                        const Result<void>& admitted) {
    if (admitted.has_value()) {
        const ChatId chat = to_array<wire::kGroupIdBytes>(group_id);
        return stamp_came(step, item, chat, inviter, ReceivedStampState::open);
    }
    const bool blocked = admitted.error().check == std::string_view("CLT-33");
    return blocked ? stamp_came(step, item, std::nullopt, inviter, ReceivedStampState::rejected)
                   : Result<void>();
}

Result<void> take_welcome(Step& step, const wire::InboxItem& item) {
    if (!item.acceptance.has_value()) {
        return fail(Errc::equivocation, "CLT-31");
    }
    const wire::Acceptance& acceptance = *item.acceptance;
    // The id is sealed in the Welcome, so only mls can see that a group of this name is there
    // already; it refuses before it writes, or a stranger's Welcome could replace a conversation.
    auto group = mls::Group::join(step.environment,
                                  step.home.transaction(),
                                  item.payload,
                                  mls::Arrival{acceptance.accepted_at});
    if (!group.has_value()) {
        // The same welcome twice is the relay's right; the first one counted.
        if (group.error().code == Errc::replayed) {
            return {};
        }
        return group.error().code == Errc::already_exists ? fail(Errc::already_exists, "CLT-34")
                                                          : fail(group.error());
    }
    const Bytes id = to_bytes(group->view().group_id());
    const auto inviter = inviter_of(*group);  // Where there is none, it is not admitted.
    const auto admitted = admit(step, *std::move(group), acceptance, item.received_at);
    CHATMCP_TRY_VOID(note_stamp(step, item, id, inviter.value_or(""), admitted));
    if (!admitted.has_value() && !is_home_error(admitted.error())) {
        if (id.size() == wire::kGroupIdBytes) {
            step.forget(to_array<wire::kGroupIdBytes>(id));
        }
        CHATMCP_TRY_VOID(must(mls::Group::erase(step.home.transaction(), id)));
    }
    return admitted;
}

// Who was removed and added again may hear of the new place before it hears of the end of the old.
struct KeptRow {
    std::uint64_t sequence = 0;
    UnixMs received_at;
    Bytes welcome;
    wire::Acceptance acceptance;
    auto fields(this auto& self) {
        return std::tie(self.sequence, self.received_at, self.welcome, self.acceptance);
    }
};
constexpr std::size_t kKeptWelcomesMax = 64;

Bytes kept_key(std::uint64_t sequence) {
    return home_key("kept/", {}, big_endian(sequence));
}

Result<void> keep_welcome(Step& step, const wire::InboxItem& item) {
    CHATMCP_CHECK(item.acceptance.has_value());  // Or take_welcome had refused it otherwise.
    CHATMCP_TRY(const auto kept, step.home.scan<KeptRow>(home_key("kept/"), {}, kKeptWelcomesMax));
    if (kept.size() == kKeptWelcomesMax) {
        CHATMCP_TRY_VOID(step.home.transaction().erase(kept_key(kept.front().sequence)));
    }
    return step.home.put(kept_key(item.sequence),
                         KeptRow{item.sequence, item.received_at, item.payload, *item.acceptance});
}

Result<void> take_item(Step& step, const wire::InboxItem& item) {
    CHATMCP_TRY(RelayRow relay, step.home.relay());
    if (item.sequence <= relay.inbox_cursor) {
        return {};
    }
    Result<void> taken;
    switch (item.kind) {
        case wire::InboxKind::welcome:
            taken = take_welcome(step, item);
            break;
        case wire::InboxKind::kp_reply:
            taken = key_package_reply(step, item.payload);
            break;
        case wire::InboxKind::readd:
            taken = take_readd(step, item.payload);
            break;
        default:
            break;  // Requests for key packages are for enclaves.
    }
    if (!taken.has_value()) {
        if (is_home_error(taken.error())) {
            return taken;
        }
        step.misbehaviour(std::nullopt, 0, taken.error());
        if (taken.error().code == Errc::already_exists && item.kind == wire::InboxKind::welcome) {
            CHATMCP_TRY_VOID(keep_welcome(step, item));
        }
    }
    CHATMCP_TRY(relay, step.home.relay());
    relay.inbox_cursor = item.sequence;
    return step.home.save(relay);
}

Result<void> progress_stream(Step& step, const RelayRow& relay) {
    const Task task{Purpose::inbox_stream, {}};
    if (step.runtime.inbox_stream.has_value() || !step.may_send(task)) {
        return {};
    }
    CHATMCP_TRY(auto shown, token(step));
    if (shown.has_value()) {
        step.runtime.inbox_stream =
            step.send(task, wire::SubscribeInbox{*std::move(shown), relay.inbox_cursor});
    }
    return {};
}

Result<void> progress_acknowledgement(Step& step, const RelayRow& relay) {
    const Task task{Purpose::acknowledge_inbox, {}};
    if (relay.inbox_acknowledged >= relay.inbox_cursor || !step.may_send(task)) {
        return {};
    }
    CHATMCP_TRY(auto shown, token(step));
    if (shown.has_value()) {
        step.send(task, wire::AckInbox{*std::move(shown), relay.inbox_cursor});
        step.runtime.inbox_acknowledging = relay.inbox_cursor;
    }
    return {};
}

}  // namespace

Result<void> progress_inbox(Step& step) {
    CHATMCP_TRY(const RelayRow relay, step.home.relay());
    const bool following =
        step.runtime.stream_inbox || (step.runtime.follow.has_value() && step.runtime.follow->on);
    if (following) {
        CHATMCP_TRY_VOID(progress_stream(step, relay));
    }
    if (step.runtime.want_inbox) {
        const Task task{Purpose::read_inbox, {}};
        if (step.may_send(task)) {
            CHATMCP_TRY(auto shown, token(step));
            if (shown.has_value()) {
                step.send(
                    task,
                    wire::ReadInbox{*std::move(shown), relay.inbox_cursor, wire::kReadLimitMax});
            }
        }
    }
    if (step.runtime.want_inbox || following) {
        CHATMCP_TRY(const RelayRow now, step.home.relay());
        CHATMCP_TRY_VOID(progress_acknowledgement(step, now));
    }
    return {};
}

Result<void> inbox_replied(Step& step, const wire::ReadInbox::Reply& reply) {
    for (const wire::InboxItem& item : reply.items) {
        CHATMCP_TRY_VOID(take_item(step, item));
    }
    if (!reply.more) {
        step.runtime.want_inbox = false;
        CHATMCP_TRY(const RelayRow relay, step.home.relay());
        CHATMCP_TRY_VOID(progress_acknowledgement(step, relay));
    }
    return {};
}

Result<void> inbox_acknowledged(Step& step) {
    CHATMCP_TRY(RelayRow relay, step.home.relay());
    relay.inbox_acknowledged = std::max(relay.inbox_acknowledged, step.runtime.inbox_acknowledging);
    CHATMCP_TRY_VOID(step.home.save(relay));
    return progress_acknowledgement(step, relay);
}

Result<void> inbox_pushed(Step& step, const wire::InboxItem& item) {
    return take_item(step, item);
}

Result<void> take_kept_welcomes(Step& step) {
    CHATMCP_TRY(const auto kept, step.home.scan<KeptRow>(home_key("kept/"), {}, kKeptWelcomesMax));
    for (const KeptRow& row : kept) {
        const wire::InboxItem item{.sequence = row.sequence,
                                   .kind = wire::InboxKind::welcome,
                                   .received_at = row.received_at,
                                   .payload = row.welcome,
                                   .acceptance = row.acceptance};
        const auto taken = take_welcome(step, item);
        if (!taken.has_value() && is_home_error(taken.error())) {
            return taken;
        }
        if (taken.has_value() || taken.error().code != Errc::already_exists) {
            CHATMCP_TRY_VOID(step.home.transaction().erase(kept_key(row.sequence)));
        }
    }
    return {};
}

Result<bool> is_blocked(Step& step, std::string_view account) {
    return step.home.has_mark("blocked/", as_bytes(account));
}

Result<void> block(Step& step, std::string_view account) {
    return step.home.set_mark("blocked/", as_bytes(account), true);
}

}  // namespace chatmcp::client
