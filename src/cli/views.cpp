#include "cli/views.h"

#include "cli/lookup.h"

namespace chatmcp::cli {

std::string chat_state_text(const client::ChatSummary& chat) {
    if (!chat.distrusted.empty() && chat.state == client::ChatState::active) {
        return "quarantined";
    }
    switch (chat.state) {
        case client::ChatState::creating:
            return "creating";
        case client::ChatState::request:
            return "request";
        case client::ChatState::active:
            return "active";
        case client::ChatState::leaving:
            return "leaving";
        case client::ChatState::left:
            return "left";
        case client::ChatState::removed:
            return "removed";
        case client::ChatState::broken:
            return "broken";
        case client::ChatState::lost:
            return "lost";
    }
    return "unknown";
}

std::string member_state_text(client::MemberView::State state) {
    switch (state) {
        case client::MemberView::State::present:
            return "present";
        case client::MemberView::State::invited:
            return "invited";
        case client::MemberView::State::expired:
            return "expired";
        case client::MemberView::State::distrusted:
            return "distrusted";
    }
    return "unknown";
}

std::string intent_state_text(client::IntentState state) {
    switch (state) {
        case client::IntentState::pending:
            return "pending";
        case client::IntentState::delivered:
            return "delivered";
        case client::IntentState::refused:
            return "refused";
    }
    return "unknown";
}

std::string from_text(wire::AgreeFrom from) {
    return from == wire::AgreeFrom::past ? "past" : "now";
}

Json scopes_json(const std::vector<wire::Scope>& scopes) {
    Json list = Json::array();
    for (const wire::Scope scope : scopes) {
        list.push_back(scope == wire::Scope::answer ? "answer" : "summarise");
    }
    return list;
}

Json reason_json(const std::optional<client::Reason>& reason) {
    return reason.has_value() ? Json(reason->check) : Json(nullptr);
}

Json chat_json(const client::ChatView& view) {
    Json pending = Json::array();
    for (const client::IntentView& intent : view.pending) {
        pending.push_back({{"intent", intent.id.value}, {"reason", reason_json(intent.reason)}});
    }
    Json gaps = Json::array();
    for (const client::Gap& gap : view.gaps) {
        gaps.push_back({{"from", gap.from}, {"to", gap.to}});
    }
    Json admins = Json::array();
    for (const std::string& admin : view.admins) {
        admins.push_back(address_of(admin));
    }
    const client::ChatSummary& summary = view.summary;
    return {{"chat", hex(summary.chat)},
            {"title", summary.title},
            {"state", chat_state_text(summary)},
            {"epoch", summary.epoch},
            {"topic", hex(view.topic)},
            {"sequencer", hex(view.sequencer)},
            {"handshakes", view.public_handshakes ? "public" : "private"},
            {"epoch_authenticator", hex(view.epoch_authenticator)},
            {"admins", std::move(admins)},
            {"members", summary.members},
            {"pending", std::move(pending)},
            {"gaps", std::move(gaps)},
            {"reason", reason_json(summary.reason)},
            {"assistant", view.companion ? Json(hex(*view.companion)) : Json(nullptr)},
            {"predecessor", view.predecessor ? Json(hex(*view.predecessor)) : Json(nullptr)},
            {"successor", view.successor ? Json(hex(*view.successor)) : Json(nullptr)}};
}

namespace {

std::string kind_text(wire::ContentType type) {
    switch (type) {
        case wire::ContentType::announcement:
            return "announcement";
        case wire::ContentType::agreement:
            return "agreement";
        case wire::ContentType::answer_post:
            return "answer";
        case wire::ContentType::payment:
            return "payment";
        case wire::ContentType::payment_request:
            return "payment request";
        default:
            return "text";
    }
}

Json answer_json(const wire::AnswerPost& post) {
    Json rests_on = Json::array();
    for (const wire::MessageId& id : post.answer.rests_on) {
        rests_on.push_back(hex(id));
    }
    return {{"question", post.question().text},
            {"answer", post.answer.text},
            {"points", post.answer.points},
            {"rests_on", std::move(rests_on)},
            {"dropped", post.answer.dropped},
            {"lacking", post.lacking},
            {"platform", post.receipt.platform}};
}

}  // namespace

Json message_json(const client::MessageView& message) {
    Json object = {{"position", message.position},
                   {"message", hex(message.id)},
                   {"author", address_of(message.author)},
                   {"kind", kind_text(message.type)},
                   {"text", message.text},
                   {"sent_ms", message.sent_at.value},
                   {"accepted_ms", message.accepted_at.value},
                   {"read_ms", message.read_at.value},
                   {"state", intent_state_text(message.state)},
                   {"self", message.self}};
    if (message.announcement) {
        object["assistant"] = hex(message.announcement->companion_id);
    }
    if (message.answer) {
        object["answer"] = answer_json(*message.answer);
    }
    return object;
}

std::string message_text(const client::MessageView& message) {
    std::string line = std::to_string(message.position) + "  " + address_of(message.author) + "  ";
    if (message.type != wire::ContentType::text) {
        line += "[" + kind_text(message.type) + "] ";
    }
    line += printable(message.text);
    if (message.answer) {
        for (const std::string& point : message.answer->answer.points) {
            line += "\n    - " + printable(point);
        }
        line += "\n    (" + printable(message.answer->receipt.platform) + "; rests on " +
                std::to_string(message.answer->answer.rests_on.size()) + " messages)";
    }
    if (message.reason) {
        line += "  [" + message.reason->check + "]";
    }
    return line;
}

namespace {

std::string assistant_state_text(client::AssistantState state) {
    switch (state) {
        case client::AssistantState::offered:
            return "offered";
        case client::AssistantState::announced:
            return "announced";
        case client::AssistantState::agreed:
            return "agreed";
        case client::AssistantState::member:
            return "member";
        case client::AssistantState::declined:
            return "declined";
        case client::AssistantState::revoked:
            return "revoked";
        case client::AssistantState::expired:
            return "expired";
    }
    return "unknown";
}

}  // namespace

Json report_json(const client::AssistantReport& report) {
    Json refusals = Json::array();
    for (const client::RefusalView& refusal : report.refusals) {
        refusals.push_back({{"check", refusal.reason.check}, {"detail", refusal.detail}});
    }
    Json factors = Json::array();
    for (const client::FactorView& factor : report.factors) {
        factors.push_back({{"id", factor.id},
                           {"result", factor.result},
                           {"detail", factor.detail},
                           {"remedy", factor.remedy}});
    }
    Json agreed = Json::array();
    for (const client::AgreedView& each : report.agreed) {
        agreed.push_back({{"address", address_of(each.account)}, {"from", from_text(each.from)}});
    }
    return {{"assistant", hex(report.enclave_key)},
            {"companion", report.companion ? Json(hex(*report.companion)) : Json(nullptr)},
            {"measurement", hex(report.measurement)},
            {"configuration", hex(report.configuration_digest)},
            {"class", report.evidence_class},
            {"scopes", report.grant ? scopes_json(report.grant->scopes) : Json::array()},
            {"until_ms", report.grant ? Json(report.grant->expires_at.value) : Json(nullptr)},
            {"state", assistant_state_text(report.state)},
            {"accepted", report.accepted},
            {"refusals", std::move(refusals)},
            {"factors", std::move(factors)},
            {"agreed", std::move(agreed)},
            {"position", report.companion_position}};
}

std::string report_text(const client::AssistantReport& report) {
    std::string text = "assistant    " + hex(report.enclave_key) + "\nclass        " +
                       report.evidence_class + "\nmeasurement  " + hex(report.measurement) +
                       "\nstate        " + assistant_state_text(report.state) + "\n";
    for (const client::FactorView& factor : report.factors) {
        text += factor.result +
                std::string(factor.result.size() < 15 ? 15 - factor.result.size() : 1, ' ') +
                factor.id + ": " + printable(factor.detail) +
                (factor.remedy.empty() ? "" : " (" + factor.remedy + ")") + "\n";
    }
    for (const client::RefusalView& refusal : report.refusals) {
        text += "refused        " + refusal.reason.check + ": " + printable(refusal.detail) + "\n";
    }
    return text + (report.accepted ? "accepted by your policy" : "not accepted by your policy");
}

std::string lines_of(const Json& object) {
    std::string text;
    for (const auto& [key, value] : object.items()) {
        const std::string shown =
            value.is_string() ? printable(value.get<std::string>()) : value.dump();
        text += text.empty() ? "" : "\n";
        text += key;
        text.append(key.size() < 20 ? 20 - key.size() : 1, ' ');
        text += shown;
    }
    return text;
}

Result<ExitCode> run_on_chat(const Context& context,
                             const std::string& chat,
                             const std::function<client::Command(const client::ChatId&)>& command) {
    CHATMCP_TRY(Home home, Home::open(context.options, false));
    CHATMCP_TRY(const auto id, chat_named(home, chat));
    CHATMCP_TRY(Session session, Session::open(home, context.options));
    CHATMCP_TRY(const auto decided, session.run(command(id)));
    if (decided && decided->state == client::IntentState::refused) {
        return refused_as(decided->reason.value_or(client::Reason{}));
    }
    CHATMCP_TRY(
        const auto view,
        (look<client::ChatView>(home, [&](client::Client& client, Transaction& transaction) {
            return client.chat(transaction, id);
        })));
    context.output.line({{"chat", hex(id)}, {"state", chat_state_text(view.summary)}},
                        chat_state_text(view.summary));
    return ExitCode::done;
}

}  // namespace chatmcp::cli
