#include <CLI/CLI.hpp>

#include "base/check.h"
#include "cli/command.h"
#include "cli/lookup.h"
#include "cli/stamp_session.h"
#include "cli/views.h"

namespace chatmcp::cli {

namespace {

Result<std::vector<identity::Caip10>> accounts_of(const std::vector<std::string>& addresses) {
    std::vector<identity::Caip10> accounts;
    for (const std::string& address : addresses) {
        if (address.find(':') == std::string::npos) {
            CHATMCP_TRY(auto account, identity::Caip10::from_solana_address(address));
            accounts.push_back(std::move(account));
        } else {
            CHATMCP_TRY(auto account, identity::Caip10::parse(address));
            accounts.push_back(std::move(account));
        }
    }
    return accounts;
}

Json member_addresses(const std::vector<client::MemberView>& members) {
    Json list = Json::array();
    for (const client::MemberView& member : members) {
        list.push_back(address_of(member.account));
    }
    return list;
}

Json missing_of(const client::IntentView& intent) {
    Json list = Json::array();
    for (const client::Missing& each : intent.missing) {
        list.push_back({{"address", each.account.address()}, {"reason", each.reason.check}});
    }
    return list;
}

Result<std::vector<client::MemberView>> members_of(Home& home, const client::ChatId& chat) {
    return look<std::vector<client::MemberView>>(
        home, [&](client::Client& client, Transaction& transaction) {
            return client.members(transaction, chat);
        });
}

std::string missing_text(const client::IntentView& intent) {
    std::string text;
    for (const client::Missing& each : intent.missing) {
        text += "\nnot added: " + std::string(each.account.address()) + " (" +
                std::string(errc_name(each.reason.code)) + ", " + each.reason.check + ")";
    }
    return text;
}

class ChatNew final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chat new"; }
    [[nodiscard]] std::string summary() const override {
        return "start a conversation with wallet addresses";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "title", "members", "missing"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("ADDRESS", addresses_, "wallet addresses of the others");
        app.add_option("--title", title_, "what members see as its name")->type_name("TEXT");
        app.add_flag("--public-handshakes",
                     public_handshakes_,
                     "let the relay see who is in it, and refuse changes that would break it");
        wallet_.add_to(app);
        wallet_.add_limit_to(app);
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(auto accounts, accounts_of(addresses_));
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY(
            const auto intent,
            run_invitation(context,
                           home,
                           session,
                           client::CreateChat{title_, std::move(accounts), public_handshakes_},
                           wallet_));
        CHATMCP_CHECK(intent.chat.has_value());
        const client::ChatId& chat = *intent.chat;
        CHATMCP_TRY(const auto members, members_of(home, chat));
        context.output.line({{"chat", hex(chat)},
                             {"title", title_},
                             {"members", member_addresses(members)},
                             {"missing", missing_of(intent)}},
                            "chat " + hex(chat) + missing_text(intent));
        return ExitCode::done;
    }

  private:
    std::vector<std::string> addresses_;
    std::string title_;
    bool public_handshakes_ = false;
    OptionalWallet wallet_;
};

class ChatAdd final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chat add"; }
    [[nodiscard]] std::string summary() const override { return "add people to a conversation"; }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "members", "missing"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("CHAT", chat_)->required();
        app.add_option("ADDRESS", addresses_)->required();
        wallet_.add_to(app);
        wallet_.add_limit_to(app);
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(auto accounts, accounts_of(addresses_));
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY(
            const auto intent,
            run_invitation(
                context, home, session, client::AddMembers{chat, std::move(accounts)}, wallet_));
        CHATMCP_TRY(const auto members, members_of(home, chat));
        context.output.line({{"chat", hex(chat)},
                             {"members", member_addresses(members)},
                             {"missing", missing_of(intent)}},
                            std::to_string(members.size()) + " members" + missing_text(intent));
        return intent.missing.empty() ? ExitCode::done : ExitCode::refused;
    }

  private:
    std::string chat_;
    std::vector<std::string> addresses_;
    OptionalWallet wallet_;
};

class ChatList final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chat list"; }
    [[nodiscard]] std::string summary() const override { return "all conversations"; }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "title", "state", "epoch", "members", "unread", "last_position", "reason"};
    }
    void add_options(CLI::App&) override {}
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY_VOID(session.synchronise());
        CHATMCP_TRY(const auto chats,
                    (look<std::vector<client::ChatSummary>>(
                        home, [](client::Client& client, Transaction& transaction) {
                            return client.chats(transaction);
                        })));
        for (const client::ChatSummary& chat : chats) {
            context.output.line({{"chat", hex(chat.chat)},
                                 {"title", chat.title},
                                 {"state", chat_state_text(chat)},
                                 {"epoch", chat.epoch},
                                 {"members", chat.members},
                                 {"unread", chat.unread},
                                 {"last_position", chat.last_position},
                                 {"reason", reason_json(chat.reason)}},
                                hex(chat.chat).substr(0, 12) + "  " + chat_state_text(chat) + "  " +
                                    printable(chat.title) + "  " + std::to_string(chat.members) +
                                    " members, " + std::to_string(chat.unread) + " unread");
        }
        return ExitCode::done;
    }
};

