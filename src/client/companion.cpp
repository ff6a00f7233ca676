#include "client/companion.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "client/account.h"
#include "client/assistant_intents.h"
#include "client/companion_duties.h"
#include "client/conversation.h"
#include "client/inbox_policy.h"
#include "client/intents.h"
#include "client/payments.h"
#include "client/publish.h"
#include "client/questions.h"
#include "identity/device_log.h"

namespace chatmcp::client {
namespace {

Bytes companion_key(const ChatId& id) {
    return home_key("companion/", id);
}
bool is_open(AssistantState state) {
    return state == AssistantState::announced || state == AssistantState::agreed ||
           state == AssistantState::member || state == AssistantState::declined;
}

}  // namespace

bool is_open(const CompanionRow& row, UnixMs at) {
    return is_open(row.state) && row.announcement.grant.expires_at >= at;
}

Result<std::optional<CompanionRow>> load_companion(Step& step, const ChatId& id) {
    return step.home.get<CompanionRow>(companion_key(id));
}

Result<CompanionRow> known_companion(Step& step, const ChatId& id) {
    CHATMCP_TRY(auto row, load_companion(step, id));
    return recorded(std::move(row));
}

Result<void> save_companion(Step& step, const CompanionRow& row) {
    return step.home.put(companion_key(row.id), row);
}

Result<CompanionRow> companion_of_chat(Step& step, const ChatId& conversation) {
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(conversation));
    if (!chat.open_companion.has_value()) {
        return fail(Errc::not_found, "CLT-80");
    }
    return known_companion(step, *chat.open_companion);
}

std::optional<wire::Development> development_of(ByteView evidence, const TrustSettings& trust) {
    const auto report = attest::inspect(evidence, trust.roots, trust.policy, UnixMs{});
    if (!report.claims.has_value()) {
        return std::nullopt;
    }
    const auto* simulated = std::get_if<attest::SimulatedClaims>(&report.claims->details);
    return simulated == nullptr ? std::nullopt
                                : std::optional(wire::Development{simulated->root_key});
}

Result<attest::Appraisal> appraise_announced(Step& step, const CompanionRow& row) {
    CHATMCP_TRY(
        const ShownAgentLeaf shown,
        verify_shown_leaf(
            row.announcement.agent_leaf, row.id, row.announcement.grant.agent_credential_digest));
    // Judged at the time of its announcement: whoever is not in the companion sees no renewals.
    const AgentSurroundings surroundings{row.id,
                                         development_of(shown.evidence.evidence, step.trust)};
    return appraise_agent(shown.leaf, surroundings, step.trust, row.announced_at);
}

// ---- Commands ----

Result<void> open_companion(Step& step, const CompanionRow& row) {
    CHATMCP_TRY(ChatRow chat, step.home.known_chat(row.conversation));
    if (chat.open_companion.has_value() && *chat.open_companion != row.id) {
        CHATMCP_TRY(const auto before, load_companion(step, *chat.open_companion));
        if (before.has_value() && is_open(*before, row.announced_at) &&
            before->position < row.position) {
            return fail(Errc::already_exists, "CLT-92");
        }
    }
    chat.open_companion = row.id;
    step.notice(ChatChanged{chat.id});
    return step.home.save(chat);
}

Result<void> start_agree(Step& step, const AgreeAssistant& command) {
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(command.chat));
    CHATMCP_TRY_VOID(check_sendable(chat));
    CHATMCP_TRY(CompanionRow row, companion_of_chat(step, chat.id));
    if (row.own_agreement || row.state == AssistantState::member) {
        return fail(Errc::already_exists, "CLT-81");
    }
    const wire::Grant& grant = row.announcement.grant;
    if (!is_open(row, std::max(step.now, chat.newest_acceptance))) {
        return fail(Errc::expired, "CLT-82");
    }
    CHATMCP_TRY(const attest::Appraisal appraisal, appraise_announced(step, row));
    CHATMCP_TRY_VOID(appraisal.evidence());
    CHATMCP_TRY(const Device own, device(step));
    wire::Agreement agreement;
    agreement.companion_id = row.id;
    agreement.grant_digest = grant.digest();
    agreement.agent_credential_digest = grant.agent_credential_digest;
    CHATMCP_TRY(agreement.key_package, make_key_package_for(step, own, row.id));
    agreement.from = command.from;
    const auto content = make_content(step, wire::ContentType::agreement, wire::encode(agreement));
    CHATMCP_TRY(IntentRow intent, new_message(step, IntentKind::agree_assistant, chat.id, content));
    row.own_agreement = true;
    row.from = command.from;
    intent.companion = row.id;
    if (command.from == wire::AgreeFrom::past) {
        CHATMCP_TRY(intent.copied, queue_own_words(step, row));
    }
    CHATMCP_TRY_VOID(save_companion(step, row));
    return step.home.save(intent);
}

