// What a user interface may ask: Client's functions that change nothing a conversation depends on.
#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "client/account.h"
#include "client/assistant_intents.h"
#include "client/client.h"
#include "client/client_state.h"
#include "client/companion.h"
#include "client/conversation.h"
#include "client/intents.h"
#include "client/questions.h"
#include "identity/device_log.h"

namespace chatmcp::client {
namespace {

constexpr std::size_t kIdPrefixMin = 6;

Result<std::vector<Distrusted>> distrusted_of(Step& step, const ChatRow& chat) {
    std::vector<Distrusted> out;
    if (chat.distrusted.empty()) {
        return out;
    }
    CHATMCP_TRY(mls::Group * group, step.group(chat.id));
    for (const DistrustRow& row : chat.distrusted) {
        Distrusted shown{.member = {}, .agent = false, .reason = row.reason.reason()};
        const auto leaf = group->view().member(mls::LeafIndex{row.leaf});
        if (leaf.has_value()) {
            CHATMCP_TRY(const LeafIdentity who, identity_of(*leaf));
            shown.member = who.account;
            shown.agent = who.agent;
        }
        out.push_back(std::move(shown));
    }
    return out;
}

Result<std::uint32_t> count_unread(Step& step, const ChatRow& chat) {
    constexpr std::size_t kPage = 256;
    std::uint32_t unread = 0;
    std::uint64_t since = chat.read_through;
    while (chat.state != ChatState::request) {
        CHATMCP_TRY(const auto page, step.home.messages(chat.id, since, kPage));
        for (const MessageRow& row : page) {
            since = row.position;
            unread += row.self || row.position > chat.cursor ? 0 : 1;
        }
        if (page.size() < kPage) {
            break;
        }
    }
    return unread;
}

bool has_group(const ChatRow& chat) {
    return chat.state != ChatState::left && chat.state != ChatState::removed;
}

Result<ChatSummary> summary_of(Step& step, const ChatRow& chat) {
    ChatSummary out;
    out.chat = chat.id;
    out.title = chat.title;
    out.state = chat.state;
    out.epoch = chat.epoch;
    out.last_position = chat.cursor;
    out.received_at = chat.received_at;
    if (has_group(chat)) {
        CHATMCP_TRY(mls::Group * group, step.group(chat.id));
        out.members = static_cast<std::uint32_t>(group->view().member_count());
    }
    CHATMCP_TRY(out.unread, count_unread(step, chat));
    if (!chat.inviter.empty()) {
        out.inviter = chat.inviter;
    }
    CHATMCP_TRY(out.distrusted, distrusted_of(step, chat));
    if (chat.reason.has_value()) {
        out.reason = chat.reason->reason();
    } else if (!out.distrusted.empty()) {
        out.reason = out.distrusted.front().reason;
    }
    return out;
}

MessageView view_of(const MessageRow& row) {
    MessageView view;
    view.position = row.position;
    view.id = row.id;
    view.author = row.author;
    view.self = row.self;
    view.accepted_at = row.accepted_at;
    view.read_at = row.read_at;
    if (row.reason.has_value()) {
        view.reason = row.reason->reason();
    }
    const auto content = wire::decode<wire::Content>(row.content);
    if (!content.has_value()) {
        return view;
    }
    view.type = content->type;
    view.sent_at = content->sent_at;
    switch (content->type) {
        case wire::ContentType::text:
            view.text = to_text(content->body);
            break;
        case wire::ContentType::announcement:
            if (auto body = wire::decode<wire::Announcement>(content->body); body.has_value()) {
                view.announcement = *std::move(body);
            }
            break;
        case wire::ContentType::agreement:
            if (auto body = wire::decode<wire::Agreement>(content->body); body.has_value()) {
                view.agreement = *std::move(body);
            }
            break;
        case wire::ContentType::answer_post:
            if (auto body = wire::decode<wire::AnswerPost>(content->body); body.has_value()) {
                view.text = body->answer.text;
                view.answer = *std::move(body);
            }
            break;
        default:
            break;
    }
    return view;
}

// Own texts that are on their way, or were refused before they had a place.
Result<std::vector<MessageView>> pending_messages(Step& step, const ChatRow& chat) {
    std::vector<MessageView> out;
    CHATMCP_TRY(const AccountRow account, step.home.known_account());
    CHATMCP_TRY(const auto pending, step.home.pending_intents());
    for (const IntentRow& intent : pending) {
        if (intent.kind != IntentKind::send_text || intent.chat != chat.id) {
            continue;
        }
        CHATMCP_TRY(const auto body, decode_record<MessageBody>(intent.body));
        MessageRow row;
        CHATMCP_TRY(row.id, recorded(intent.message));
        row.author = account.account;
        row.self = true;
        row.content = body.content;
        row.reason = intent.reason;
        MessageView view = view_of(row);
        view.state = IntentState::pending;
        out.push_back(std::move(view));
    }
    return out;
}

void fill_report(AssistantReport& report, const attest::Appraisal& appraisal) {
    report.accepted = appraisal.report.accepted && appraisal.evidence().has_value();
    for (const attest::Factor& factor : appraisal.report.factors) {
        report.factors.push_back({std::string(attest::factor_name(factor.id)),
                                  std::string(attest::verdict_name(factor.verdict)),
                                  factor.meaning,
                                  factor.remedy});
        if (factor.error.has_value()) {
            report.refusals.push_back({Reason::from(*factor.error), factor.meaning});
        }
    }
    if (appraisal.report.claims.has_value()) {
        report.evidence_class = attest::class_name(attest::class_of(appraisal.report.claims->kind));
        report.evidence_at = appraisal.report.claims->issued;
    }
}

void fill_credential(AssistantReport& report, const identity::AgentCredential& credential) {
    report.enclave_key = credential.enclave_key;
    report.measurement = credential.measurement;
    report.configuration_digest = credential.configuration_digest;
    report.operator_account = credential.operator_account.text();
}

Result<std::string> checked_prefix(std::string_view text) {
    if (text.size() < kIdPrefixMin) {
        return fail(Errc::invalid_argument, "CLT-11");
    }
    return std::string(text);
}

}  // namespace

// ---- Account ----

Result<std::optional<AccountView>> Client::account(Transaction& home) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY_VOID(opened.begin());
    CHATMCP_TRY(const auto row, opened.home.account());
    if (!row.has_value()) {
        return std::optional<AccountView>();
    }
    CHATMCP_TRY(const RelayRow relay, opened.home.relay());
    AccountView view;
    CHATMCP_TRY(view.account, identity::Caip10::parse(row->account));
    view.root_key = crypto::SigningKey::from_seed(row->root_seed).public_key();
    view.inbox = identity::inbox_id(view.root_key);
    view.relay_key = relay.relay_key.value_or(wire::Ed25519Key{});
    view.registered = row->registered;
    view.key_packages = relay.key_packages;
    if (row->proof_made) {
        const auto proof = wire::decode<identity::WalletProof>(row->wallet_proof);
        if (proof.has_value()) {
            view.root_expires_at =
                UnixMs{static_cast<std::int64_t>(proof->expires_at_s) * kSecondMs};
        }
    }
    return std::optional<AccountView>(std::move(view));
}