class ChatShow final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chat show"; }
    [[nodiscard]] std::string summary() const override { return "one conversation's state"; }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat",
                "title",
                "state",
                "epoch",
                "topic",
                "sequencer",
                "handshakes",
                "epoch_authenticator",
                "admins",
                "members",
                "pending",
                "gaps",
                "reason",
                "assistant",
                "predecessor",
                "successor"};
    }
    void add_options(CLI::App& app) override { app.add_option("CHAT", chat_)->required(); }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY_VOID(session.synchronise(chat));
        CHATMCP_TRY(
            const auto view,
            (look<client::ChatView>(home, [&](client::Client& client, Transaction& transaction) {
                return client.chat(transaction, chat);
            })));
        const Json object = chat_json(view);
        context.output.line(object, lines_of(object));
        return ExitCode::done;
    }

  private:
    std::string chat_;
};

class ChatMembers final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chat members"; }
    [[nodiscard]] std::string summary() const override { return "who is in a conversation"; }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"address", "account", "state", "admin", "self", "agent"};
    }
    void add_options(CLI::App& app) override { app.add_option("CHAT", chat_)->required(); }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY_VOID(session.synchronise(chat));
        CHATMCP_TRY(const auto members, members_of(home, chat));
        for (const client::MemberView& member : members) {
            context.output.line(
                {{"address", address_of(member.account)},
                 {"account", member.account},
                 {"state", member_state_text(member.state)},
                 {"admin", member.admin},
                 {"self", member.self},
                 {"agent", member.agent}},
                address_of(member.account) + "  " + member_state_text(member.state) +
                    (member.admin ? "  admin" : "") + (member.self ? "  (you)" : "") +
                    (member.agent ? "  assistant" : ""));
        }
        return ExitCode::done;
    }

  private:
    std::string chat_;
};

class ChatRemove final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chat remove"; }
    [[nodiscard]] std::string summary() const override {
        return "remove a person from a conversation";
    }
    [[nodiscard]] std::vector<std::string> fields() const override { return {"chat", "removed"}; }
    void add_options(CLI::App& app) override {
        app.add_option("CHAT", chat_)->required();
        app.add_option("ADDRESS", address_)->required();
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(const auto accounts, accounts_of({address_}));
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY_VOID(run_to_end(session, client::RemoveMember{chat, accounts.front()}));
        context.output.line({{"chat", hex(chat)}, {"removed", address_}}, "removed " + address_);
        return ExitCode::done;
    }

  private:
    std::string chat_;
    std::string address_;
};

class ChatLeave final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chat leave"; }
    [[nodiscard]] std::string summary() const override { return "leave a conversation"; }
    [[nodiscard]] std::vector<std::string> fields() const override { return {"chat", "state"}; }
    void add_options(CLI::App& app) override { app.add_option("CHAT", chat_)->required(); }
    Result<ExitCode> run(const Context& context) override {
        return run_on_chat(
            context, chat_, [](const client::ChatId& chat) { return client::LeaveChat{chat}; });
    }

  private:
    std::string chat_;
};

class ChatRepair final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chat repair"; }
    [[nodiscard]] std::string summary() const override {
        return "start a conversation in place of one that is broken or lost";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "predecessor", "members", "missing"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("CHAT", chat_)->required();
        app.add_option("--without", without_, "leave this member out; may be repeated")
            ->type_name("ADDRESS");
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(auto without, accounts_of(without_));
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY(const auto intent,
                    run_to_end(session, client::RepairChat{chat, std::move(without)}));
        CHATMCP_CHECK(intent.chat.has_value());
        CHATMCP_TRY(const auto members, members_of(home, *intent.chat));
        context.output.line(
            {{"chat", hex(*intent.chat)},
             {"predecessor", hex(chat)},
             {"members", member_addresses(members)},
             {"missing", missing_of(intent)}},
            "chat " + hex(*intent.chat) + " continues " + hex(chat) + missing_text(intent));
        return intent.missing.empty() ? ExitCode::done : ExitCode::refused;
    }

  private:
    std::string chat_;
    std::vector<std::string> without_;
};

class ChatEpochs final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "chat epochs"; }
    [[nodiscard]] std::string summary() const override {
        return "authenticators of a conversation's epochs, to compare with another member's";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "epoch", "epoch_authenticator", "position", "accepted_ms"};
    }
    void add_options(CLI::App& app) override { app.add_option("CHAT", chat_)->required(); }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY_VOID(session.synchronise(chat));
        CHATMCP_TRY(const auto epochs,
                    (look<std::vector<client::EpochView>>(
                        home, [&](client::Client& client, Transaction& transaction) {
                            return client.epochs(transaction, chat);
                        })));
        for (const client::EpochView& epoch : epochs) {
            context.output.line({{"chat", hex(chat)},
                                 {"epoch", epoch.epoch},
                                 {"epoch_authenticator", hex(epoch.authenticator)},
                                 {"position", epoch.position},
                                 {"accepted_ms", epoch.accepted_at.value}},
                                std::to_string(epoch.epoch) + "  " + hex(epoch.authenticator));
        }
        return ExitCode::done;
    }

  private:
    std::string chat_;
};

}  // namespace

void add_chat_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<ChatNew>());
    commands.push_back(std::make_unique<ChatAdd>());
    commands.push_back(std::make_unique<ChatList>());
    commands.push_back(std::make_unique<ChatShow>());
    commands.push_back(std::make_unique<ChatMembers>());
    commands.push_back(std::make_unique<ChatRemove>());
    commands.push_back(std::make_unique<ChatLeave>());
    commands.push_back(std::make_unique<ChatRepair>());
    commands.push_back(std::make_unique<ChatEpochs>());
}

}  // namespace chatmcp::cli