Result<void> decline_assistant(Step& step, const DeclineAssistant& command) {
    CHATMCP_TRY(CompanionRow row, companion_of_chat(step, command.chat));
    if (row.state != AssistantState::announced || row.own_agreement) {
        return fail(Errc::already_exists, "CLT-81");
    }
    row.state = AssistantState::declined;
    step.notice(ChatChanged{command.chat});
    return save_companion(step, row);
}

Result<void> start_revoke(Step& step, const RevokeAssistant& command) {
    CHATMCP_TRY(const CompanionRow row, companion_of_chat(step, command.chat));
    CHATMCP_TRY(const auto chat, step.home.chat(row.id));
    if (!chat.has_value() || chat->state != ChatState::active) {
        return fail(Errc::permission_denied, "CLT-81");
    }
    CHATMCP_TRY(IntentRow intent, new_intent(step, IntentKind::revoke_assistant, row.id));
    intent.conversation = command.chat;
    intent.companion = row.id;
    intent.body = encode_record(CommitBody{});
    return step.home.save(intent);
}

// ---- What comes ----

namespace {

Result<void> take_announcement(Step& step,
                               const ChatRow& chat,
                               const wire::Envelope& envelope,
                               const LeafIdentity& author,
                               const wire::Content& content) {
    CHATMCP_TRY(const auto announcement, wire::decode<wire::Announcement>(content.body));
    CHATMCP_TRY(const auto known, load_companion(step, announcement.companion_id));
    if (known.has_value()) {
        return {};  // Repeated for somebody who came later; grant and credential never change.
    }
    CHATMCP_TRY_VOID(verify_shown_leaf(announcement.agent_leaf,
                                       announcement.companion_id,
                                       announcement.grant.agent_credential_digest));
    CompanionRow row;
    row.id = announcement.companion_id;
    row.conversation = chat.id;
    row.announcement = announcement;
    row.receipts = announcement.receipts;
    row.announced_by = author.account;
    row.position = envelope.sequence;
    row.announced_at = envelope.accepted_at;
    row.agreed.push_back({author.account, wire::AgreeFrom::now, envelope.sequence, {}});
    CHATMCP_TRY_VOID(must(save_companion(step, row)));
    return open_companion(step, row);
}

Result<void> take_agreement(Step& step,
                            const ChatRow& chat,
                            const wire::Envelope& envelope,
                            const LeafIdentity& author,
                            const wire::Content& content) {
    CHATMCP_TRY(const auto agreement, wire::decode<wire::Agreement>(content.body));
    CHATMCP_TRY(auto row, load_companion(step, agreement.companion_id));
    if (!row.has_value() || row->conversation != chat.id) {
        return {};  // Announced before this device came in; it is repeated.
    }
    const wire::Grant& grant = row->announcement.grant;
    CHATMCP_TRY(const auto leaf, mls::inspect_key_package(agreement.key_package));
    CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
    const bool fits = agreement.grant_digest == grant.digest() &&
                      agreement.agent_credential_digest == grant.agent_credential_digest &&
                      !who.agent && who.account == author.account;
    if (!fits) {
        return fail(Errc::untrusted_identity, "CLT-90");
    }
    std::erase_if(row->agreed,
                  [&](const AgreedRow& agreed) { return agreed.account == author.account; });
    row->agreed.push_back(
        {author.account, agreement.from, envelope.sequence, agreement.key_package});
    step.notice(ChatChanged{chat.id});
    return must(save_companion(step, *row));
}

Result<void> take_answer_post(Step& step,
                              const ChatRow& chat,
                              const wire::Envelope& envelope,
                              const LeafIdentity& author,
                              const wire::Content& content) {
    CHATMCP_TRY(const auto post, wire::decode<wire::AnswerPost>(content.body));
    CHATMCP_TRY(auto row, load_companion(step, post.companion_id));
    if (!row.has_value() || row->conversation != chat.id) {
        return fail(Errc::not_found, "CLT-80");
    }
    if (post.asker != author.account) {
        return fail(Errc::wrong_key, "CLT-88");
    }
    CHATMCP_TRY_VOID(appraise_answer(step, *row, post, envelope.accepted_at));
    const bool gap = post.receipt.sequence > row->receipts + 1;
    row->receipts = std::max(row->receipts, post.receipt.sequence);
    CHATMCP_TRY_VOID(must(save_companion(step, *row)));
    // An answer that was given and never shown: somebody asked and kept it.
    return gap ? fail(Errc::not_found, "CLT-94") : Result<void>();
}

// What a message means may be wrong while the message itself stands: it is kept with the reason.
Result<void> note_verdict(Step& step,
                          const ChatRow& chat,
                          std::uint64_t position,
                          const Result<void>& verdict) {
    if (verdict.has_value() || is_home_error(verdict.error())) {
        return verdict;
    }
    step.misbehaviour(chat.id, position, verdict.error());
    CHATMCP_TRY(auto row, step.home.message(chat.id, position));
    if (!row.has_value()) {
        return {};
    }
    row->reason = ReasonRow{verdict.error().code, verdict.error().check};
    return step.home.save(chat.id, *row);
}

}  // namespace

