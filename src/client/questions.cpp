#include "client/questions.h"

#include <algorithm>
#include <utility>

#include "client/account.h"
#include "client/conversation.h"
#include "client/intents.h"
#include "wire/cbor.h"

namespace chatmcp::client {
namespace {

enum AskStage : std::uint8_t { publish = 0, wait_for_answer = 1, post = 2 };

Bytes question_key(const wire::MessageId& question) {
    return home_key("asked/", question);
}
struct AskedRow {
    std::uint64_t intent = 0;
    auto fields(this auto& self) { return std::tie(self.intent); }
};

Result<void> save_ask(Step& step, IntentRow& intent, const AskExtra& extra) {
    CHATMCP_TRY(auto body, decode_record<MessageBody>(intent.body));
    body.extra = encode_record(extra);
    intent.body = encode_record(body);
    return step.home.save(intent);
}

}  // namespace

Result<AskExtra> ask_extra(const IntentRow& intent) {
    CHATMCP_TRY(const auto body, decode_record<MessageBody>(intent.body));
    return body.extra.empty() ? Result<AskExtra>(AskExtra()) : decode_record<AskExtra>(body.extra);
}

Result<void> start_ask(Step& step, const Ask& command) {
    CHATMCP_TRY(const CompanionRow row, companion_of_chat(step, command.chat));
    CHATMCP_TRY(const auto companion, step.home.chat(row.id));
    if (row.state != AssistantState::member || !companion.has_value() ||
        companion->state != ChatState::active) {
        return fail(Errc::permission_denied, "CLT-81");
    }
    const wire::Grant& grant = row.announcement.grant;
    if (grant.expires_at < std::max(step.now, companion->newest_acceptance)) {
        return fail(Errc::expired, "CLT-82");
    }
    if (std::ranges::find(grant.scopes, command.scope) == grant.scopes.end()) {
        return fail(Errc::permission_denied, "CLT-83");
    }
    if (command.text.empty() || command.text.size() > wire::Question::kTextMaxBytes ||
        !wire::is_utf8(as_bytes(command.text))) {
        return fail(Errc::invalid_argument, "CLT-08");
    }
    const auto content = make_content(step,
                                      wire::ContentType::question,
                                      wire::encode(wire::Question{command.scope, command.text}));
    CHATMCP_TRY(IntentRow intent,
                new_message(step, IntentKind::ask, row.id, content, encode_record(AskExtra())));
    intent.conversation = command.chat;
    intent.companion = row.id;
    CHATMCP_TRY(const wire::MessageId message, recorded(intent.message));
    CHATMCP_TRY_VOID(step.home.put(question_key(message), AskedRow{intent.id}));
    return step.home.save(intent);
}

Result<void> progress_question(Step& step, IntentRow& intent) {
    return intent.stage == publish ? progress_message(step, intent) : Result<void>();
}

Result<void> question_delivered(Step& step, IntentRow& intent) {
    intent.stage = wait_for_answer;
    return step.home.save(intent);
}

namespace {

// Texts of agreeing authors, from where they agreed on and before the question, that the answer did
// not rest on: what the relay or an absent author kept from it.
Result<std::uint32_t> count_lacking(Step& step,
                                    const CompanionRow& row,
                                    const wire::Receipt& receipt) {
    constexpr std::size_t kPage = 256;
    std::vector<wire::MessageId> inputs = receipt.inputs;
    std::ranges::sort(inputs);
    std::uint32_t lacking = 0;
    std::uint64_t since = 0;
    while (true) {
        CHATMCP_TRY(const auto page, step.home.messages(row.conversation, since, kPage));
        for (const MessageRow& message : page) {
            since = message.position;
            const auto content = wire::decode<wire::Content>(message.content);
            if (!content.has_value() || content->type != wire::ContentType::text ||
                message.accepted_at > receipt.time) {
                continue;
            }
            const bool agreed = std::ranges::any_of(row.agreed, [&](const AgreedRow& agreement) {
                return agreement.account == message.author &&
                       (agreement.from == wire::AgreeFrom::past ||
                        agreement.position < message.position);
            });
            if (agreed && !std::ranges::binary_search(inputs, message.id)) {
                ++lacking;
            }
        }
        if (page.size() < kPage) {
            return lacking;
        }
    }
}

Result<void> take_answer(Step& step,
                         IntentRow& intent,
                         const CompanionRow& row,
                         const mls::LeafView& agent,
                         const wire::Answer& answer,
                         UnixMs at) {
    CHATMCP_TRY(mls::Group * group, step.group(row.id));
    if (answer.receipt.asker_leaf != group->view().own_index().value) {
        return fail(Errc::wrong_key, "CLT-88");
    }
    CHATMCP_TRY(const auto body, decode_record<MessageBody>(intent.body));
    CHATMCP_TRY(const AccountRow account, step.home.known_account());
    wire::AnswerPost posted;
    posted.companion_id = row.id;
    posted.asker = account.account;
    CHATMCP_TRY(posted.asked, wire::decode<wire::Content>(body.content));
    posted.answer = answer.answer;
    posted.receipt = answer.receipt;
    posted.keys = answer.keys;
    CHATMCP_TRY(posted.agent_leaf, group->view().encoded_leaf(agent.index));
    CHATMCP_TRY_VOID(appraise_answer(step, row, posted, at));
    CHATMCP_TRY(posted.lacking, count_lacking(step, row, answer.receipt));
    const auto content = make_content(step, wire::ContentType::answer_post, wire::encode(posted));
    CHATMCP_TRY(IntentRow posting,
                new_message(step, IntentKind::post_answer, row.conversation, content));
    posting.companion = row.id;
    CHATMCP_TRY_VOID(step.home.save(posting));
    CHATMCP_TRY(const wire::MessageId post_id, recorded(posting.message));
    CHATMCP_TRY_VOID(step.home.put(home_key("prompts/", post_id), PromptsRow{answer.prompts}));
    CHATMCP_TRY(AskExtra extra, ask_extra(intent));
    extra.post_intent = posting.id;
    extra.post = post_id;
    extra.answer_post = wire::encode(posted);
    extra.first_token_ms = answer.first_token_ms;
    extra.output_tokens = answer.output_tokens;
    extra.generation_ms = answer.generation_ms;
    intent.stage = post;
    return save_ask(step, intent, extra);
}

// The pending question that the agent speaks of, if it is ours.
Result<std::optional<IntentRow>> own_question(Step& step, const wire::MessageId& question) {
    CHATMCP_TRY(const auto asked, step.home.get<AskedRow>(question_key(question)));
    if (!asked.has_value()) {
        return std::optional<IntentRow>();
    }
    CHATMCP_TRY(auto intent, step.home.intent(asked->intent));
    if (!intent.has_value() || intent->state != IntentState::pending || intent->stage >= post) {
        return std::optional<IntentRow>();
    }
    return intent;
}

}  // namespace

Result<void> agent_spoke(Step& step,
                         const ChatRow& companion,
                         const mls::LeafView& agent,
                         const wire::Content& content,
                         UnixMs at) {
    CHATMCP_TRY(const auto row, load_companion(step, companion.id));
    if (!row.has_value()) {
        return {};
    }
    if (content.type == wire::ContentType::progress) {
        const auto progress = wire::decode<wire::Progress>(content.body);
        if (!progress.has_value()) {
            return {};
        }
        CHATMCP_TRY(const auto intent, own_question(step, progress->question));
        if (intent.has_value()) {
            step.notice(QuestionProgress{row->conversation, IntentId{intent->id}, *progress});
        }
        return {};
    }
    if (content.type == wire::ContentType::refusal) {
        const auto refusal = wire::decode<wire::Refusal>(content.body);
        if (!refusal.has_value()) {
            return {};
        }
        CHATMCP_TRY(auto intent, own_question(step, refusal->question));
        if (!intent.has_value()) {
            return {};
        }
        CHATMCP_TRY(AskExtra extra, ask_extra(*intent));
        extra.refusal = wire::encode(*refusal);
        CHATMCP_TRY_VOID(save_ask(step, *intent, extra));
        return refuse(step, *intent, Reason{Errc::refused_by_policy, refusal->check});
    }
    if (content.type != wire::ContentType::answer) {
        return {};
    }
    const auto answer = wire::decode<wire::Answer>(content.body);
    if (!answer.has_value()) {
        return {};
    }
    CHATMCP_TRY(auto intent, own_question(step, answer->receipt.question));
    if (!intent.has_value()) {
        return {};
    }
    const auto taken = take_answer(step, *intent, *row, agent, *answer, at);
    if (!taken.has_value() && !is_home_error(taken.error())) {
        step.misbehaviour(row->conversation, 0, taken.error());
        return refuse(step, *intent, taken.error());
    }
    return taken;
}

Result<void> answer_posted(Step& step, const IntentRow& posted) {
    CHATMCP_TRY(const auto pending, step.home.pending_intents());
    for (IntentRow intent : pending) {
        if (intent.kind != IntentKind::ask) {
            continue;
        }
        CHATMCP_TRY(const AskExtra extra, ask_extra(intent));
        if (extra.post_intent != posted.id) {
            continue;
        }
        CHATMCP_TRY(const auto post_content, wire::decode<wire::AnswerPost>(extra.answer_post));
        CHATMCP_TRY(const ChatId companion, recorded(posted.companion));
        CHATMCP_TRY(CompanionRow row, known_companion(step, companion));
        row.receipts = std::max(row.receipts, post_content.receipt.sequence);
        CHATMCP_TRY_VOID(save_companion(step, row));
        return deliver(step, intent);
    }
    return {};
}

}  // namespace chatmcp::client
