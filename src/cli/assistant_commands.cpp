#include <algorithm>

#include <CLI/CLI.hpp>

#include "base/encoding.h"
#include "cli/command.h"
#include "cli/lookup.h"
#include "cli/views.h"

namespace chatmcp::cli {

namespace {

Result<std::vector<client::AssistantView>> fetch_assistants(Home& home, Session& session) {
    CHATMCP_TRY_VOID(run_to_end(session, client::FetchAssistants{}));
    return look<std::vector<client::AssistantView>>(
        home, [](client::Client& client, Transaction& transaction) {
            return client.assistants(transaction);
        });
}

/// An assistant by its key's hex or a prefix of it. Errors: not_found (CLI-20); invalid_argument
/// (CLI-21) ambiguous.
Result<wire::Ed25519Key> assistant_named(Home& home, Session& session, const std::string& text) {
    CHATMCP_TRY(const auto assistants, fetch_assistants(home, session));
    std::optional<wire::Ed25519Key> found;
    for (const client::AssistantView& each : assistants) {
        if (text.size() >= 6 && hex(each.enclave_key).starts_with(text)) {
            if (found) {
                return fail(Errc::invalid_argument, "CLI-20");
            }
            found = each.enclave_key;
        }
    }
    return found ? Result<wire::Ed25519Key>(*found) : fail(Errc::not_found, "CLI-20");
}

const std::vector<std::string>& report_fields() {
    static const std::vector<std::string> fields = {"assistant",
                                                    "companion",
                                                    "measurement",
                                                    "configuration",
                                                    "class",
                                                    "scopes",
                                                    "until_ms",
                                                    "state",
                                                    "accepted",
                                                    "refusals",
                                                    "factors",
                                                    "agreed",
                                                    "position"};
    return fields;
}

Result<client::AssistantReport> report_of_chat(Home& home, const client::ChatId& chat) {
    return look<client::AssistantReport>(
        home, [&](client::Client& client, Transaction& transaction) {
            return client.chat_assistant(transaction, chat, SystemClock().now());
        });
}

class AssistantList final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "assistant list"; }
    [[nodiscard]] std::string summary() const override {
        return "assistants that the relay knows: a hint, only evidence counts";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"assistant", "name", "model", "operator", "measurement", "scopes", "verified"};
    }
    void add_options(CLI::App&) override {}
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY(const auto assistants, fetch_assistants(home, session));
        for (const client::AssistantView& each : assistants) {
            context.output.line({{"assistant", hex(each.enclave_key)},
                                 {"name", each.name},
                                 {"model", each.model},
                                 {"operator", address_of(each.operator_account)},
                                 {"measurement", hex(each.measurement)},
                                 {"scopes", scopes_json(each.scopes)},
                                 {"verified", false}},
                                hex(each.enclave_key).substr(0, 16) + "  " + printable(each.name) +
                                    "  " + printable(each.model) +
                                    "  (not verified: see `chatmcp assistant show`)");
        }
        return ExitCode::done;
    }
};

class AssistantShow final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "assistant show"; }
    [[nodiscard]] std::string summary() const override {
        return "factor report of a conversation's assistant, or of one to invite";
    }
    [[nodiscard]] std::vector<std::string> fields() const override { return report_fields(); }
    void add_options(CLI::App& app) override {
        app.add_option("CHAT", subject_, "conversation, or assistant key")->required();
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        const auto chat = chat_named(home, subject_);
        if (chat.has_value()) {
            CHATMCP_TRY_VOID(session.synchronise(*chat));
            CHATMCP_TRY(const auto report, report_of_chat(home, *chat));
            context.output.line(report_json(report), report_text(report));
            return ExitCode::done;
        }
        CHATMCP_TRY(const auto key, assistant_named(home, session, subject_));
        CHATMCP_TRY_VOID(run_to_end(session, client::ProbeAssistant{key}));
        CHATMCP_TRY(const auto report,
                    (look<client::AssistantReport>(
                        home, [&](client::Client& client, Transaction& transaction) {
                            return client.assistant_report(transaction, key, SystemClock().now());
                        })));
        context.output.line(report_json(report), report_text(report));
        return ExitCode::done;
    }

  private:
    std::string subject_;
};

/// Errors: invalid_argument (CLI-21) an unknown scope.
Result<std::vector<wire::Scope>> scopes_of(const std::vector<std::string>& names) {
    std::vector<wire::Scope> scopes;
    for (const wire::Scope scope : {wire::Scope::answer, wire::Scope::summarise}) {
        const std::string name = scopes_json({scope}).front();
        if (std::ranges::find(names, name) != names.end()) {
            scopes.push_back(scope);
        }
    }
    const bool all_known = scopes.size() == names.size() && !scopes.empty();
    return all_known ? Result<std::vector<wire::Scope>>(scopes)
                     : fail(Errc::invalid_argument, "CLI-21");
}