Result<void> message_received(Step& step,
                              const ChatRow& chat,
                              const wire::Envelope& envelope,
                              const LeafIdentity& author,
                              const mls::LeafView& leaf,
                              const wire::Content& content) {
    if (chat.companion_of.has_value()) {
        return author.agent ? agent_spoke(step, chat, leaf, content, envelope.accepted_at)
                            : Result<void>();
    }
    Result<void> verdict;
    switch (content.type) {
        case wire::ContentType::announcement:
            verdict = take_announcement(step, chat, envelope, author, content);
            break;
        case wire::ContentType::agreement:
            verdict = take_agreement(step, chat, envelope, author, content);
            break;
        case wire::ContentType::answer_post:
            verdict = take_answer_post(step, chat, envelope, author, content);
            break;
        case wire::ContentType::payment:
            verdict = take_payment(step, chat, author, content);
            break;
        case wire::ContentType::given_token:
            verdict =
                take_given_token(step, chat, identity::inbox_id(author.root_key), content.body);
            break;
        default:
            break;
    }
    return note_verdict(step, chat, envelope.sequence, verdict);
}

Result<std::optional<mls::Distrust>> check_renewals(const mls::Group& group,
                                                    const mls::Change& change) {
    for (const mls::MemberUpdate& update : change.updated) {
        CHATMCP_TRY(const LeafIdentity who, identity_of(update.after));
        if (!who.agent) {
            continue;
        }
        CHATMCP_TRY(const auto component,
                    component_of<wire::EvidenceComponent>(
                        update.after.components, wire::ComponentId::evidence, "CLT-54"));
        CHATMCP_TRY(const auto nonce, renewal_nonce(group, update.after.index));
        if (component.nonce != nonce) {
            return std::optional(
                mls::Distrust{update.after.index, Error{Errc::replayed, "CLT-72"}});
        }
    }
    return std::optional<mls::Distrust>();
}

Result<void> commit_taken(Step& step, const ChatRow& chat, const CommitEffects& members) {
    if (!chat.companion_of.has_value() || !members.agent_changed) {
        return {};
    }
    CHATMCP_TRY(auto row, load_companion(step, chat.id));
    if (!row.has_value()) {
        return {};  // Our own invitation: the row comes with the announcement.
    }
    CHATMCP_TRY(const People* people, step.people(chat.id));
    row->appraised_at = UnixMs{};
    if (!people->agent.has_value() && is_open(row->state)) {
        row->state = AssistantState::revoked;
        step.notice(ChatChanged{row->conversation});
    }
    return save_companion(step, *row);
}

Result<void> chat_ended(Step& step, const ChatRow& chat) {
    if (!chat.companion_of.has_value()) {
        return {};
    }
    CHATMCP_TRY(auto row, load_companion(step, chat.id));
    if (!row.has_value()) {
        return {};
    }
    row->state = AssistantState::revoked;
    step.notice(ChatChanged{row->conversation});
    return save_companion(step, *row);
}

Result<void> check_companion_welcome(Step& step,
                                     const mls::GroupView& view,
                                     const ChatId& id,
                                     const wire::CompanionOf& companion_of) {
    CHATMCP_TRY(const auto row, load_companion(step, id));
    const auto grant =
        component_of<wire::Grant>(view.components(), wire::ComponentId::grant, "CLT-32");
    if (!row.has_value() || !row->own_agreement || !grant.has_value() ||
        row->conversation != companion_of.conversation_id ||
        grant->digest() != row->announcement.grant.digest()) {
        return fail(Errc::permission_denied, "CLT-32");
    }
    return {};
}

Result<void> companion_joined(Step& step, const ChatRow& chat) {
    CHATMCP_TRY(CompanionRow row, known_companion(step, chat.id));
    row.state = AssistantState::member;
    step.notice(ChatChanged{row.conversation});
    return save_companion(step, row);
}