Result<StatusView> Client::status(Transaction& home) {
    StatusView view;
    CHATMCP_TRY(view.account, account(home));
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const auto ids, opened.home.chats());
    for (const ChatId& id : ids) {
        CHATMCP_TRY(const ChatRow chat, opened.home.known_chat(id));
        view.chats += chat.companion_of.has_value() ? 0 : 1;
        view.requests += chat.state == ChatState::request ? 1 : 0;
    }
    CHATMCP_TRY(const auto pending_rows, opened.home.pending_intents());
    view.pending = static_cast<std::uint32_t>(pending_rows.size());
    CHATMCP_TRY(const RelayRow relay, opened.home.relay());
    if (relay.skew.has_value()) {
        view.clock_skew_ms = relay.skew->value;
    }
    return view;
}

// ---- Conversations ----

Result<std::vector<ChatSummary>> Client::chats(Transaction& home) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY_VOID(opened.begin());
    std::vector<ChatSummary> out;
    CHATMCP_TRY(const auto ids, opened.home.chats());
    for (const ChatId& id : ids) {
        CHATMCP_TRY(const ChatRow row, opened.home.known_chat(id));
        if (!row.companion_of.has_value()) {
            CHATMCP_TRY(ChatSummary summary, summary_of(opened.step, row));
            out.push_back(std::move(summary));
        }
    }
    return out;
}

Result<ChatId> Client::find_chat(Transaction& home, std::string_view text) {
    CHATMCP_TRY(const std::string prefix, checked_prefix(text));
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const auto ids, opened.home.chats());
    std::optional<ChatId> found;
    for (const ChatId& id : ids) {
        CHATMCP_TRY(const ChatRow row, opened.home.known_chat(id));
        if (row.companion_of.has_value() || !to_hex(id).starts_with(prefix)) {
            continue;
        }
        if (found.has_value()) {
            return fail(Errc::invalid_argument, "CLT-11");
        }
        found = id;
    }
    return found.has_value() ? Result<ChatId>(*found) : fail(Errc::not_found, "CLT-10");
}

