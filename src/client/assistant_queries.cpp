// What a user interface asks about assistants, questions and receipts.

#include <algorithm>
#include <utility>

#include "client/account.h"
#include "client/assistant_intents.h"
#include "client/client.h"
#include "client/client_state.h"
#include "client/companion.h"
#include "client/conversation.h"
#include "client/intents.h"
#include "client/questions.h"

namespace chatmcp::client {
namespace {

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
        report.evidence_at = appraisal.report.claims->issued.value_or(UnixMs{});
    }
}

void fill_credential(AssistantReport& report, const identity::AgentCredential& credential) {
    report.enclave_key = credential.enclave_key;
    report.measurement = credential.measurement;
    report.configuration_digest = credential.configuration_digest;
    report.operator_account = credential.operator_account.text();
}

}  // namespace

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