// ---- Own words ----

Result<std::uint32_t> queue_own_words(Step& step, const CompanionRow& row) {
    constexpr std::size_t kPage = 256;
    std::uint32_t queued = 0;
    std::uint64_t since = row.from == wire::AgreeFrom::past ? 0 : row.agreed_position;
    while (true) {
        CHATMCP_TRY(const auto page, step.home.messages(row.conversation, since, kPage));
        for (const MessageRow& message : page) {
            since = message.position;
            const auto content = wire::decode<wire::Content>(message.content);
            if (message.self && content.has_value() && content->type == wire::ContentType::text) {
                CHATMCP_TRY_VOID(step.home.put(queue_key(row.id, message.position),
                                               QueuedRow{message.position}));
                ++queued;
            }
        }
        if (page.size() < kPage) {
            return queued;
        }
    }
}

Result<void> own_text_delivered(Step& step, const IntentRow& intent) {
    CHATMCP_TRY(const ChatId id, recorded(intent.chat));
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(id));
    if (!chat.open_companion.has_value()) {
        return {};
    }
    CHATMCP_TRY(const auto row, load_companion(step, *chat.open_companion));
    const bool agreed =
        row.has_value() && row->own_agreement && row->agreed_position != 0 &&
        (row->state == AssistantState::agreed || row->state == AssistantState::member);
    CHATMCP_TRY(const std::uint64_t position, recorded(intent.position));
    if (!agreed || (row->from == wire::AgreeFrom::now && position < row->agreed_position)) {
        return {};
    }
    return step.home.put(queue_key(row->id, position), QueuedRow{position});
}

Result<void> agreement_delivered(Step& step, const IntentRow& intent) {
    CHATMCP_TRY(const ChatId companion, recorded(intent.companion));
    CHATMCP_TRY(CompanionRow row, known_companion(step, companion));
    CHATMCP_TRY(const AccountRow account, step.home.known_account());
    CHATMCP_TRY(row.agreed_position, recorded(intent.position));
    if (row.state == AssistantState::announced || row.state == AssistantState::declined) {
        row.state = AssistantState::agreed;
    }
    row.agreed.push_back({account.account, row.from, row.agreed_position, {}});
    CHATMCP_TRY_VOID(save_companion(step, row));
    CHATMCP_TRY_VOID(queue_own_words(step, row));
    return {};
}

Result<void> copy_delivered(Step& step, const IntentRow& intent) {
    CHATMCP_TRY(const ChatId companion, recorded(intent.chat));
    CHATMCP_TRY(auto row, load_companion(step, companion));
    if (!row.has_value()) {
        return {};
    }
    row->copied += intent.copied;
    return save_companion(step, *row);
}

Result<IntentRow> announce(Step& step, const CompanionRow& row) {
    wire::Announcement announcement = row.announcement;
    announcement.receipts = row.receipts;
    const auto content =
        make_content(step, wire::ContentType::announcement, wire::encode(announcement));
    CHATMCP_TRY(IntentRow intent,
                new_message(step, IntentKind::announce, row.conversation, content));
    intent.companion = row.id;
    CHATMCP_TRY_VOID(step.home.save(intent));
    return intent;
}

Result<void> members_added(Step& step, const IntentRow& intent) {
    CHATMCP_TRY(const ChatId id, recorded(intent.chat));
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(id));
    if (!chat.open_companion.has_value()) {
        return {};
    }
    CHATMCP_TRY(const auto row, load_companion(step, *chat.open_companion));
    if (row.has_value() && is_open(row->state)) {
        CHATMCP_TRY_VOID(announce(step, *row));
    }
    return {};
}

Result<void> appraise_answer(Step& step,
                             const CompanionRow& row,
                             const wire::AnswerPost& post,
                             UnixMs at) {
    const wire::Grant& grant = row.announcement.grant;
    CHATMCP_TRY(const auto agent,
                verify_shown_leaf(post.agent_leaf, row.id, grant.agent_credential_digest));
    CHATMCP_TRY_VOID(verify_answer_post(post, grant, agent));
    const AgentSurroundings surroundings{row.id,
                                         development_of(agent.evidence.evidence, step.trust)};
    CHATMCP_TRY(const auto appraisal, appraise_agent(agent.leaf, surroundings, step.trust, at));
    CHATMCP_TRY_VOID(appraisal.evidence());
    const auto& claims = appraisal.report.claims;
    CHATMCP_CHECK(claims.has_value());  // Evidence was accepted because of them.
    return verify_receipt_claims(post.receipt, *claims);
}

}  // namespace chatmcp::client