Result<ChatView> Client::chat(Transaction& home, const ChatId& id) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY_VOID(opened.begin());
    CHATMCP_TRY(const ChatRow row, opened.home.known_chat(id));
    ChatView view;
    CHATMCP_TRY(view.summary, summary_of(opened.step, row));
    view.topic = wire::topic_of(id);
    view.sequencer = row.relay_key;
    if (has_group(row)) {
        CHATMCP_TRY(mls::Group * group, opened.step.group(id));
        view.epoch_authenticator = to_bytes(group->view().epoch_authenticator());
        CHATMCP_TRY(const auto roles,
                    component_of<wire::Roles>(
                        group->view().components(), wire::ComponentId::roles, "CLT-60"));
        view.admins = roles.admins;
    }
    for (const GapRow& gap : row.gaps) {
        view.gaps.push_back({gap.from, gap.to});
    }
    view.companion = row.open_companion;
    CHATMCP_TRY(const auto rows, opened.home.pending_intents());
    for (const IntentRow& intent : rows) {
        if (intent.chat == id || intent.conversation == id) {
            view.pending.push_back(client::view_of(intent));
        }
    }
    return view;
}

Result<std::vector<MemberView>> Client::members(Transaction& home, const ChatId& id) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY_VOID(opened.begin());
    CHATMCP_TRY(const ChatRow row, opened.home.known_chat(id));
    std::vector<MemberView> out;
    if (!has_group(row)) {
        return out;
    }
    CHATMCP_TRY(mls::Group * group, opened.step.group(id));
    CHATMCP_TRY(
        const auto roles,
        component_of<wire::Roles>(group->view().components(), wire::ComponentId::roles, "CLT-60"));
    for (const mls::LeafView& leaf : group->view().members()) {
        CHATMCP_TRY(const LeafIdentity who, identity_of(leaf));
        MemberView& view = out.emplace_back();
        view.account = who.account;
        view.agent = who.agent;
        view.self = leaf.index == group->view().own_index();
        view.admin =
            !who.agent && std::ranges::find(roles.admins, who.account) != roles.admins.end();
        CHATMCP_TRY(const bool spoken, has_spoken(opened.step, id, who.account));
        view.state = spoken || view.self ? MemberView::State::present : MemberView::State::invited;
        if (who.device.has_value() && who.device->delegation.not_after < row.newest_acceptance) {
            view.state = MemberView::State::expired;
        }
        for (const DistrustRow& distrust : row.distrusted) {
            if (distrust.leaf == leaf.index.value) {
                view.state = MemberView::State::distrusted;
                view.reason = distrust.reason.reason();
            }
        }
    }
    return out;
}

Result<std::vector<MessageView>> Client::messages(Transaction& home,
                                                  const ChatId& id,
                                                  std::uint64_t since,
                                                  std::size_t limit) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const ChatRow chat, opened.home.known_chat(id));
    std::vector<MessageView> out;
    if (chat.state == ChatState::request) {
        return out;
    }
    CHATMCP_TRY(const auto rows, opened.home.messages(id, since, limit));
    for (const MessageRow& row : rows) {
        if (row.position <= chat.cursor) {
            out.push_back(view_of(row));
        }
    }
    if (rows.size() < limit) {
        CHATMCP_TRY(auto waiting, pending_messages(opened.step, chat));
        std::ranges::move(waiting, std::back_inserter(out));
    }
    return out;
}

Result<MessageView> Client::find_message(Transaction& home,
                                         const ChatId& id,
                                         std::string_view text) {
    constexpr std::size_t kPage = 256;
    CHATMCP_TRY(const std::string prefix, checked_prefix(text));
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const ChatRow chat, opened.home.known_chat(id));
    std::optional<MessageView> found;
    std::uint64_t since = 0;
    while (chat.state != ChatState::request) {
        CHATMCP_TRY(const auto page, opened.home.messages(id, since, kPage));
        for (const MessageRow& row : page) {
            since = row.position;
            if (row.content.empty() || !to_hex(row.id).starts_with(prefix)) {
                continue;
            }
            if (found.has_value()) {
                return fail(Errc::invalid_argument, "CLT-11");
            }
            found = view_of(row);
        }
        if (page.size() < kPage) {
            break;
        }
    }
    return found.has_value() ? Result<MessageView>(*std::move(found))
                             : fail(Errc::not_found, "CLT-14");
}

