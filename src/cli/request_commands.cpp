#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/lookup.h"
#include "cli/stamp_session.h"
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
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "state", "stamps_waiting", "transactions"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("CHAT", chat_)->required();
        wallet_.add_to(app);
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto id, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY(const std::string state, decide(home, session, id));
        if (accept_) {
            CHATMCP_TRY_VOID(give_token(context, home, session, id));
        }
        StampsAnswered answered;
        if (!wallet_.file.empty()) {
            CHATMCP_TRY(answered, answer_stamps(context, home, session, wallet_));
        }
        CHATMCP_TRY(const auto stamps, received_stamps(home));
        const auto waiting =
            static_cast<std::size_t>(std::ranges::count_if(stamps, [](const auto& stamp) {
                return stamp.state != client::ReceivedStampState::open;
            }));
        const std::size_t unsubmitted =
            waiting - std::min(waiting, answered.accepted + answered.rejected);
        if (unsubmitted > 0) {
            context.output.note(
                "a stamp came with it: `chatmcp stamp answer --wallet FILE` tells "
                "the chain what you decided");
        }
        context.output.line({{"chat", hex(id)},
                             {"state", state},
                             {"stamps_waiting", unsubmitted},
                             {"transactions", answered.transactions}},
                            state);
        return ExitCode::done;
    }

  private:
    Result<std::string> decide(Home& home, Session& session, const client::ChatId& id) const {
        client::Command command = client::BlockRequest{id};
        if (accept_) {
            command = client::AcceptRequest{id};
        }
        CHATMCP_TRY(const auto decided, session.run(std::move(command)));
        if (decided && decided->state == client::IntentState::refused) {
            return refused_as(decided->reason.value_or(client::Reason{}));
        }
        CHATMCP_TRY(
            const auto view,
            look<client::ChatView>(home, [&](client::Client& client, Transaction& transaction) {
                return client.chat(transaction, id);
            }));
        return chat_state_text(view.summary);
    }

    // Whoever was accepted is a contact from now on, who needs no stamp.
    static Result<void> give_token(const Context& context,
                                   Home& home,
                                   Session& session,
                                   const client::ChatId& id) {
        CHATMCP_TRY(const auto settings,
                    look<client::StampSettingsView>(
                        home, [](client::Client& client, Transaction& transaction) {
                            return client.stamp_settings(transaction);
                        }));
        if (settings.wanted && !session.synchronise(id).has_value()) {
            context.output.note("they learn that they need no stamp when your relay is back");
        }
        return {};
    }

    bool accept_;
    std::string chat_;
    OptionalWallet wallet_;
};

}  // namespace

void add_request_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<RequestsList>());
    commands.push_back(std::make_unique<RequestsDecide>(true));
    commands.push_back(std::make_unique<RequestsDecide>(false));
}

}  // namespace chatmcp::cli
