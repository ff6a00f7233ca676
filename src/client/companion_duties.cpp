#include "client/companion_duties.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "client/account.h"
#include "client/conversation.h"
#include "client/intents.h"
#include "client/publish.h"

namespace chatmcp::client {

Bytes queue_key(const ChatId& companion, std::uint64_t position) {
    return home_key("copy/", companion, big_endian(position));
}

namespace {

// Evidence of an agent that is in is judged again this often; renewals come at least daily.
constexpr std::int64_t kAppraiseAgainMs = 10 * kMinuteMs;
// The conversation may be read later than its companion: who seems to be an outsider now may be a
// member whom we have not heard of.
constexpr std::int64_t kOutsiderWaitMs = 10 * kSecondMs;
// Who may admit somebody waits so long for each person before it in the companion.
constexpr std::int64_t kAdmitTurnMs = 2 * kSecondMs;

Result<void> start_removal(Step& step,
                           IntentKind kind,
                           const ChatRow& companion,
                           const std::string& account) {
    CHATMCP_TRY(const bool there, has_duty(step, kind, companion.id));
    if (there) {
        return {};
    }
    CHATMCP_TRY(IntentRow duty, new_intent(step, kind, companion.id));
    CommitBody body;
    body.remove_account = account;
    duty.body = encode_record(body);
    if (kind == IntentKind::remove_outsider) {
        duty.not_before = step.now.plus_ms(kOutsiderWaitMs);
    }
    return step.home.save(duty);
}

Result<void> start_admissions(Step& step,
                              const CompanionRow& row,
                              const ChatRow& companion,
                              const People& inside,
                              const People& conversation) {
    for (const AgreedRow& agreed : row.agreed) {
        const bool wanted = !agreed.key_package.empty() &&
                            !inside.accounts.contains(agreed.account) &&
                            conversation.accounts.contains(agreed.account);
        if (!wanted) {
            continue;
        }
        CHATMCP_TRY(const bool there, has_duty(step, IntentKind::admit_agreed, companion.id));
        if (there) {
            return {};
        }
        const Bytes tried = concat({companion.id, big_endian(agreed.position)});
        CHATMCP_TRY(const bool before, step.home.has_mark("admitted/", tried));
        if (before) {
            continue;  // Was in, and left: the agreement is used up.
        }
        CHATMCP_TRY(IntentRow duty, new_intent(step, IntentKind::admit_agreed, companion.id));
        CommitBody body;
        InviteeRow& invitee = body.invitees.emplace_back();
        invitee.account = agreed.account;
        invitee.key_package = agreed.key_package;
        duty.body = encode_record(body);
        duty.not_before =
            step.now.plus_ms(kAdmitTurnMs * static_cast<std::int64_t>(inside.own_rank));
        CHATMCP_TRY_VOID(step.home.set_mark("admitted/", tried, true));
        return step.home.save(duty);
    }
    return {};
}

Result<void> start_copies(Step& step, const CompanionRow& row, const ChatRow& companion) {
    CHATMCP_TRY(const auto queued, step.home.scan<QueuedRow>(home_key("copy/", row.id), {}, 1024));
    wire::Copy copy;
    std::size_t bytes = 0;
    for (const QueuedRow& entry : queued) {
        CHATMCP_TRY(const auto message, step.home.message(row.conversation, entry.position));
        if (!message.has_value() || !message->self) {
            // The topic had somebody else's message there: ours is sent and queued again.
            CHATMCP_TRY_VOID(step.home.transaction().erase(queue_key(row.id, entry.position)));
            continue;
        }
        if (bytes + message->content.size() > wire::Copy::kOriginalsMaxBytes) {
            break;
        }
        bytes += message->content.size();
        copy.originals.push_back({entry.position, message->content});
        CHATMCP_TRY_VOID(step.home.transaction().erase(queue_key(row.id, entry.position)));
    }
    if (copy.originals.empty()) {
        return {};
    }
    const auto content = make_content(step, wire::ContentType::copy, wire::encode(copy));
    CHATMCP_TRY(IntentRow duty, new_message(step, IntentKind::copy_words, companion.id, content));
    duty.copied = static_cast<std::uint32_t>(copy.originals.size());
    return step.home.save(duty);
}

// Evidence that this home no longer accepts means quarantine and a Remove, whoever invited it.
Result<bool> agent_accepted(Step& step,
                            CompanionRow& row,
                            ChatRow& companion,
                            const mls::GroupView& view,
                            const mls::LeafView& agent) {
    const std::int64_t since = step.now.value - row.appraised_at.value;
    if (since >= 0 && since < kAppraiseAgainMs) {
        return companion.distrusted.empty();
    }
    AgentSurroundings surroundings{row.id, std::nullopt};
    const auto development = component_of<wire::Development>(
        view.components(), wire::ComponentId::development, "CLT-54");
    if (development.has_value()) {
        surroundings.development = *development;
    }
    CHATMCP_TRY(const auto appraisal, appraise_agent(agent, surroundings, step.trust, step.now));
    row.appraised_at = step.now;
    CHATMCP_TRY_VOID(save_companion(step, row));
    const auto accepted = appraisal.evidence();
    if (accepted.has_value()) {
        return companion.distrusted.empty();
    }
    std::erase_if(companion.distrusted,
                  [&](const DistrustRow& d) { return d.leaf == agent.index.value; });
    companion.distrusted.push_back(
        {agent.index.value, step.now, {accepted.error().code, accepted.error().check}, false});
    step.notice(ChatChanged{row.conversation});
    CHATMCP_TRY_VOID(step.home.save(companion));
    return false;
}

// A companion that this device is in, beside its conversation, both read to their ends.
struct Surveyed {
    CompanionRow row;
    ChatRow companion;
    const People* inside = nullptr;  // Both live as long as their groups stand in this epoch.
    const People* outside = nullptr;
    bool open = false;  // The one that its conversation announced; any other one is to end.
    UnixMs newest;
};

// Nothing: not a member, or not everything is read. What is half known is judged wrongly.
Result<std::optional<Surveyed>> survey(Step& step, const ChatRow& companion) {
    CHATMCP_TRY(auto row, load_companion(step, companion.id));
    if (!row.has_value() || row->state != AssistantState::member ||
        companion.state != ChatState::active) {
        return std::optional<Surveyed>();
    }
    CHATMCP_TRY(const auto conversation, step.home.chat(row->conversation));
    if (!conversation.has_value() || conversation->state != ChatState::active ||
        step.runtime.want_chats.contains(conversation->id) ||
        step.runtime.want_chats.contains(companion.id)) {
        return std::optional<Surveyed>();
    }
    CHATMCP_TRY(const People* outside, step.people(conversation->id));
    CHATMCP_TRY(const People* inside, step.people(companion.id));
    if (!inside->agent.has_value()) {
        return std::optional<Surveyed>();
    }
    const bool announced = row->position != 0;
    return Surveyed{.row = *std::move(row),
                    .companion = companion,
                    .inside = inside,
                    .outside = outside,
                    .open = !announced || conversation->open_companion == companion.id,
                    .newest = std::max(
                        {step.now, conversation->newest_acceptance, companion.newest_acceptance})};
}

// Why no words are copied, and whose removal mends that.
struct Hindrance {
    Error reason;
    IntentKind removal = IntentKind::remove_agent;
    std::string account;
};

Result<std::optional<Hindrance>> hindrance(Step& step, Surveyed& seen) {
    if (!seen.open) {
        return Hindrance{Error{Errc::already_exists, "CLT-92"}, IntentKind::remove_agent, ""};
    }
    if (seen.row.announcement.grant.expires_at < seen.newest) {
        return Hindrance{Error{Errc::expired, "CLT-82"}, IntentKind::remove_agent, ""};
    }
    CHATMCP_TRY(mls::Group * group, step.group(seen.companion.id));
    const auto& agent = seen.inside->agent;
    CHATMCP_CHECK(agent.has_value());  // survey() sees nothing without one.
    CHATMCP_TRY(const bool accepted,
                agent_accepted(step, seen.row, seen.companion, group->view(), *agent));
    if (!accepted) {
        return Hindrance{Error{Errc::refused_by_policy, "CLT-16"}, IntentKind::remove_agent, ""};
    }
    for (const std::string& account : seen.inside->accounts) {
        if (!seen.outside->accounts.contains(account)) {
            return Hindrance{
                Error{Errc::permission_denied, "CLT-99"}, IntentKind::remove_outsider, account};
        }
    }
    return std::optional<Hindrance>();
}

}  // namespace

Result<std::optional<Error>> copying_hindered(Step& step, const ChatRow& companion) {
    CHATMCP_TRY(const auto row, load_companion(step, companion.id));
    if (!row.has_value() || row->state != AssistantState::member) {
        return Error{Errc::not_found, "CLT-80"};
    }
    CHATMCP_TRY(auto seen, survey(step, companion));
    if (!seen.has_value()) {
        return Error{Errc::permission_denied, "CLT-99"};
    }
    CHATMCP_TRY(const auto why, hindrance(step, *seen));
    return why.has_value() ? std::optional(why->reason) : std::nullopt;
}

Result<void> start_companion_duties(Step& step, const ChatRow& companion) {
    CHATMCP_TRY(auto seen, survey(step, companion));
    if (!seen.has_value()) {
        return {};
    }
    CHATMCP_TRY(const auto why, hindrance(step, *seen));
    if (why.has_value()) {
        return start_removal(step, why->removal, seen->companion, why->account);
    }
    CHATMCP_TRY_VOID(
        start_admissions(step, seen->row, seen->companion, *seen->inside, *seen->outside));
    return start_copies(step, seen->row, seen->companion);
}

}  // namespace chatmcp::client