Result<void> Client::mark_read(Transaction& home, const ChatId& id, std::uint64_t through) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(ChatRow row, opened.home.known_chat(id));
    if (through <= row.read_through) {
        return {};
    }
    row.read_through = through;
    return opened.home.save(row);
}

// ---- Intents ----

Result<IntentView> Client::intent(Transaction& home, IntentId id) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const auto row, opened.home.intent(id.value));
    return row.has_value() ? Result<IntentView>(client::view_of(*row))
                           : fail(Errc::not_found, "CLT-12");
}

Result<std::vector<IntentView>> Client::pending(Transaction& home) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const auto rows, opened.home.pending_intents());
    std::vector<IntentView> out;
    for (const IntentRow& row : rows) {
        out.push_back(client::view_of(row));
    }
    return out;
}

// ---- Assistants ----

Result<std::vector<AssistantView>> Client::assistants(Transaction& home) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const auto row, opened.home.get<AgentsRow>(home_key("agents/")));
    std::vector<AssistantView> out;
    for (const Bytes& encoded : row.has_value() ? row->entries : std::vector<Bytes>()) {
        CHATMCP_TRY(const ListedAgent agent, verify_entry(encoded));
        AssistantView& view = out.emplace_back();
        view.enclave_key = agent.credential.enclave_key;
        view.name = agent.entry.name;
        view.model = agent.entry.model;
        view.operator_account = agent.credential.operator_account.text();
        view.measurement = agent.credential.measurement;
        view.configuration_digest = agent.credential.configuration_digest;
        view.credential_digest = agent.credential.digest();
        for (const std::uint8_t scope : agent.entry.scopes) {
            view.scopes.push_back(static_cast<wire::Scope>(scope));
        }
    }
    return out;
}

Result<AssistantReport> Client::chat_assistant(Transaction& home, const ChatId& id, UnixMs now) {
    Opened opened(home, *state_, now);
    CHATMCP_TRY_VOID(opened.begin());
    const auto row = companion_of_chat(opened.step, id);
    if (!row.has_value()) {
        return row.error().code == Errc::not_found ? fail(Errc::not_found, "CLT-13")
                                                   : fail(row.error());
    }
    CHATMCP_TRY(const ShownAgentLeaf shown,
                verify_shown_leaf(row->announcement.agent_leaf,
                                  row->id,
                                  row->announcement.grant.agent_credential_digest));
    AssistantReport report;
    fill_credential(report, shown.credential);
    report.companion = row->id;
    report.grant = row->announcement.grant;
    report.grant_digest = row->announcement.grant.digest();
    const bool over = report.grant->expires_at < now;
    report.state =
        over && row->state != AssistantState::revoked ? AssistantState::expired : row->state;
    report.evidence = shown.evidence.evidence;
    report.copied = row->copied;
    for (const AgreedRow& agreed : row->agreed) {
        report.agreed.push_back({agreed.account, agreed.from, agreed.position});
    }
    CHATMCP_TRY(const auto companion, opened.home.chat(row->id));
    if (companion.has_value()) {
        report.companion_epoch = companion->epoch;
        report.companion_position = companion->cursor;
    }
    CHATMCP_TRY(const auto appraisal, appraise_announced(opened.step, *row));
    fill_report(report, appraisal);
    return report;
}

Result<AssistantReport> Client::assistant_report(Transaction& home,
                                                 const wire::Ed25519Key& enclave_key,
                                                 UnixMs now) {
    Opened opened(home, *state_, now);
    CHATMCP_TRY_VOID(opened.begin());
    CHATMCP_TRY(const auto probe, opened.home.get<ProbeRow>(home_key("probe/", enclave_key)));
    if (!probe.has_value()) {
        return fail(Errc::not_found, "CLT-13");
    }
    CHATMCP_TRY(const ListedAgent agent, verify_entry(probe->entry));
    CHATMCP_TRY(const auto leaf, mls::inspect_key_package(probe->key_package));
    CHATMCP_TRY(const auto evidence,
                component_of<wire::EvidenceComponent>(
                    leaf.components, wire::ComponentId::evidence, "CLT-54"));
    AssistantReport report;
    fill_credential(report, agent.credential);
    report.evidence = evidence.evidence;
    CHATMCP_TRY(const auto appraisal, appraise_probe(*probe, opened.step.trust, now));
    fill_report(report, appraisal);
    return report;
}