class AssistantInvite final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "assistant invite"; }
    [[nodiscard]] std::string summary() const override {
        return "make a companion with an assistant and announce it";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "companion", "assistant", "grant", "measurement", "scopes", "until_ms"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("CHAT", chat_)->required();
        app.add_option("ASSISTANT", assistant_)->required();
        app.add_option("--scope", scopes_, "answer, summarise")
            ->required()
            ->delimiter(',')
            ->type_name("LIST");
        app.add_option("--until", until_, "when the grant ends, RFC 3339")
            ->required()
            ->type_name("TIME");
        app.add_flag("--past", past_, "copy your past words too");
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(const auto scopes, scopes_of(scopes_));
        CHATMCP_TRY(const UnixMs until, from_time_text(until_));
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY(const auto key, assistant_named(home, session, assistant_));
        const auto from = past_ ? wire::AgreeFrom::past : wire::AgreeFrom::now;
        CHATMCP_TRY_VOID(
            run_to_end(session, client::InviteAssistant{chat, key, scopes, until, from}));
        CHATMCP_TRY(const auto report, report_of_chat(home, chat));
        context.output.line(
            {{"chat", hex(chat)},
             {"companion", report.companion ? Json(hex(*report.companion)) : Json(nullptr)},
             {"assistant", hex(key)},
             {"grant", report.grant_digest ? Json(hex(*report.grant_digest)) : Json(nullptr)},
             {"measurement", hex(report.measurement)},
             {"scopes", scopes_json(scopes)},
             {"until_ms", until.value}},
            "invited; the others see the announcement");
        return ExitCode::done;
    }

  private:
    std::string chat_;
    std::string assistant_;
    std::vector<std::string> scopes_;
    std::string until_;
    bool past_ = false;
};

class AssistantAgree final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "assistant agree"; }
    [[nodiscard]] std::string summary() const override {
        return "let the assistant read your own words, from now on";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "companion", "from", "copied"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("CHAT", chat_)->required();
        app.add_flag("--past", past_, "your past words too");
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY_VOID(session.synchronise(chat));
        const auto from = past_ ? wire::AgreeFrom::past : wire::AgreeFrom::now;
        CHATMCP_TRY(const auto agreed, run_to_end(session, client::AgreeAssistant{chat, from}));
        context.output.line(
            {{"chat", hex(chat)},
             {"companion", agreed.companion ? Json(hex(*agreed.companion)) : Json(nullptr)},
             {"from", from_text(from)},
             {"copied", agreed.copied}},
            past_ ? "agreed, with your past words" : "agreed, from now on");
        return ExitCode::done;
    }

  private:
    std::string chat_;
    bool past_ = false;
};

class AssistantDecline final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "assistant decline"; }
    [[nodiscard]] std::string summary() const override {
        return "do not agree, and do not be asked again";
    }
    [[nodiscard]] std::vector<std::string> fields() const override { return {"chat", "companion"}; }
    void add_options(CLI::App& app) override { app.add_option("CHAT", chat_)->required(); }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY_VOID(session.run(client::DeclineAssistant{chat}));
        CHATMCP_TRY(const auto report, report_of_chat(home, chat));
        context.output.line(
            {{"chat", hex(chat)},
             {"companion", report.companion ? Json(hex(*report.companion)) : Json(nullptr)}},
            "declined: none of your words are copied");
        return ExitCode::done;
    }

  private:
    std::string chat_;
};

class AssistantRevoke final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "assistant revoke"; }
    [[nodiscard]] std::string summary() const override { return "remove the assistant"; }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "companion", "epoch", "position"};
    }
    void add_options(CLI::App& app) override { app.add_option("CHAT", chat_)->required(); }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY_VOID(session.synchronise(chat));
        CHATMCP_TRY_VOID(run_to_end(session, client::RevokeAssistant{chat}));
        CHATMCP_TRY(const auto report, report_of_chat(home, chat));
        context.output.line(
            {{"chat", hex(chat)},
             {"companion", report.companion ? Json(hex(*report.companion)) : Json(nullptr)},
             {"epoch", report.companion_epoch},
             {"position", report.companion_position}},
            "revoked");
        return ExitCode::done;
    }

  private:
    std::string chat_;
};

}  // namespace

void add_assistant_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<AssistantList>());
    commands.push_back(std::make_unique<AssistantShow>());
    commands.push_back(std::make_unique<AssistantInvite>());
    commands.push_back(std::make_unique<AssistantAgree>());
    commands.push_back(std::make_unique<AssistantDecline>());
    commands.push_back(std::make_unique<AssistantRevoke>());
}

}  // namespace chatmcp::cli
