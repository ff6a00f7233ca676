#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/lookup.h"
#include "cli/views.h"

namespace chatmcp::cli {

namespace {

class RequestsList final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "requests list"; }
    [[nodiscard]] std::string summary() const override {
        return "conversations that others invited you to";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "inviter", "members", "title", "received_ms"};
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
            if (chat.state != client::ChatState::request) {
                continue;
            }
            CHATMCP_TRY(const auto members,
                        (look<std::vector<client::MemberView>>(
                            home, [&](client::Client& client, Transaction& transaction) {
                                return client.members(transaction, chat.chat);
                            })));
            Json addresses = Json::array();
            for (const client::MemberView& member : members) {
                addresses.push_back(address_of(member.account));
            }
            const std::string inviter = address_of(chat.inviter.value_or(""));
            context.output.line({{"chat", hex(chat.chat)},
                                 {"inviter", inviter},
                                 {"members", std::move(addresses)},
                                 {"title", chat.title},
                                 {"received_ms", chat.received_at.value}},
                                hex(chat.chat).substr(0, 12) + "  from " + inviter + ", " +
                                    std::to_string(members.size()) +
                                    " members: " + printable(chat.title));
        }
        return ExitCode::done;
    }
};

/// `requests accept` and `requests block` differ only in the command that they give.
class RequestsDecide final : public Command {
  public:
    explicit RequestsDecide(bool accept) : accept_(accept) {}
    [[nodiscard]] std::string name() const override {
        return accept_ ? "requests accept" : "requests block";
    }
    [[nodiscard]] std::string summary() const override {
        return accept_ ? "join the conversation: see it, and be able to write"
                       : "decline, and refuse the inviter from now on";
    }
    [[nodiscard]] std::vector<std::string> fields() const override { return {"chat", "state"}; }
    void add_options(CLI::App& app) override { app.add_option("CHAT", chat_)->required(); }
    Result<ExitCode> run(const Context& context) override {
        return run_on_chat(context, chat_, [this](const client::ChatId& chat) -> client::Command {
            if (accept_) {
                return client::AcceptRequest{chat};
            }
            return client::BlockRequest{chat};
        });
    }

  private:
    bool accept_;
    std::string chat_;
};

}  // namespace

void add_request_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<RequestsList>());
    commands.push_back(std::make_unique<RequestsDecide>(true));
    commands.push_back(std::make_unique<RequestsDecide>(false));
}

}  // namespace chatmcp::cli