Result<AskView> Client::asked(Transaction& home, IntentId id) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const auto row, opened.home.intent(id.value));
    if (!row.has_value() || row->kind != IntentKind::ask) {
        return fail(Errc::not_found, "CLT-12");
    }
    CHATMCP_TRY(const AskExtra extra, ask_extra(*row));
    AskView view;
    view.intent = client::view_of(*row);
    view.post_id = extra.post;
    view.timing = {extra.first_token_ms, extra.output_tokens, extra.generation_ms};
    if (!extra.refusal.empty()) {
        CHATMCP_TRY(view.refusal, wire::decode<wire::Refusal>(extra.refusal));
    }
    if (!extra.answer_post.empty()) {
        CHATMCP_TRY(view.post, wire::decode<wire::AnswerPost>(extra.answer_post));
        CHATMCP_TRY(const ChatId conversation, recorded(row->conversation));
        for (const wire::MessageId& message : view.post->answer.rests_on) {
            CHATMCP_TRY(const auto position, opened.home.seen(conversation, message));
            view.rests_on_positions.push_back(position.value_or(0));
        }
    }
    return view;
}

Result<ReceiptFile> Client::receipt(Transaction& home,
                                    const ChatId& id,
                                    const wire::MessageId& answer_post) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const auto position, opened.home.seen(id, answer_post));
    if (!position.has_value()) {
        return fail(Errc::not_found, "CLT-14");
    }
    CHATMCP_TRY(const auto message, opened.home.message(id, *position));
    if (!message.has_value()) {
        return fail(Errc::not_found, "CLT-14");
    }
    const auto content = wire::decode<wire::Content>(message->content);
    if (!content.has_value() || content->type != wire::ContentType::answer_post) {
        return fail(Errc::not_found, "CLT-14");
    }
    ReceiptFile file;
    CHATMCP_TRY(file.answer_post, wire::decode<wire::AnswerPost>(content->body));
    file.answered_at = message->accepted_at;
    CHATMCP_TRY(const auto row, load_companion(opened.step, file.answer_post.companion_id));
    if (!row.has_value()) {
        return fail(Errc::not_found, "CLT-80");
    }
    file.announcement = row->announcement;
    file.announced_at = row->announced_at;
    CHATMCP_TRY(const auto prompts, opened.home.get<PromptsRow>(home_key("prompts/", answer_post)));
    if (prompts.has_value()) {
        file.prompts = prompts->prompts;
    }
    return file;
}

Result<std::optional<Bytes>> Client::policy(Transaction& home) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const auto row, opened.home.get<PolicyRow>(home_key("policy/")));
    return row.has_value() ? std::optional<Bytes>(row->json) : std::nullopt;
}

// ---- The receipt's file ----

Result<ReceiptFile> ReceiptFile::read(wire::Reader& reader) {
    ReceiptFile out;
    CHATMCP_TRY(const std::uint16_t version, reader.u16());
    if (version != kVersion) {
        return fail(Errc::unsupported_version, "CLT-38");
    }
    const auto time = [&]() -> Result<UnixMs> {
        CHATMCP_TRY(const std::uint64_t value, reader.u64());
        if (value >> 63 != 0) {
            return fail(Errc::malformed, "CLT-37");
        }
        return UnixMs{static_cast<std::int64_t>(value)};
    };
    CHATMCP_TRY(const ByteView announcement, reader.vector(kMaxBytes));
    CHATMCP_TRY(out.announcement, wire::decode<wire::Announcement>(announcement));
    CHATMCP_TRY(out.announced_at, time());
    CHATMCP_TRY(const ByteView post, reader.vector(kMaxBytes));
    CHATMCP_TRY(out.answer_post, wire::decode<wire::AnswerPost>(post));
    CHATMCP_TRY(out.answered_at, time());
    CHATMCP_TRY(wire::Reader list, reader.sub(kMaxBytes));
    while (!list.empty()) {
        CHATMCP_TRY(const ByteView prompt, list.vector(kMaxBytes));
        out.prompts.push_back(to_bytes(prompt));
    }
    return out;
}

void ReceiptFile::write(wire::Writer& writer) const {
    writer.u16(kVersion);
    writer.vector(wire::encode(announcement));
    writer.u64(static_cast<std::uint64_t>(announced_at.value));
    writer.vector(wire::encode(answer_post));
    writer.u64(static_cast<std::uint64_t>(answered_at.value));
    writer.vector_of([&](wire::Writer& list) {
        for (const Bytes& prompt : prompts) {
            list.vector(prompt);
        }
    });
}

}  // namespace chatmcp::client
